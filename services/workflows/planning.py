"""Which workflows an act is about, and how many: told before anything is done, and checked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.client import WorkflowExecution as Listed
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import ConflictError, InvalidError
from services.workflows.effects import SENDING, SIGNALS, effects
from services.workflows.finding import TYPES, Count, count, explained
from services.workflows.wanted import Wanted

Act = Literal["reset", "terminate", "signal"]
ACTS: tuple[Act, ...] = get_args(Act)

MOST_RESET = 1000
"""Workflows of one batch operation that names them, which a reset does: Temporal accepts no more."""
_BY_ITSELF = ("failed", "timed_out", "stuck")
_STATUSES: dict[Act, Sequence[str]] = {
    "reset": (*_BY_ITSELF, "terminated"),
    "terminate": ("running", "stuck"),
    "signal": ("running", "stuck"),
}
"""What may be acted on. Without a status a reset takes what went wrong by itself, the others take what runs."""
_RESETTABLE = (
    WorkflowExecutionStatus.RUNNING,
    WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.TIMED_OUT,
    WorkflowExecutionStatus.TERMINATED,
)
_AT_A_TIME = 20
_TIMEOUT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be done with the workflows that match."""

    act: Act
    wanted: Wanted
    reason: str
    signal: str | None
    counts: list[Count]
    workflows: int
    """How many it would be done with now."""
    left: int
    """How many more there are, for the next time; of a reset perhaps less, as some may have gone on under their id."""
    effects: Sequence[str]
    """What it means for messages and other work, by type."""
    query: str
    """Temporal's query for them."""
    chosen: Sequence[WorkflowExecution] | None
    """Those of a reset, which names them."""


async def plan(
    client: Client, act: Act, wanted: Wanted, reason: str, signal: str | None = None, *, is_dry: bool
) -> Planned:
    """Count what matches. ``is_dry``: it is only to be told, so no reason is needed, and all may be meant.

    Raises:
        InvalidError: a value is unknown, a status cannot be acted on, or no reason is given.
        ConflictError: nothing but the status narrows it, or Temporal refuses the query.
        RPCError: Temporal does not answer.
    """
    await wanted.check(client)
    statuses, types = _statuses(act, wanted), _types(act, wanted, signal)
    if not is_dry:
        _check_begin(wanted, reason)
    counts = [one for one in await count(client, wanted, statuses) if one.type in types or wanted.type]
    query, total = wanted.query(statuses, types), sum(one.workflows for one in counts)
    chosen = await _latest(client, query) if act == "reset" else None
    number = total if chosen is None else len(chosen)
    left = 0 if chosen is None else max(0, total - MOST_RESET)
    told = effects(act, [one.type for one in counts])
    return Planned(act, wanted, reason, signal, counts, number, left, told, query, chosen)


def _statuses(act: Act, wanted: Wanted) -> Sequence[str]:
    allowed = _STATUSES[act]
    for status in wanted.statuses:
        if status not in allowed:
            text = f"To {act} workflows that are {status} is not possible: use one of {', '.join(allowed)}."
            raise InvalidError("workflow_filter", text)
    return wanted.statuses or (_BY_ITSELF if act == "reset" else ("running",))


def _types(act: Act, wanted: Wanted, signal: str | None) -> Sequence[str]:
    if act == "reset" and "terminated" in wanted.statuses:
        if wanted.type in SENDING:
            text = f"{wanted.type} that was terminated cannot be reset: its messages may have ended."
            raise InvalidError("workflow_filter", text)
        return [name for name in TYPES if name not in SENDING]
    if act != "signal":
        return TYPES
    if signal not in SIGNALS:
        raise InvalidError(
            "workflow_signal", f"There is no signal '{signal}' without a value: use one of {', '.join(SIGNALS)}."
        )
    types = SIGNALS[signal]
    if wanted.type in TYPES and wanted.type not in types:
        raise InvalidError("workflow_signal", f"{wanted.type} has no signal {signal}, only {', '.join(types)}.")
    return types


def _check_begin(wanted: Wanted, reason: str) -> None:
    if wanted.is_of_all:
        text = "Name what is meant: a type, channel, lane, account, outcome or age. Else it would be all workflows."
        raise ConflictError("filter_needed", text)
    if not reason.strip():
        raise InvalidError("reason_missing", "Give a reason: it is kept with the workflows and in the audit log.")


async def _latest(client: Client, query: str) -> list[WorkflowExecution]:
    """Those of the query whose id was not started again since: a reset of an older run would end the newer one."""
    chosen: list[WorkflowExecution] = []
    together: list[Listed] = []
    async with explained():
        async for found in client.list_workflows(query):
            together.append(found)
            if len(together) == _AT_A_TIME:
                chosen += await _still_so(client, together)
                together = []
            if len(chosen) >= MOST_RESET:
                return chosen[:MOST_RESET]
    return [*chosen, *await _still_so(client, together)][:MOST_RESET]


async def _still_so(client: Client, listed: Sequence[Listed]) -> list[WorkflowExecution]:
    async def look(one: Listed) -> bool:
        try:
            described = await client.get_workflow_handle(one.id).describe(rpc_timeout=_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return described.run_id == one.run_id and described.status in _RESETTABLE

    are = await asyncio.gather(*map(look, listed))
    return [
        WorkflowExecution(workflow_id=one.id, run_id=one.run_id) for one, is_ in zip(listed, are, strict=True) if is_
    ]
