"""Having leads be taken again, say with a corrected mapping."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.audience.contacts.contact import new_contact_id
from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.leads.source import HOSTS
from domain.leads.states import DONE, DUPLICATE, ENDED, ERASED, TEST
from services.changes import Change
from store.leads import leads, lists, sources
from store.leads.leads import Lead
from store.leads.lists import Filter
from store.operations import operations
from store.operations.operations import Operation
from store.pool import Connections

REPLAYED = frozenset(ENDED - {ERASED})
"""States of leads that can be taken again."""
REPLAY = "leads.replay"
"""The operation that does it with many."""

_BY_DEFAULT = REPLAYED - {DONE, DUPLICATE, TEST}
_IDS = ("source_id", "contact_id", "first", "end")
_TIMES = ("ended_after", "ended_before")
_BY_END = "ended_filter"
"""Where an operation has its filter that has times of an end: workers of releases that know none leave it alone."""


async def find(store: Connections, account_id: int, lead_id: UUID) -> Lead:
    """A lead of an account.

    Raises:
        NotFoundError: there is none.
    """
    found = await leads.find(store, account_id, lead_id)
    if found is None:
        raise NotFoundError("lead_not_found", f"there is no lead {lead_id}: GET /api/leads lists yours")
    return found


async def replay(change: Change, account_id: int, lead_id: UUID) -> Lead:
    """Have a lead be taken again: from what is kept of it, else from its provider. Workers begin within seconds.

    Raises:
        NotFoundError: there is none.
        ConflictError: it has not ended, or nothing is left of it.
    """
    await find(change.store, account_id, lead_id)
    before = await leads.of_id(change.store, lead_id, lock=True)
    assert before is not None
    change.about("lead", before.id)
    await _check(change.store, before)
    await leads.reopen(change.store, lead_id)
    change.compare({"state": before.state}, {"state": "received"})
    return await find(change.store, account_id, lead_id)


async def _check(store: Connections, lead: Lead) -> None:
    if lead.state == ERASED:
        raise ConflictError("lead_erased", "what the lead held was deleted as somebody asked for it")
    if lead.state not in ENDED:
        raise ConflictError("lead_not_ended", f"the lead is {lead.state}: it goes on by itself")
    source = await sources.of_id(store, lead.source_id)
    if lead.sealed is None and (source is None or source.kind not in HOSTS):
        raise ConflictError("lead_not_kept", "what was posted is kept no more: there is nothing to begin from")


async def replay_all(
    change: Change, account_id: int, owner_id: int | None, wanted: Filter, *, is_dry: bool
) -> tuple[int, Operation | None]:
    """Have all be taken again that match. Of leads that did what they should (``done``), and of duplicates and tests,
    only if these states are named. Returns how many there are, and the operation that does it.

    Raises:
        InvalidError: leads in one of these states cannot be taken again.
    """
    states = wanted.states or _BY_DEFAULT
    if unfit := sorted(set(states) - REPLAYED):
        words = f"leads that are {', '.join(unfit)} cannot be taken again: choose of {', '.join(sorted(REPLAYED))}"
        raise InvalidError("lead_state", words, "/filter/state")
    end = min(wanted.end, new_contact_id()) if wanted.end else new_contact_id()
    wanted = replace(wanted, states=tuple(states), end=end)
    found = await lists.count(change.store, account_id, wanted, tuple(HOSTS))
    change.compare({}, {"leads": found})
    if is_dry or not found:
        return found, None
    given = {"filter" if wanted.ended_after is None else _BY_END: _stored(wanted)}
    return found, await operations.add(change.store, REPLAY, change.actor, given, account_id, owner_id)


def filter_of(given: Mapping[str, Any]) -> Filter:
    """The filter of an operation, by its input."""
    stored = given[_BY_END] if _BY_END in given else given["filter"]
    source_id, contact_id, first, end = (None if stored[name] is None else UUID(stored[name]) for name in _IDS)
    after, before = (stored.get(name) and datetime.fromisoformat(stored[name]) for name in _TIMES)
    kept = stored["code"], contact_id, stored["via"], stored["conflict"]
    return Filter(tuple(stored["states"]), source_id, *kept, first, end, after, before)


def _stored(wanted: Filter) -> dict[str, Any]:
    given = asdict(wanted)
    times = {name: given[name] and given[name].isoformat() for name in _TIMES}
    return given | times | {name: None if given[name] is None else str(given[name]) for name in _IDS}
