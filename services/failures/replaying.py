"""Failed runs and leads, begun anew by the operations that there are for them: one, or all that match a filter.

Messages have ``services.messages.replays``.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.ids import first_id
from domain.leads.states import PARKED
from services.automations.by_hand import steering
from services.automations.flows import Flows
from services.automations.results import costs, retrying
from services.changes import Change
from services.failures.causes import leads_of
from services.failures.kinds import LEAD_STATES, Within, check_filters, states_of
from services.leads import replaying
from services.leads import rules as sources
from services.messages.search import Search, failed_within
from store.automations import automations, runs
from store.automations.results.failed_runs import Wanted
from store.automations.results.retries import Retry
from store.failures import leads as failed_leads
from store.failures import runs as failed_runs
from store.leads import leads
from store.leads.lists import Filter
from store.operations.operations import Operation

MOST = 100
"""Automations, or accounts, of one replay: each has an operation of its own."""
_CAUSES = 10_000

LEFT_OUT: Mapping[str, str] = {
    "already_inside": "their contacts have entered again: that run goes on",
    "automation_archived": "their automation is archived",
    "source_parked": "they wait for their source, and go on by themselves once it is mended",
    "lead_not_kept": "what was posted is kept no more: there is nothing to begin from",
}
"""Why runs and leads are left out, by code."""


@dataclass(frozen=True, slots=True)
class Retried:
    """An automation whose failed runs go on."""

    user_id: int
    automation: str
    retry: Retry


@dataclass(slots=True)
class Runs:
    """Runs that go on, or would."""

    runs: int = 0
    most_credits: int = 0
    """What the messages from there cost at most, about."""
    left_out: Counter[str] = field(default_factory=Counter)
    is_complete: bool = True
    """Whether these are all; if not, the same again does more."""
    retries: list[Retried] = field(default_factory=list)


@dataclass(slots=True)
class Leads:
    """Leads that are taken again, or would be."""

    leads: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    is_complete: bool = True
    operations: list[Operation] = field(default_factory=list)


async def replay_runs(change: Change, flows: Flows, search: Search, within: Within, *, is_dry: bool) -> Runs:
    """Have failed runs go on at the steps that failed; of the last day if no time is given, or one.

    Raises:
        InvalidError: a filter is not about runs.
        NotFoundError: there is no run of the id that is given.
        ConflictError: this run did not fail, or its contact has entered again.
    """
    check_filters("run", search)
    if search.uid is not None:
        return await _one_run(change, flows, search.uid, search.user)
    since, until = failed_within(within.after, within.before)
    _note(change, search, within)
    among = failed_runs.Wanted(since, until, search.user, search.automation, search.step, search.code)
    causes = await failed_runs.causes(change.store, among, _CAUSES)
    found = Counter[tuple[int, str]]()
    for cause in causes:
        found[cause.account_id, cause.automation] += cause.count
    done = Runs(is_complete=len(found) <= MOST and not (causes and causes[0].read == failed_runs.MOST_COUNTED))
    wanted = Wanted(None, search.step, search.code, since, until)
    for (account_id, key), count in found.most_common(MOST):
        try:
            begun = await retrying.begin(change.part("automation.retried"), flows, account_id, key, wanted, None)
        except ConflictError as error:  # somebody has archived it, or tried all again
            change.parts.pop()
            done.left_out[error.code] += count
            continue
        done.runs += begun.retry.total - begun.left_out
        done.most_credits += begun.credits
        done.left_out["already_inside"] += begun.left_out
        if not is_dry:
            done.retries.append(Retried(account_id, key, begun.retry))
    return done


async def _one_run(change: Change, flows: Flows, run_id: UUID, account_id: int | None) -> Runs:
    run = await runs.get(change.store, run_id)
    if run is None or account_id not in (None, run.account_id):
        raise NotFoundError("run_not_found", f"there is no run {run_id}")
    automation = await automations.of_id(change.store, run.automation_id)
    assert automation is not None, "runs go with their automation"
    cost = await costs.most_credits(change.store, flows, automation, {(run.version, run.step or ""): 1})
    await steering.retry(change.part("run.retried"), run.account_id, run_id)
    change.about("run", run_id)
    return Runs(1, cost)


async def replay_leads(
    change: Change, search: Search, within: Within, owner_id: int | None = None, *, is_dry: bool
) -> Leads:
    """Have failed leads be taken again; of the last day if no time is given, or one. Of states ``LEAD_STATES``, unless
    some are named. ``owner_id``: whose key asks for it.

    Raises:
        InvalidError: a filter is not about leads, or leads in a state cannot be taken again.
        NotFoundError: there is no lead of the id that is given.
        ConflictError: this lead has not ended, or nothing is left of it.
    """
    check_filters("lead", search)
    if search.uid is not None:
        return await _one_lead(change, search.uid, search.user)
    states = _lead_states(search)
    since, until = failed_within(within.after, within.before)
    _note(change, search, within)
    failed, *waiting = await leads_of(change.store, search, within, _CAUSES)
    found = Counter[int]()
    for cause in failed:
        found[cause.account_id] += cause.count
    done = Leads(is_complete=len(found) <= MOST and not (failed and failed[0].read == failed_leads.MOST_COUNTED))
    done.left_out["source_parked"] = sum(cause.count for causes in waiting for cause in causes)
    first, end = (None if at is None else first_id(max(at.timestamp(), 0.0)) for at in (search.after, search.before))
    wanted = Filter(states, code=search.code, first=first, end=end, ended_after=since, ended_before=until)
    for account_id, count in found.most_common(MOST):
        part, of = change.part("leads.replayed"), wanted
        if search.lead_source is not None:
            source = await sources.find(change.store, account_id, search.lead_source)
            of = replace(wanted, source_id=source.id)
        part.about("user", account_id)
        number, operation = await replaying.replay_all(part, account_id, owner_id, of, is_dry=is_dry)
        done.leads += number
        if search.after is None and search.before is None:
            done.left_out["lead_not_kept"] += max(0, count - number)
        done.operations += [operation] if operation else []
    return done


def _note(change: Change, search: Search, within: Within) -> None:
    """What was asked for, for the audit log; each automation and user has an entry of its own."""
    if search.user is not None:
        change.about("user", search.user)
    named = {name: getattr(search, name) for name in ("automation", "step", "lead_source", "code")}
    times = {"after": search.after, "before": search.before, "failed_after": within.after}
    times["failed_before"] = within.before
    given = named | {name: at and at.isoformat() for name, at in times.items()} | {"states": sorted(states_of(search))}
    change.metadata["filter"] = {name: value for name, value in given.items() if value}


def _lead_states(search: Search) -> tuple[str, ...]:
    given = states_of(search)
    if unfit := sorted(given - {*LEAD_STATES, PARKED}):
        words = f"leads that are {', '.join(unfit)} did not fail: choose of {', '.join(LEAD_STATES)}"
        raise InvalidError("lead_state", words, "/filter/state")
    return tuple(state for state in LEAD_STATES if not given or state in given)


async def _one_lead(change: Change, lead_id: UUID, account_id: int | None) -> Leads:
    lead = await leads.of_id(change.store, lead_id)
    if lead is None or account_id not in (None, lead.account_id):
        raise NotFoundError("lead_not_found", f"there is no lead {lead_id}")
    await replaying.replay(change.part("lead.replayed"), lead.account_id, lead_id)
    change.about("lead", lead_id)
    return Leads(1)


def why_left_out(code: str) -> str:
    """A code in words."""
    return LEFT_OUT.get(code, f"it was refused: {code}")


def told(left_out: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    """Those of which there are any."""
    return [(code, count) for code, count in left_out.items() if count]
