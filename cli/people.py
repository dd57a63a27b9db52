"""What commands do for people who log in: links, sessions, and the first owner."""

from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import emit
from cli.session import run, run_change
from domain.errors import NotFoundError

session = typer.Typer(help="Sessions of staff and users who have logged in.", no_args_is_help=True)

_MOST = 1000


def add_to(app: typer.Typer) -> None:
    """Add ``setup-token`` at the top level."""
    app.command("setup-token")(setup_token)


def setup_token(as_json: AsJson = False) -> None:
    """Print a token that makes the first owner, once, within a day: POST /api/auth/setup."""
    from services.access.first_owner import issue_setup_token

    emit({"token": run_change("setup_token.issued", issue_setup_token)}, as_json)


def invite_person(kind: str, person_id: int, as_json: bool) -> None:
    """Print a token with which somebody sets a password, also who has one."""
    from domain.access.people import Person, PersonKind
    from services.access.passwords import invite

    person = Person(PersonKind(kind), person_id)
    token = run_change(f"{kind}.invited", lambda made: invite(made, person, again=True))
    emit({"id": person_id, "token": token}, as_json)


@session.command("list")
def list_sessions(
    staff: Annotated[int | None, typer.Option("--staff", min=1, metavar="ID", help="Only of this member.")] = None,
    user: Annotated[int | None, typer.Option("--user", min=1, metavar="ID", help="Only of this user.")] = None,
    as_json: AsJson = False,
) -> None:
    """List sessions that have not ended, the newest first."""
    from domain.access.people import Person, PersonKind
    from store.access import sessions

    if staff is not None or user is not None:
        kind = PersonKind.USER if staff is None else PersonKind.STAFF
        person = Person(kind, staff or user or 0)
        emit(run(lambda session: sessions.of_person(session.pool, person)), as_json)
    else:
        emit(run(lambda session: sessions.latest(session.pool, _MOST)), as_json)


@session.command("end")
def end_session(
    session_id: Annotated[str, typer.Argument(metavar="SESSION_ID", help="As 'xsender session list' shows it.")],
    as_json: AsJson = False,
) -> None:
    """End a session, in every process at once."""
    from services.changes import Change
    from store.access import sessions

    async def end(made: Change) -> None:
        person = await sessions.end(made.store, session_id)
        if person is None:
            raise NotFoundError("session_not_found", f"There is no session {session_id}.")
        made.about(person.kind, person.id)
        made.metadata["session_id"] = session_id

    run_change("session.ended", end)
    emit({"id": session_id, "ended": True}, as_json)
