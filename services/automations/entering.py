"""Contacts that come to automations: let in, or not, with the reason kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.audience.contacts.contact import new_contact_id
from domain.automations.definition.steps import Send
from domain.automations.entries import Arrival, Decision, decide, key_of
from services.automations.facts import TEMPLATE_FAULTS, Known, fill, know
from services.automations.flows import Published
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
    assert automation.version is not None, "only what was published has triggers"
    run = Run(
        new_contact_id(),
        automation.id,
        automation.account_id,
        coming.contact_id,
        automation.version,
        "",
        coming.trigger,
        dict(coming.event),
        dict(of.flow.vars),
        coming.at or now,
        coming.hops,
    )
    await entries.lock_entries(store, automation.id, coming.contact_id)
    known = await know(store, run, now)
    key, outcome = "", "no_contact"
    if known is not None:
        try:
            key = _key(of, known, coming.own)
        except TEMPLATE_FAULTS:
            outcome = "entry_key"
        else:
            run = replace(run, entry_key=key)
            turn = Turn(store, run, of.flow, of.tree, now, known)
            outcome = await _carry_out(turn, await _decision(turn, is_active=automation.state == "active"))
    entered = Entered(outcome, run.id if outcome == ADMITTED else None)
    entry = EntryNoted(new_contact_id(), coming.contact_id, coming.trigger, key, outcome, entered.run_id, now)
    await entries.note_entry(store, automation.id, automation.account_id, entry)
    return entered


async def refuse_unknown(store: Connections, automation: Automation, trigger: str, now: datetime) -> None:
    """Note that somebody came who is no contact, and whom the automation makes none."""
    entry = EntryNoted(new_contact_id(), None, trigger, "", "no_contact", None, now)
    await entries.note_entry(store, automation.id, automation.account_id, entry)


def _key(of: Published, known: Known, own: str) -> str:
    written = of.flow.entry.key
    text = None if written is None else fill(written, known)
    return key_of(of.flow.entry, text, own)


async def _decision(turn: Turn, *, is_active: bool) -> Decision:
    entry, run, per_hour = turn.flow.entry, turn.run, turn.flow.settings.max_entries_per_hour
    channels = {step.channel for step in turn.flow.walk() if isinstance(step, Send)}
    arrival = Arrival(
        turn.now,
        run.entry_key,
        await entries.before(turn.store, run.automation_id, run.contact_id),
        is_active,
        entry.filter is None or (await turn.judge(entry.filter)).result,
        bool(channels) and channels <= set(turn.known.facts.suppressed),
        await entries.entered_since(turn.store, run.automation_id, turn.now - timedelta(hours=1), per_hour),
        run.hops,
    )
    return decide(entry, arrival, per_hour)


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
            await runs.add(turn.store, run)
        case "start":
            await runs.add(turn.store, run)
    return _ACTIONS[decision.action]
