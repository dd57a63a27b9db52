"""``xsender audit``: who changed what."""

from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import emit
from cli.session import run

app = typer.Typer(help="The audit log of what staff and commands changed.", no_args_is_help=True)


@app.command("list")
def list_events(
    target: Annotated[str | None, typer.Option("--target", help="E.g. user:7.")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="E.g. staff:3.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the latest events, the newest first."""
    from store.accounts.audit import Filter, page

    wanted = Filter(target=target, actor=actor)
    emit(run(lambda session: page(session.pool, wanted, 2**63 - 1, limit)), as_json)


@app.command()
def verify(as_json: AsJson = False) -> None:
    """Compute all hashes again. The exit code is 1 if an event was changed or removed."""
    from store.accounts.audit import verify

    verdict = run(lambda session: verify(session.pool))
    emit(verdict, as_json)
    if verdict.first_wrong is not None:
        raise typer.Exit(1)
