"""What becomes of a page whose rows and whose workflow differ: decided from both, then done."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import index_of, message_uid, minted_at, send_workflow_id
from domain.limits import PAGE_LIMITS
from domain.messages.page import Carried, PageHeader
from domain.messages.recovery import LeftOver, turns
from runtime.search_attributes import attributes
from services.reconciling.page_history import PageHistory, Try
from services.sending.hold_page import hold_page
from services.sending.page_runs import RPC_TIMEOUT
from store.callbacks import callbacks
from store.messages import orphans
from store.pool import Pool, long_transaction
from store.reconciling import restored
from store.reconciling.restored import Recorded
from workflows.policy import start_options

CODE = "restored"
"""Code of messages whose outcome was lost with rows of the database."""
MAY_HAVE_LEFT = "the database was restored to a time before it was sent, so what its gateway answered is lost"
"""Why they are unknown."""
_ENDED_UNSENT = (
    "failed",
    CODE,
    "it ended unsent; how, is lost, as the database was restored to a time before",
)
_OPEN = frozenset({"scheduled", "queued", "processing"})


class Act(StrEnum):
    """What is done with a page's workflow."""

    NOTHING = "nothing"
    RESTART = "restart"
    """It is started again, with what was certainly not sent."""
    STOP = "stop"
    """It is terminated: nothing is left to send."""
    LOST = "lost"
    """The same, as what it was to send was only in the database, or its account is gone."""


@dataclass(frozen=True)
class PagePlan:
    """What is to be done with a page."""

    page_id: UUID
    act: Act
    accounts: frozenset[int] | None = None
    """Whose messages are recorded first, as they are not in the database; ``None``: they are."""
    missing: int = 0
    """How many are not in the database."""
    unknown: Mapping[int, Try] = field(default_factory=dict)
    ended: Mapping[int, tuple[str, str, str]] = field(default_factory=dict)
    due: Mapping[int, float] = field(default_factory=dict)
    waiting: Sequence[int] = ()
    """Those that are still to be sent."""

    @property
    def changes(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.act is not Act.NOTHING or self.accounts or self.unknown or self.ended)


def plan_page(
    page_id: UUID, page: PageHistory, rows: Sequence[Recorded], accounts: frozenset[int], since: float
) -> PagePlan:
    """``accounts``: those of the page that are in the database. ``since``: what is older is in the rows."""
    header = page.header
    present = {index_of(row.uid): row for row in rows}
    nothing = PagePlan(page_id, Act.NOTHING)
    if not page.was_begun and header.carried is None and (rows or not header.stored):
        return nothing  # it records its messages itself, if it has not
    if page.last_at < since:
        return nothing
    if not accounts or (header.stored and not rows):
        lost = Act.LOST if page.is_running else Act.NOTHING
        return PagePlan(page_id, lost, missing=header.size - len(rows))
    missing = [i for i in range(header.size) if i not in present and header.account_of(i) in accounts]
    must_record = bool(missing) or any(row.credit == "pending" for row in rows)
    open_ = [*missing, *(index for index, row in present.items() if row.state in _OPEN)]
    if not open_ and page.followed_at < since:
        return nothing  # what it waits for, such as the time of a fallback, is to come
    unknown = {index: page.may_have_left[index] for index in open_ if index in page.may_have_left}
    ended = {index: page.ended[index] for index in open_ if index in page.ended and index not in unknown}
    rest = [index for index in open_ if index not in unknown and index not in ended]
    if not (page.was_begun or missing or unknown or ended):
        return nothing  # it was started again, and waits for a worker
    if page.is_completed:
        ended |= dict.fromkeys(rest, _ENDED_UNSENT)
        rest = []
    act = Act.NOTHING
    if page.is_running:
        act = Act.RESTART if rest else Act.STOP
    due = {index: at for index, at in page.due.items() if index in rest}
    recorded = accounts if must_record else None
    return PagePlan(page_id, act, recorded, len(missing), unknown, ended, due, sorted(rest))


async def apply_page(pool: Pool, client: Client, plan: PagePlan, page: PageHistory, *, paused: bool = False) -> None:
    """Do it. Interrupted, it is planned anew, and does the rest. ``paused``: its batch is.

    Raises:
        RPCError: Temporal does not answer.
    """
    if plan.accounts:
        await hold_page(pool, page.header, page.content, plan.accounts)
    async with long_transaction(pool) as conn:
        tries = {
            message_uid(plan.page_id, index): (tried.attempt, tried.gateway_id) for index, tried in plan.unknown.items()
        }
        changed = await restored.mark_unknown(conn, tries, CODE, MAY_HAVE_LEFT) if tries else []
        for ending in set(plan.ended.values()):
            uids = [message_uid(plan.page_id, index) for index, one in plan.ended.items() if one == ending]
            changed += await orphans.end(conn, uids, *ending)
        if plan.due:
            await restored.reschedule(conn, plan.page_id, plan.due)
        await orphans.settle(conn, plan.page_id)
        await callbacks.queue_states(conn, changed)
        left = await orphans.left_over(conn, plan.page_id)
    left = [one for one in left if index_of(one.uid) in set(plan.waiting)]
    if plan.act is Act.RESTART and left:
        await _restart(client, page, left, paused=paused)
    elif plan.act is not Act.NOTHING:
        await stop(client, send_workflow_id(plan.page_id))


async def _restart(client: Client, page: PageHistory, left: Sequence[LeftOver], *, paused: bool) -> None:
    """In the place of the one that runs: it would wait for messages that have ended by now."""
    header, now = page.header, time.time()
    page_id = UUID(header.page_id)
    due = [0.0] * header.size
    for turn, indexes in (begin := turns(left, now)):
        for index in indexes:
            due[index] = turn.at
    carried = Carried(minted_at(page_id), begin, paused)
    fresh: PageHeader = replace(header, due=due, carried=carried, limits=PAGE_LIMITS)
    await client.start_workflow(
        "SendWorkflow",
        args=[fresh, page.content],
        id=send_workflow_id(page_id),
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        rpc_timeout=RPC_TIMEOUT,
        search_attributes=attributes(
            channel=header.channel, lane=header.lane, account=header.account_id, accounts=header.accounts
        ),
        **start_options(header.lane, header.account_id),
    )


async def stop(client: Client, workflow_id: str) -> None:
    """Terminate a workflow, if it runs."""
    try:
        handle = client.get_workflow_handle(workflow_id)
        await handle.terminate(reason="the database was restored", rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
