"""Whether a contact enters an automation. Every refusal has a reason, which is kept: people ask for it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.automations.definition.flow import Entry
from domain.automations.definition.limits import ENTRIES_PER_HOUR, MAX_HOPS

Reason = Literal[
    "not_active",
    "hops",
    "filter",
    "suppressed",
    "already_inside",
    "re_entry_never",
    "too_soon",
    "cap",
    "hourly_cap",
]
"""Why an entry is refused, in the order in which this is looked at."""

_MOST_KEY = 200


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run of the contact in this automation."""

    key: str
    entered_at: datetime
    ended_at: datetime | None = None
    """``None``: the contact is inside."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A contact that a trigger brings."""

    now: datetime
    key: str
    """As ``key_of`` makes it."""
    runs: Sequence[EarlierRun] = ()
    """All that the contact had here."""
    is_active: bool = True
    """Whether the automation lets contacts in."""
    passes_filter: bool = True
    is_suppressed: bool = False
    """Whether no message of the automation may reach the contact."""
    entries_in_hour: int = 0
    """Of all contacts, in the last hour."""
    hops: int = 0
    """How many automations in a row started each other to come here."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of an arrival."""

    action: Literal["start", "restart", "update", "refuse"]
    """``restart``: the run of the same key ends, and another one begins; ``update``: it gets the new event."""
    reason: Reason | None = None
    """Why it is refused."""
    again_at: datetime | None = None
    """From when on it would not be refused for this reason, if that is known."""


def key_of(entry: Entry, text: str | None, own: str) -> str:
    """The key of an arrival. ``text``: the key of the definition, filled in; ``own``: the id of what triggered it.

    Without a key in the definition all arrivals of a contact have the same one, but where contacts may enter while
    they are inside: there each has its own.
    """
    if entry.key is not None:
        key = (text or "").strip()
        return key if len(key) <= _MOST_KEY else hashlib.sha256(key.encode(errors="replace")).hexdigest()
    return own if entry.re_entry.mode == "always" else ""


def decide(entry: Entry, arrival: Arrival, per_hour: int = ENTRIES_PER_HOUR) -> Decision:
    """Whether a contact enters. ``per_hour``: entries that the automation takes in an hour."""
    if not arrival.is_active:
        return _refused("not_active")
    if arrival.hops > MAX_HOPS:
        return _refused("hops")
    if not arrival.passes_filter:
        return _refused("filter")
    if arrival.is_suppressed:
        return _refused("suppressed")
    if any(run.key == arrival.key and run.ended_at is None for run in arrival.runs):
        if entry.on_duplicate == "ignore":
            return _refused("already_inside")
        if entry.on_duplicate == "update":
            return Decision("update")
        return _capped(entry, arrival, per_hour) or Decision("restart")
    return _re_entry(entry, arrival) or _capped(entry, arrival, per_hour) or Decision("start")


def _re_entry(entry: Entry, arrival: Arrival) -> Decision | None:
    """The refusal of a contact that was here before, whatever its key."""
    rule, runs = entry.re_entry, arrival.runs
    if not runs:
        return None
    if rule.mode == "never":
        return _refused("re_entry_never")
    if rule.mode == "after_exit" and any(run.ended_at is None for run in runs):
        return _refused("already_inside")
    if rule.pause is None:
        return None
    if rule.mode == "always":
        last = max(run.entered_at for run in runs)
    else:
        last = max(run.ended_at for run in runs if run.ended_at is not None)
    again = last + rule.pause
    return _refused("too_soon", again) if arrival.now < again else None


def _capped(entry: Entry, arrival: Arrival, per_hour: int) -> Decision | None:
    entered = sorted((run.entered_at for run in arrival.runs), reverse=True)
    for cap in entry.caps:
        within = [at for at in entered if at > arrival.now - cap.per]
        if len(within) >= cap.count:
            return _refused("cap", within[cap.count - 1] + cap.per)
    return _refused("hourly_cap") if arrival.entries_in_hour >= per_hour else None


def _refused(reason: Reason, again_at: datetime | None = None) -> Decision:
    return Decision("refuse", reason, again_at)
