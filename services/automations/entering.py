"""Contacts that come to automations: let in, or not, with the reason kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.audience.contacts.contact import new_contact_id
from domain.automations.definition.steps import Send
from domain.automations.entries import Arrival, Decision, EarlierRun, decide, key_of
from services.automations.facts import TEMPLATE_FAULTS, Known, fill
from services.automations.flows import Published
from services.automations.runs.round import Round
from services.automations.steps.turn import Turn
from store.automations import entries, runs
from store.automations.automations import Automation
from store.automations.entries import EntryNoted
from store.automations.runs import Run
from store.pool import Connections

ADMITTED, UPDATED = "admitted", "updated"
_ACTIONS = {"start": ADMITTED, "restart": ADMITTED, "update": UPDATED}


@dataclass(frozen=True, slots=True)
class Coming:
    """A contact that a trigger brings."""

    contact_id: UUID
    trigger: str
    """Its kind: ``webhook``, ``event``, ``manual``, ``automation``."""
    own: str
    """The id of what triggered it."""
    event: Mapping[str, Any] = field(default_factory=dict)
    hops: int = 0
    at: datetime | None = None
    """When; ``None``: now. What happens from then on matters to the run, however late somebody looks."""


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of one."""

    outcome: str
    """``admitted``, ``updated``, or why not."""
    run_id: UUID | None = None
    """The run that has begun."""


async def enter(store: Connections, automation: Automation, of: Published, coming: Coming, now: datetime) -> Entered:
    """Let a contact in, or note why not. In a transaction; entries of one contact wait for each other."""
    return (await enter_all(store, automation, of, [coming], now))[0]


async def enter_all(
    store: Connections, automation: Automation, of: Published, comings: Sequence[Coming], now: datetime
) -> list[Entered]:
    """The same for several, each of another contact."""
    runs_ = [_begun(automation, of, coming, now) for coming in comings]
    people = [run.contact_id for run in runs_]
    await entries.lock_entries(store, automation.id, people)
    per_hour = of.flow.settings.max_entries_per_hour
    lately = await entries.entered_since(store, automation.id, now - timedelta(hours=1), per_hour)
    before = await entries.before(store, automation.id, people)
    round_ = Round(store, now, [(run, of) for run in runs_])
    noted, begun = list[EntryNoted](), list[Run]()
    for run, coming in zip(runs_, comings, strict=True):
        keyed, outcome = await _look(
            round_, automation, of, run, coming.own, before[run.contact_id], lately + len(begun)
        )
        if outcome == ADMITTED:
            begun.append(keyed)
        run_id = run.id if outcome == ADMITTED else None
        noted.append(EntryNoted(new_contact_id(), run.contact_id, run.trigger, keyed.entry_key, outcome, run_id, now))
    if begun:
        await runs.add(store, begun)
    await entries.note_entries(store, automation.id, automation.account_id, noted)
    return [Entered(one.outcome, one.run_id) for one in noted]


def _begun(automation: Automation, of: Published, coming: Coming, now: datetime) -> Run:
    assert automation.version is not None, "only what was published has triggers"
    return Run(
        *(new_contact_id(), automation.id, automation.account_id, coming.contact_id, automation.version, ""),
        *(coming.trigger, dict(coming.event), dict(of.flow.vars), coming.at or now, coming.hops),
    )


async def _look(
    round_: Round,
    automation: Automation,
    of: Published,
    run: Run,
    own: str,
    before: Sequence[EarlierRun],
    lately: int,
) -> tuple[Run, str]:
    """The run with its key, and what becomes of it."""
    known = await round_.know(run)
    if known is None:
        return run, "no_contact"
    try:
        run = replace(run, entry_key=_key(of, known, own))
    except TEMPLATE_FAULTS:
        return run, "entry_key"
    turn = Turn(round_, run, of.flow, of.tree, known)
    decision = await _decision(turn, before, lately, is_active=automation.state == "active")
    return run, await _carry_out(turn, decision)


async def refuse_unknown(store: Connections, automation: Automation, trigger: str, now: datetime) -> None:
    """Note that somebody came who is no contact, and whom the automation makes none."""
    entry = EntryNoted(new_contact_id(), None, trigger, "", "no_contact", None, now)
    await entries.note_entries(store, automation.id, automation.account_id, [entry])


def _key(of: Published, known: Known, own: str) -> str:
    written = of.flow.entry.key
    text = None if written is None else fill(written, known)
    return key_of(of.flow.entry, text, own)


async def _decision(turn: Turn, before: Sequence[EarlierRun], lately: int, *, is_active: bool) -> Decision:
    entry = turn.flow.entry
    channels = {step.channel for step in turn.flow.walk() if isinstance(step, Send)}
    arrival = Arrival(
        turn.now,
        turn.run.entry_key,
        before,
        is_active,
        entry.filter is None or (await turn.judge(entry.filter)).result,
        bool(channels) and channels <= set(turn.known.facts.suppressed),
        lately,
        turn.run.hops,
    )
    return decide(entry, arrival, turn.flow.settings.max_entries_per_hour)


async def _carry_out(turn: Turn, decision: Decision) -> str:
    run, of_entry = turn.run, (turn.run.automation_id, turn.run.contact_id, turn.run.entry_key)
    match decision.action:
        case "refuse":
            assert decision.reason is not None, "a refusal has a reason"
            return decision.reason
        case "update":
            await entries.update_event(turn.store, *of_entry, run.event)
        case "restart":
            await entries.end_entry(turn.store, *of_entry, "restarted", turn.now)
    return _ACTIONS[decision.action]
