"""``xsender batch``: reading and changing batches of all users."""

import sys
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from cli.options import AfterOption, AsJson, BeforeOption, OfUser, uuid, words
from cli.output import emit
from cli.session import Session, run, run_connected_change, temporal
from domain.channels import Channel

if TYPE_CHECKING:
    from temporalio.client import Client

    from cli.batch_bar import BatchBar, Look
    from services.batches import Steering
    from services.changes import Change
    from store.batches.queries import Batch

app = typer.Typer(help="Batches: large requests.", no_args_is_help=True)

_LOOK_EVERY = 0.5
_INTERRUPTED = 130

BatchUid = Annotated[str, typer.Argument(metavar="UID", help="The batch's uid, as 'xsender batch list' shows it.")]


@app.command("list")
def list_batches(
    user: OfUser = None,
    state: Annotated[str | None, typer.Option("--state", help="One or more, e.g. running,paused.")] = None,
    channel: Annotated[Channel | None, typer.Option("--channel")] = None,
    created_after: AfterOption = None,
    created_before: BeforeOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the newest batches of all users, newest first."""
    from store.batches.queries import Filter, newest

    wanted = Filter(user, words(state or ""), channel, created_after, created_before)

    async def work(session: Session) -> list[dict[str, Any]]:
        return [_head(batch) for batch in await newest(session.pool, wanted, None, limit)]

    emit(run(work), as_json)


@app.command()
def watch(uid: BatchUid, as_json: AsJson = False) -> None:
    """Show a batch's progress until it ends. Ctrl-C stops watching, not the batch."""
    from cli.batch_bar import BatchBar

    batch_id = uuid(uid, "UID")

    async def work(session: Session) -> "Look":
        with BatchBar(shown=not as_json) as bar:
            return await _watch(session, batch_id, bar)

    try:
        last = run(work)
    except KeyboardInterrupt:
        print(f"xsender: the batch {batch_id} goes on", file=sys.stderr)
        raise typer.Exit(_INTERRUPTED) from None
    if as_json:
        tally = last.tally
        emit(_head(last.batch) | {"done": tally.done, "counts": tally.counts, "credits": tally.credits}, as_json)
    else:
        print(last.summary)


@app.command()
def pause(uid: BatchUid, as_json: AsJson = False) -> None:
    """Start no more messages of a batch; those in progress get their outcomes."""
    _change(uid, "pause", as_json)


@app.command()
def resume(uid: BatchUid, as_json: AsJson = False) -> None:
    """Resume a paused batch."""
    _change(uid, "resume", as_json)


@app.command()
def cancel(uid: BatchUid, as_json: AsJson = False) -> None:
    """Cancel the unsent messages of a batch, and release their credits."""
    _change(uid, "cancel", as_json)


def _change(uid: str, kind: "Steering", as_json: bool) -> None:
    """Have a batch's workflow apply a change, and show the changed batch."""
    from services.batches import ACTIONS, steer_batch

    batch_id = uuid(uid, "UID")

    async def work(session: Session, made: "Change") -> dict[str, Any]:
        return _head(await steer_batch(made, lambda: temporal(session.settings), batch_id, kind))

    emit(run_connected_change(ACTIONS[kind], work), as_json)


async def _watch(session: Session, batch_id: UUID, bar: "BatchBar") -> "Look":
    import asyncio

    from cli.batch_bar import Look
    from domain.batches.progress import ENDED, Doing
    from services.batches import batch_doing, find_batch, with_reason
    from store.batches.queries import tally

    client: Client | None = None
    while True:
        batch = await find_batch(session.pool, batch_id)
        counted = await tally(session.pool, batch_id)
        if batch.state in ENDED:
            last = Look(batch, counted, Doing(batch.state))
            bar.show(last)
            return last
        client = client or await temporal(session.settings)
        doing = await batch_doing(client, batch, counted)
        bar.show(Look(batch, counted, await with_reason(session.pool, batch, doing)))
        await asyncio.sleep(_LOOK_EVERY)


def _head(batch: "Batch") -> dict[str, Any]:
    return {
        "uid": batch.id,
        "user_id": batch.account_id or None,
        "email": batch.email,
        "channel": batch.channel,
        "priority": batch.lane,
        "state": batch.state,
        "total": batch.total,
        "created_at": batch.created_at,
        "finished_at": batch.finished_at,
    }
