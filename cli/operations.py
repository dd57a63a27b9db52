"""``xsender operation``: long work, with its progress."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from cli.options import AsJson, user_id, uuid
from cli.output import emit
from cli.session import Session, run, run_change
from domain.errors import InvalidError

if TYPE_CHECKING:
    from store.operations.operations import Operation

app = typer.Typer(help="Long operations.", no_args_is_help=True)

_LOOK_EVERY = 0.5
_STATES = ("queued", "running", "done", "failed", "cancelled")

OperationId = Annotated[str, typer.Argument(metavar="ID", help="As 'xsender operation list' shows it.")]


@app.command("list")
def list_operations(
    state: Annotated[str | None, typer.Option("--state", help="queued, running, done, failed or cancelled.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Such as users.bulk.")] = None,
    user: Annotated[int | None, typer.Option("--user", parser=user_id, metavar="ID")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List operations, newest first."""
    from store.operations.operations import LAST, Filter, page

    if state is not None and state not in _STATES:
        raise InvalidError("state", f"There is no state {state}: use one of {', '.join(_STATES)}.")
    wanted = Filter([state] if state else [], kind, user)  # type: ignore[list-item]

    async def work(session: Session) -> list[dict[str, Any]]:
        return [_shown(operation) for operation in await page(session.pool, wanted, LAST, limit)]

    emit(run(work), as_json)


@app.command()
def show(operation: OperationId, as_json: AsJson = False) -> None:
    """Show an operation: how far it is, what failed, what came of it."""
    from services.operations.changing import find_operation

    operation_id = uuid(operation, "ID")
    emit(_shown(run(lambda session: find_operation(session.pool, operation_id))), as_json)


@app.command()
def cancel(operation: OperationId, as_json: AsJson = False) -> None:
    """End an operation. What it has done stays."""
    from services.operations.changing import cancel_operation

    operation_id = uuid(operation, "ID")
    emit(_shown(run_change("operation.cancelled", lambda made: cancel_operation(made, operation_id))), as_json)


@app.command()
def wait(operation: OperationId, as_json: AsJson = False) -> None:
    """Wait until an operation has ended. The exit code is 1 unless it is done."""
    shown_end(uuid(operation, "ID"), as_json)


def shown_end(operation_id: UUID, as_json: bool) -> None:
    """Wait until an operation has ended, and print it.

    Raises:
        typer.Exit: it is not done.
    """
    ended = run(lambda session: _ended(session, operation_id))
    emit(_shown(ended), as_json)
    if ended.state != "done":
        raise typer.Exit(1)


async def _ended(session: Session, operation_id: UUID) -> "Operation":
    import asyncio

    from services.operations.changing import ENDED, find_operation

    while True:
        found = await find_operation(session.pool, operation_id)
        if found.state in ENDED:
            return found
        await asyncio.sleep(_LOOK_EVERY)


def _shown(operation: "Operation") -> dict[str, Any]:
    return {
        "id": operation.id,
        "kind": operation.kind,
        "state": operation.state,
        "user_id": operation.account_id,
        "done": operation.done,
        "total": operation.total,
        "failed": operation.failed,
        "errors": operation.errors,
        "result": operation.result,
        "created_at": operation.created_at,
        "finished_at": operation.finished_at,
    }
