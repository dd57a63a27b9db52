"""Failures of all kinds by their causes: messages, runs of automations, leads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from domain.leads.states import PARKED
from domain.messages.statuses import State
from services.failures.kinds import LEAD_STATES, Kind, Within, filters_without_meaning, states_of
from services.messages import search as messages
from services.messages.search import Search, failed_within
from store.failures import leads, runs
from store.failures.leads import LeadCause
from store.failures.runs import RunCause
from store.messages.search.failures import Cause
from store.pool import Connections

_LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class FailureCause:
    """Failures of one kind, for one reason, in one place."""

    kind: Kind
    user_id: int | None
    """Whose automation or source it is; ``None``: of a message, which may be of several accounts."""
    channel: str | None
    gateway_id: UUID | None
    gateway: str | None
    code: str | None
    state: str | None
    """Of leads; ``parked`` ones wait for their source."""
    automation: str | None
    """Key of the automation that sent the messages, or whose runs these are."""
    automation_name: str | None
    step: str | None
    lead_source: str | None
    """Key of the source of the leads that the messages answered, or that these are."""
    lead_source_name: str | None
    count: int
    first_at: datetime
    last_at: datetime
    sample: UUID
    """The last of them."""
    reason: str | None
    """Of the sample."""
    recipient: str | None = None
    """Of the sample, if it is a message that is kept."""


@dataclass(frozen=True, slots=True)
class FailureCauses:
    """Failures in a time, the most frequent causes first."""

    causes: Sequence[FailureCause]
    counted_since: datetime
    """Of a kind of which more failed than are read, what failed before was not counted; else the time's beginning."""


async def find_causes(
    store: Connections, search: Search, within: Within, limit: int, kinds: Collection[Kind]
) -> FailureCauses:
    """Failures of these kinds by cause, of the last day if no time is given. A filter that a kind does not have leaves
    nothing of it. Leads that are parked count whenever they came, unless a time is given.

    Raises:
        InvalidError: there is no such state.
    """
    since, until = failed_within(within.after, within.before)
    found: list[FailureCause] = []
    cut: list[datetime] = []
    if "message" in kinds and (of := _of_messages(search, kinds)) is not None:
        of_messages = await messages.find_causes(store, of, within.after, within.before, limit)
        found += map(_of_message, of_messages.causes)
        cut.append(of_messages.counted_since)
    if "run" in kinds and not filters_without_meaning("run", search):
        wanted = runs.Wanted(since, until, search.user, search.automation, search.step, search.code)
        of_runs = await runs.causes(store, wanted, limit)
        found += map(_of_run, of_runs)
        cut += _cut(of_runs, runs.MOST_COUNTED)
    if "lead" in kinds and not filters_without_meaning("lead", search):
        for of_leads in await leads_of(store, search, within, limit):
            found += map(_of_lead, of_leads)
            cut += _cut(of_leads, leads.MOST_COUNTED)
    found.sort(key=lambda cause: (cause.count, cause.last_at), reverse=True)
    return FailureCauses(found[:limit], max([since, *cut]))


async def leads_of(store: Connections, search: Search, within: Within, limit: int) -> tuple[Sequence[LeadCause], ...]:
    """Leads that failed, and those that are parked, by cause."""
    since, until = failed_within(within.after, within.before)
    given = states_of(search)
    states = [state for state in LEAD_STATES if not given or state in given]
    wanted = leads.Wanted(since, until, search.user, search.lead_source, search.code, states)
    failed = await leads.failed(store, wanted, limit) if states else []
    if given and PARKED not in given:
        return (failed,)
    waiting = leads.Wanted(within.after or _LONG_AGO, until, search.user, search.lead_source, search.code)
    return failed, await leads.parked(store, waiting, limit)


def _of_messages(search: Search, kinds: Collection[Kind]) -> Search | None:
    """The search without states that only leads have; ``None``: there are no others."""
    of_leads = {*LEAD_STATES, PARKED} - set(State) if "lead" in kinds else set()
    left = states_of(search) - of_leads
    return None if search.states and not left else replace(search, states=sorted(left))


def _cut(found: Sequence[RunCause] | Sequence[LeadCause], most: int) -> list[datetime]:
    return [found[0].read_since] if found and found[0].read == most else []


def _of_message(cause: Cause) -> FailureCause:
    return FailureCause(
        "message",
        None,
        cause.channel,
        cause.gateway_id,
        cause.gateway,
        cause.code,
        None,
        cause.automation,
        cause.automation_name,
        cause.step,
        cause.lead_source,
        cause.lead_source_name,
        cause.count,
        cause.first_at,
        cause.last_at,
        cause.sample,
        cause.reason,
        cause.recipient,
    )


def _of_run(cause: RunCause) -> FailureCause:
    return FailureCause(
        kind="run",
        user_id=cause.account_id,
        channel=None,
        gateway_id=None,
        gateway=None,
        code=cause.code or None,
        state=None,
        automation=cause.automation,
        automation_name=cause.automation_name,
        step=cause.step or None,
        lead_source=None,
        lead_source_name=None,
        count=cause.count,
        first_at=cause.first_at,
        last_at=cause.last_at,
        sample=cause.sample,
        reason=cause.reason,
    )


def _of_lead(cause: LeadCause) -> FailureCause:
    return FailureCause(
        kind="lead",
        user_id=cause.account_id,
        channel=None,
        gateway_id=None,
        gateway=None,
        code=cause.code,
        state=cause.state,
        automation=None,
        automation_name=None,
        step=None,
        lead_source=cause.source,
        lead_source_name=cause.source_name,
        count=cause.count,
        first_at=cause.first_at,
        last_at=cause.last_at,
        sample=cause.sample,
        reason=cause.reason,
    )
