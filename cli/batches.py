"""``xsender batch``: watching and steering large requests, whoever sent them."""

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from cli.options import AsJson, uuid
from cli.output import emit
from cli.session import Session, run, temporal
from domain.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from temporalio.client import Client

    from cli.batch_bar import BatchBar, Look
    from domain.batches.progress import Doing, Tally
    from store.batches.queries import Batch

app = typer.Typer(help="Large requests on their way.", no_args_is_help=True)

_LOOK_EVERY = 0.5
_INTERRUPTED = 130

BatchUid = Annotated[str, typer.Argument(metavar="UID", help="The batch's uid, as 'xsender batch list' shows it.")]


@app.command("list")
def list_batches(
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the newest batches of all users, newest first."""
    from store.batches.queries import newest

    async def work(session: Session) -> list[dict[str, Any]]:
        return [_head(batch) for batch in await newest(session.pool, limit)]

    emit(run(work), as_json)


@app.command()
def watch(uid: BatchUid, as_json: AsJson = False) -> None:
    """Show how a batch comes along until it has ended. Ctrl-C stops watching, not the batch."""
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
    """Start no more of a batch; what is on its way to a gateway gets its outcome."""
    _steer(uid, "pause", as_json)


@app.command()
def resume(uid: BatchUid, as_json: AsJson = False) -> None:
    """Go on with a paused batch."""
    _steer(uid, "resume", as_json)


@app.command()
def cancel(uid: BatchUid, as_json: AsJson = False) -> None:
    """Cancel what a batch has not sent, and release its credits."""
    _steer(uid, "cancel", as_json)


def _steer(uid: str, kind: Literal["pause", "resume", "cancel"], as_json: bool) -> None:
    """Have a batch's workflow change it, and show the batch afterwards."""
    from uuid import uuid4

    from domain.batches.batch import BatchChange
    from domain.batches.progress import ENDED
    from domain.ids import batch_workflow_id
    from services.workflow_calls import ChangeRefused, change_workflow

    batch_id = uuid(uid, "UID")
    too_late = ConflictError("batch_ended", f"The batch {batch_id} has ended, or is being cancelled.")

    async def work(session: Session) -> dict[str, Any]:
        if (await _find(session, batch_id)).state in ENDED:
            raise too_late
        try:
            await change_workflow(
                await temporal(session.settings), batch_workflow_id(batch_id), BatchChange(str(uuid4()), kind)
            )
        except ChangeRefused:
            raise too_late from None
        return _head(await _find(session, batch_id))

    emit(run(work), as_json)


async def _watch(session: Session, batch_id: UUID, bar: "BatchBar") -> "Look":
    import asyncio

    from cli.batch_bar import Look
    from domain.batches.progress import ENDED, Doing
    from store.batches.queries import tally

    client: Client | None = None
    while True:
        batch = await _find(session, batch_id)
        counted = await tally(session.pool, batch_id)
        if batch.state in ENDED:
            last = Look(batch, counted, Doing(batch.state))
            bar.show(last)
            return last
        client = client or await temporal(session.settings)
        bar.show(Look(batch, counted, await _doing(client, batch, counted)))
        await asyncio.sleep(_LOOK_EVERY)


async def _doing(client: "Client", batch: "Batch", counted: "Tally") -> "Doing":
    from domain.batches.progress import Doing, doing_unheard
    from services.workflow_calls import WorkflowUnresponsive, query_batch

    try:
        return await query_batch(client, batch.id) or Doing(batch.state)
    except WorkflowUnresponsive:
        return doing_unheard(batch.state, counted)


async def _find(session: Session, batch_id: UUID) -> "Batch":
    from store.batches.queries import find

    batch = await find(session.pool, batch_id)
    if batch is None:
        raise NotFoundError("batch_not_found", f"There is no batch {batch_id}: 'xsender batch list' shows them.")
    return batch


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
