"""``xsender person``: what a user knows of a person, exported or erased."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from cli.options import AsJson, UserOption
from cli.output import emit
from cli.session import Session, run, run_change

if TYPE_CHECKING:
    from services.changes import Change
    from services.persons.naming import Named

app = typer.Typer(help="What users know of a person.", no_args_is_help=True)

Contact = Annotated[UUID | None, typer.Option("--contact", metavar="ID", help="Of the person.")]
Email = Annotated[str | None, typer.Option("--email", help="Of the person.")]
Phone = Annotated[str | None, typer.Option("--phone", help="Of the person, with country code; of WhatsApp, too.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count what there is; remove nothing.")]


@app.command()
def export(
    user: UserOption, contact: Contact = None, email: Email = None, phone: Phone = None, as_json: AsJson = False
) -> None:
    """Export all that is known of a person, as an operation: GET /api/admin/v1/operations/ID/result downloads it."""
    named = _named(contact, email, phone)

    async def work(made: "Change") -> dict[str, Any]:
        from services.persons.exporting import begin_export
        from services.persons.naming import subject_of
        from store.accounts import accounts

        await accounts.get(made.store, user)
        begun = await begin_export(made, user, await subject_of(made.store, user, named), None)
        return {"operation": str(begun.id), "state": begun.state}

    emit(run_change("person.exported", work), as_json)


@app.command()
def erase(
    user: UserOption,
    contact: Contact = None,
    email: Email = None,
    phone: Phone = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Erase all that is known of a person, as an operation. It cannot be undone: count first, with --dry-run."""
    named = _named(contact, email, phone)

    async def counted(session: Session) -> dict[str, int]:
        from services.persons.erasing import count
        from services.persons.naming import subject_of
        from store.accounts import accounts

        await accounts.get(session.pool, user)
        return await count(session.pool, user, await subject_of(session.pool, user, named))

    async def work(made: "Change") -> dict[str, Any]:
        from services.persons.erasing import begin_erasure
        from services.persons.naming import subject_of

        subject = await subject_of(made.store, user, named)
        return {"erasure": str((await begin_erasure(made, user, subject, None)).id)}

    counts = run(counted)
    emit({"counts": counts} | ({} if dry_run else run_change("person.erased", work)), as_json)


@app.command("erasures")
def list_erasures(
    user: UserOption,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List erasures with what was removed and what remains, newest first. Nothing names the persons."""
    from store.persons import erasures

    emit([asdict(one) for one in run(lambda session: erasures.page(session.pool, user, None, limit))], as_json)


def _named(contact: UUID | None, email: str | None, phone: str | None) -> "Named":
    from services.persons.naming import Named

    return Named(contact, email, phone)
