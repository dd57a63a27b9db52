"""``xsender workflows``: those that failed or hang by a bug, and what is done with many of them at a time."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.deploys import length
from cli.options import AsJson, words
from cli.output import emit
from cli.session import Session, load, run, run_connected_change, temporal

if TYPE_CHECKING:
    from services.changes import Change
    from services.workflows.acting import Acted
    from services.workflows.planning import Act
    from services.workflows.progress import Progress
    from services.workflows.wanted import Wanted

app = typer.Typer(help="Workflows that failed or hang by a bug: see docs/workflows.md.", no_args_is_help=True)

_LOOK_EVERY = 0.2

_Type = Annotated[str | None, typer.Option("--type", help="Such as SendWorkflow.")]
_Id = Annotated[str | None, typer.Option("--id", metavar="ID", help="Only this workflow.")]
_Channel = Annotated[str | None, typer.Option("--channel")]
_Lane = Annotated[str | None, typer.Option("--lane", help="Such as transactional, bulk or leads.")]
_Account = Annotated[
    str | None, typer.Option("--account", metavar="ID", help="0: the admin; shared: pages with messages of several.")
]
_Outcome = Annotated[str | None, typer.Option("--outcome", help="expired, failed, unknown or parked.")]
_Status = Annotated[str | None, typer.Option("--status", help="One or more, e.g. failed,stuck.")]
_Older = Annotated[str | None, typer.Option("--older-than", metavar="TIME", help="Started before, such as 2h or 7d.")]
_Reason = Annotated[str, typer.Option("--reason", help="Kept with the workflows, and in the audit log.")]
_Apply = Annotated[bool, typer.Option("--apply", help="Do it. Without it, only what would be done is told.")]
_Wait = Annotated[bool, typer.Option("--wait", help="Wait until it is done with all of them.")]
_Job = Annotated[str, typer.Argument(metavar="JOB", help="As it was told when it began.")]


@app.command("list")
def list_workflows(
    type_: _Type = None,
    channel: _Channel = None,
    lane: _Lane = None,
    account: _Account = None,
    outcome: _Outcome = None,
    status: _Status = None,
    older_than: _Older = None,
    id_: _Id = None,
    limit: Annotated[int, typer.Option("--limit", min=0, max=10_000, help="How many rows.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Count workflows by type and status, and list the newest: those that run, failed or timed out; by an outcome also
    those that completed."""
    import asyncio

    from services.workflows.finding import Found, find

    wanted = _wanted(type_, channel, lane, account, outcome, status, older_than, id_)

    async def work() -> Found:
        return await find(await temporal(load()), wanted, limit)

    found = asyncio.run(work())
    if as_json:
        emit({"counts": [asdict(one) for one in found.counts], "workflows": found.rows}, as_json)
        return
    emit(found.counts, as_json)
    if found.rows:
        emit(found.rows, as_json)


@app.command()
def reset(
    type_: _Type = None,
    channel: _Channel = None,
    lane: _Lane = None,
    account: _Account = None,
    outcome: _Outcome = None,
    status: _Status = None,
    older_than: _Older = None,
    id_: _Id = None,
    reason: _Reason = "",
    apply: _Apply = False,
    wait: _Wait = False,
    as_json: AsJson = False,
) -> None:
    """Have workflows that failed, timed out or are stuck go on from their last task before that."""
    wanted = _wanted(type_, channel, lane, account, outcome, status, older_than, id_)
    _act("reset", wanted, reason, None, apply=apply, wait=wait, as_json=as_json)


@app.command()
def terminate(
    type_: _Type = None,
    channel: _Channel = None,
    lane: _Lane = None,
    account: _Account = None,
    outcome: _Outcome = None,
    status: _Status = None,
    older_than: _Older = None,
    id_: _Id = None,
    reason: _Reason = "",
    apply: _Apply = False,
    wait: _Wait = False,
    as_json: AsJson = False,
) -> None:
    """End workflows at once. What that means for their messages is told first."""
    wanted = _wanted(type_, channel, lane, account, outcome, status, older_than, id_)
    _act("terminate", wanted, reason, None, apply=apply, wait=wait, as_json=as_json)


@app.command()
def signal(
    name: Annotated[str, typer.Argument(metavar="SIGNAL", help="One without a value, such as wake or resume.")],
    type_: _Type = None,
    channel: _Channel = None,
    lane: _Lane = None,
    account: _Account = None,
    outcome: _Outcome = None,
    status: _Status = None,
    older_than: _Older = None,
    id_: _Id = None,
    reason: _Reason = "",
    apply: _Apply = False,
    wait: _Wait = False,
    as_json: AsJson = False,
) -> None:
    """Send a signal to workflows that run."""
    wanted = _wanted(type_, channel, lane, account, outcome, status, older_than, id_)
    _act("signal", wanted, reason, name, apply=apply, wait=wait, as_json=as_json)


@app.command()
def progress(job: _Job, as_json: AsJson = False) -> None:
    """Show how far one of these is."""
    import asyncio

    from services.workflows.progress import Progress, progress

    async def work() -> Progress:
        return await progress(await temporal(load()), job)

    emit(asyncio.run(work()), as_json)


@app.command()
def stop(job: _Job, reason: _Reason = "stopped by an operator", as_json: AsJson = False) -> None:
    """End one of these. What it has done stays."""
    from services.workflows.progress import progress, stop

    async def work(session: Session, made: "Change") -> "Progress":
        client = await temporal(session.settings)
        await stop(made, client, job, reason)
        return await progress(client, job)

    emit(run_connected_change("workflows.stop", work), as_json)


def _wanted(
    type_: str | None,
    channel: str | None,
    lane: str | None,
    account: str | None,
    outcome: str | None,
    status: str | None,
    older_than: str | None,
    id_: str | None,
) -> "Wanted":
    from services.workflows.wanted import Wanted

    before = datetime.now(UTC) - length(older_than, "older-than") if older_than else None
    return Wanted(type_, channel, lane, account, outcome, tuple(words(status or "")), before, id_)


def _act(
    act: "Act", wanted: "Wanted", reason: str, name: str | None, *, apply: bool, wait: bool, as_json: bool
) -> None:
    from domain.access.actors import COMMAND_LINE
    from services.workflows.acting import act_on

    async def work(session: Session) -> "tuple[Acted, Progress | None]":
        client = await temporal(session.settings)
        acted = await act_on(session.pool, COMMAND_LINE, client, act, wanted, reason, name, is_dry=not apply)
        return acted, await _ended(client, acted.job) if wait and acted.job else None

    acted, ended = run(work)
    emit(_shown(acted, ended), as_json)
    if ended is not None and (ended.state != "done" or ended.failed):
        raise typer.Exit(1)


async def _ended(client: Any, job: str) -> "Progress":
    import asyncio

    from services.workflows.progress import progress

    while True:
        found = await progress(client, job)
        if found.state != "running":
            return found
        await asyncio.sleep(_LOOK_EVERY)


def _shown(acted: "Acted", ended: "Progress | None") -> Mapping[str, Any]:
    return {
        "act": acted.act,
        "applied": acted.job is not None,
        "workflows": acted.workflows,
        "left": acted.left,
        "counts": [asdict(one) for one in acted.counts],
        "effects": acted.effects,
        "job": acted.job,
        "progress": None if ended is None else asdict(ended),
    }
