"""What people do with single runs: they have one go on elsewhere, pass over the step in which it waits, end it, or try
it again.

Each locks the run, as whoever takes its steps does: so it happens before a step or after it, never within, and the
answer says where the run is.
"""

from dataclasses import replace
from uuid import UUID

from domain.errors import ConflictError, InvalidError, NotFoundError
from services.automations.flows import Flows, Published
from services.automations.publishing.moving import Landed, Moves
from services.changes import Change
from store.automations import runs, waking
from store.automations.runs import Looked, Run, StepTaken


async def end(change: Change, account_id: int, run_id: UUID) -> Run:
    """Have a run end when it is looked at next.

    Raises:
        NotFoundError: the account has no such run.
        ConflictError: it has ended.
    """
    looked = await _locked(change, account_id, run_id)
    if not await waking.leave(change.store, run_id, "by_hand"):
        raise _ended(looked.run)
    return looked.run


async def retry(change: Change, account_id: int, run_id: UUID) -> Run:
    """Have a run that failed go on at its step.

    Raises:
        NotFoundError: the account has no such run.
        ConflictError: it did not fail; its contact has entered again.
    """
    await _locked(change, account_id, run_id)
    if not await waking.reopen(change.store, run_id):
        raise ConflictError("run_not_failed", "this run did not fail: only those that did can be tried again")
    return (await _locked(change, account_id, run_id)).run


async def move(change: Change, flows: Flows, account_id: int, run_id: UUID, step: str, from_: str | None) -> Run:
    """Have a run, also one that failed, go on at a step of its version. ``from_``: only if it is at this one.

    Raises:
        NotFoundError: the account has no such run.
        InvalidError: its version has no such step.
        ConflictError: it has ended, or is at another step; its contact has entered again.
    """
    looked = await _locked(change, account_id, run_id)
    if looked.run.state == "failed":
        await waking.reopen(change.store, run_id)
        looked = await _locked(change, account_id, run_id)
    landed, of = await _inside(change, flows, looked, from_)
    if step not in of.tree.places:
        message = (
            f"version {landed.looked.run.version} of the automation, which this run is in, has no step {step[:64]!r}"
        )
        raise InvalidError("step_unknown", message, "/step")
    return await _go_on(change, landed, of, step, {"result": "moved_by_hand", "to": step})


async def skip(change: Change, flows: Flows, account_id: int, run_id: UUID, step: str | None) -> Run:
    """Have a run go on behind the step in which it waits, with all arms of it. ``step``: only if it is this one.

    Raises:
        NotFoundError: the account has no such run.
        ConflictError: it has ended, is at another step, or does not wait.
    """
    landed, of = await _inside(change, flows, await _locked(change, account_id, run_id), step)
    run = landed.looked.run
    if run.state != "waiting" or run.step is None:
        raise ConflictError("run_not_waiting", "this run does not wait in a step now: look again, or move it")
    return await _go_on(change, landed, of, of.tree.after(run.step), {"result": "skipped"})


async def _locked(change: Change, account_id: int, run_id: UUID) -> Looked:
    found = await runs.look(change.store, [run_id])
    if not found or found[0].run.account_id != account_id:
        raise NotFoundError("run_not_found", f"there is no run {run_id}")
    change.about("run", run_id)
    return found[0]


async def _inside(change: Change, flows: Flows, looked: Looked, at: str | None) -> tuple[Landed, Published]:
    """A run that has not ended, in the version that it belongs to by now."""
    if looked.run.ended_at is not None or looked.run.to_end is not None:
        raise _ended(looked.run)
    landed = await Moves(flows).landed(change.store, looked)
    if landed.ends is not None:
        raise _ended(looked.run)
    run = landed.looked.run
    of = await flows.of(change.store, run.automation_id, run.version, landed.looked.revision)
    here = run.step or of.tree.first()
    if at not in (None, here):
        raise ConflictError("run_elsewhere", f"this run is at {here!r} by now, in version {run.version}")
    return landed, of


async def _go_on(change: Change, landed: Landed, of: Published, step: str | None, told: dict[str, str]) -> Run:
    looked, run = landed.looked, landed.looked.run
    here = run.step or of.tree.first()
    noted = [*landed.noted, StepTaken(run.taken + 1, here, looked.now, told)]
    await runs.note_steps(change.store, [(run.id, step) for step in noted])
    after = replace(run, step=step or here, taken=run.taken + 1, since=None, until=looked.now, state="running")
    if step is None:
        after = replace(after, state="completed", reason="completed", until=None, ended_at=looked.now)
    await runs.write(change.store, [(after, ())])
    change.compare({"step": here}, {"step": step})
    return after


def _ended(run: Run) -> ConflictError:
    state = "about to end" if run.ended_at is None else run.state
    return ConflictError("run_ended", f"this run has ended: it is {state}")
