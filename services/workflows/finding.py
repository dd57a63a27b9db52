"""Workflows as Temporal's index has them: how many of each type and status, and the newest of them.

The index is some moments behind. What is done with one workflow looks at the workflow itself.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.workflows.search_attributes import ACCOUNT, CHANNEL, LANE, OUTCOME
from services.workflows.wanted import Wanted
from workflows.policy import BEHAVIOURS

TYPES = tuple(BEHAVIOURS)
"""Of ours: others in the same namespace are left alone, unless their type is named."""
_LISTED = ("running", "failed", "timed_out")
_WITH_OUTCOME = (*_LISTED, "completed")
"""A page whose messages failed has itself completed."""
_NAMES = {
    WorkflowExecutionStatus.RUNNING: "running",
    WorkflowExecutionStatus.FAILED: "failed",
    WorkflowExecutionStatus.TIMED_OUT: "timed_out",
    WorkflowExecutionStatus.TERMINATED: "terminated",
    WorkflowExecutionStatus.CANCELED: "cancelled",
    WorkflowExecutionStatus.COMPLETED: "completed",
}
_TIMEOUT = timedelta(seconds=5)
_KEYS = {name: SearchAttributeKey.for_keyword(name) for name in (CHANNEL, LANE, ACCOUNT, OUTCOME)}


@dataclass(frozen=True, slots=True)
class Count:
    """How many workflows of a type have a status."""

    type: str
    status: str
    workflows: int


@dataclass(frozen=True, slots=True)
class Row:
    """One workflow."""

    id: str
    run_id: str
    type: str
    status: str
    channel: str
    lane: str
    account: str
    outcome: str
    problem: str
    """Of a stuck one: why its tasks fail, in Temporal's words."""
    started_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """What matches."""

    counts: list[Count]
    rows: list[Row]


async def find(client: Client, wanted: Wanted, limit: int) -> Found:
    """How many match, and at most ``limit`` of them, the newest first.

    Raises:
        InvalidError, ConflictError, RPCError: as ``Wanted.check``.
    """
    counts = await counts_of(client, wanted)
    query = wanted.query(_statuses(wanted), TYPES)
    async with explained():
        rows = [_row(one) async for one in client.list_workflows(query, limit=limit)] if limit else []
    return Found(counts, rows)


async def counts_of(client: Client, wanted: Wanted) -> list[Count]:
    """How many match, by type and status; ``stuck`` ones also count as ``running``.

    Raises:
        InvalidError, ConflictError, RPCError: as ``Wanted.check``.
    """
    await wanted.check(client)
    counts = await count(client, wanted, _statuses(wanted))
    if not wanted.statuses:
        with suppress(ConflictError):  # an older server does not know them
            counts += await count(client, wanted, ["stuck"])
    return counts


async def page(client: Client, wanted: Wanted, limit: int, token: bytes | None) -> tuple[list[Row], bytes | None]:
    """Some of those that match: those that run, the newest first, then those that ended, the latest end first. And the
    token of the page after it; ``None``: these are the last.

    Raises:
        InvalidError: as ``Wanted.check``, or Temporal does not know the ``token``.
        ConflictError, RPCError: as ``Wanted.check``.
    """
    await wanted.check(client)
    query = wanted.query(_statuses(wanted), TYPES)
    found = client.list_workflows(query, page_size=limit, next_page_token=token, rpc_timeout=_TIMEOUT)
    try:
        async with explained():
            await found.fetch_next_page()
    except ConflictError:
        if token is None:
            raise
        raise InvalidError("cursor", "this is no next_cursor of ours: begin without one", "/cursor") from None
    return [_row(one) for one in found.current_page or []], found.next_page_token or None


async def latest(client: Client, workflow_id: str) -> Row:
    """The last run of a workflow, as it is now.

    Raises:
        NotFoundError: Temporal does not know it, or not any more.
        RPCError: Temporal does not answer.
    """
    try:
        return _row(await client.get_workflow_handle(workflow_id).describe(rpc_timeout=_TIMEOUT))
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        message = f"Temporal has no workflow {workflow_id}: it was not needed, or ended longer ago than is kept."
        raise NotFoundError("workflow_not_found", message) from None


def _statuses(wanted: Wanted) -> Sequence[str]:
    return wanted.statuses or (_WITH_OUTCOME if wanted.outcome else _LISTED)


async def count(client: Client, wanted: Wanted, statuses: Sequence[str]) -> list[Count]:
    """How many workflows of each type have each of these statuses, those of which there are any; ``stuck`` ones also
    count as ``running``."""

    async def one(type_: str, status: str) -> Count:
        answer = await client.count_workflows(wanted.query([status], [type_]), rpc_timeout=_TIMEOUT)
        return Count(type_, status, answer.count)

    async with explained():
        types = [wanted.type] if wanted.type else TYPES
        counts = await asyncio.gather(*(one(type_, status) for type_ in types for status in statuses))
    return [each for each in counts if each.workflows]


@asynccontextmanager
async def explained() -> AsyncIterator[None]:
    """Raises what Temporal refuses of a query as a conflict, in its words: an older one does not know ``stuck``."""
    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        raise ConflictError("query_refused", f"Temporal cannot look for these: {error.message}.") from error


def _row(found: WorkflowExecution) -> Row:
    searched = found.typed_search_attributes
    problems = searched.get(SearchAttributeKey.for_keyword_list("TemporalReportedProblems"), [])
    status = _NAMES.get(found.status, "other") if found.status else "other"
    return Row(
        found.id,
        found.run_id,
        found.workflow_type,
        "stuck" if problems and status == "running" else status,
        searched.get(_KEYS[CHANNEL], ""),
        searched.get(_KEYS[LANE], ""),
        searched.get(_KEYS[ACCOUNT], ""),
        searched.get(_KEYS[OUTCOME], ""),
        next((one.removeprefix("cause=") for one in problems if one.startswith("cause=")), ""),
        found.start_time,
        found.close_time,
    )
