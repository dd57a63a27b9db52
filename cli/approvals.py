"""``xsender approval``: what a second person must approve, and what waits for that."""

from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import emit
from cli.session import Session, run, run_change
from domain.access.approvals import ApprovalKind, ApprovalState

app = typer.Typer(help="Changes that a second person must approve.", no_args_is_help=True)

ApprovalId = Annotated[int, typer.Argument(metavar="APPROVAL_ID", min=1, help="As 'xsender approval list' shows it.")]

_LAST = 2**63 - 1


@app.command("list")
def list_approvals(
    state: Annotated[ApprovalState | None, typer.Option("--state")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List what waits for approval, the newest first, and what was decided."""
    from store.access import approvals

    emit(run(lambda session: approvals.page(session.pool, state, _LAST, limit)), as_json)


@app.command()
def approve(approval: ApprovalId, as_json: AsJson = False) -> None:
    """Let a batch begin. Other changes are approved over HTTP, or made on the machine by their own command."""
    from services.access.approvals import approve_batch

    emit(run_change("approval.approved", lambda made: approve_batch(made, approval)), as_json)


@app.command()
def deny(approval: ApprovalId, reason: Annotated[str, typer.Option("--reason")] = "", as_json: AsJson = False) -> None:
    """Deny a change. A batch is cancelled."""
    from services.access import approvals

    emit(run_change("approval.denied", lambda made: approvals.deny(made, approval, reason)), as_json)


@app.command()
def policies(as_json: AsJson = False) -> None:
    """List which kinds of changes need approval."""
    from store.access import approvals

    async def work(session: Session) -> list[approvals.Policy]:
        return await approvals.policies(session.pool)

    emit(run(work), as_json)


@app.command()
def require(
    kind: Annotated[ApprovalKind, typer.Argument()],
    above: Annotated[int, typer.Option("--above", min=0, help="Credits; of top_up and batch.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Have a kind of change need approval, when it is made over HTTP."""
    from services.access.approvals import put_policy

    emit(run_change("policy.updated", lambda made: put_policy(made, kind, above)), as_json)


@app.command("stop-requiring")
def stop_requiring(kind: Annotated[ApprovalKind, typer.Argument()], as_json: AsJson = False) -> None:
    """Have a kind of change need no approval any more."""
    from services.access.approvals import delete_policy

    run_change("policy.deleted", lambda made: delete_policy(made, kind))
    emit({"kind": kind, "needed": False}, as_json)
