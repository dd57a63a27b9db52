"""``xsender audit``: who changed what."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson
from cli.output import emit
from cli.session import Session, run

if TYPE_CHECKING:
    from store.access.audit import Event

app = typer.Typer(help="The audit log of what staff and commands changed.", no_args_is_help=True)


@app.command("list")
def list_events(
    target: Annotated[str | None, typer.Option("--target", help="E.g. user:7.")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="E.g. staff:3.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the latest events, the newest first."""
    from store.access.audit import Filter, page

    wanted = Filter(target=target, actor=actor)
    events = run(lambda session: page(session.pool, wanted, 2**63 - 1, limit))
    emit([_full(event) if as_json else _brief(event) for event in events], as_json)


def _full(event: "Event") -> dict[str, Any]:
    return {"id": event.id, "occurred_at": event.at, "action": event.action, "outcome": event.outcome, **event.event}


def _brief(event: "Event") -> dict[str, Any]:
    said = event.event
    by = said["actor"]
    return {
        "id": event.id,
        "at": event.at,
        "who": f"{by['type']} {by['name'] or by['id']}",
        "action": event.action,
        "outcome": event.outcome,
        "to": [f"{target['type']} {target['id']} {target['name']}".strip() for target in said["targets"]],
        "changed": [change["field"] for change in said["changes"]],
        "reason": said["reason"],
    }


@app.command()
def export(
    after: Annotated[int, typer.Option("--after", min=0, help="Only events with larger ids.")] = 0,
) -> None:
    """Write the events as lines of JSON, the oldest first."""
    import orjson

    from store.access.audit import as_told, oldest

    async def work(session: Session) -> None:
        last = after
        while events := await oldest(session.pool, last, 500):
            for event in events:
                typer.echo(orjson.dumps(as_told(event), option=orjson.OPT_UTC_Z))
            last = events[-1].id

    run(work)


@app.command()
def verify(as_json: AsJson = False) -> None:
    """Compute all hashes again. The exit code is 1 if an event was changed or removed."""
    from store.access.audit import verify

    verdict = run(lambda session: verify(session.pool))
    emit(verdict, as_json)
    if verdict.first_wrong is not None:
        raise typer.Exit(1)
