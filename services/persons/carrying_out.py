"""The operation ``persons.erase``: ends what is under way for a person, then removes what is known of them.

Leads, and whatever waits to be sent, come first. Once nothing of the person is under way, messages are emptied, then
all else is removed in one transaction, and messages are looked for once more: one that was accepted just before may
have been recorded since.
"""

import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.access.user_scopes import CONTACTS
from domain.audience.contacts.contact import Contact
from domain.operations.slices import Sliced
from services.operations.kinds import Slice
from services.persons import leads_of_person
from services.persons.erasing import ERASE, asked_in
from services.persons.histories import delete_histories, kept_until
from services.persons.naming import known_of
from services.persons.texts import texts_about
from services.persons.waiting import cancel_all
from store.audience.contacts import rows
from store.automations import waking
from store.leads import erasures as of_leads
from store.persons import erasures, finding, removing
from store.persons.files import delete_files
from store.persons.finding import REFUSALS, Known
from store.persons.removing import Person
from store.pool import InTransaction, long_statements

AGAIN_AFTER = 30.0
"""Seconds after which messages are looked for once more."""
_AT_THE_LATEST = 86_400.0
"""Seconds after which nothing is waited for any more."""
_BUSY = 0.2
"""Seconds until the next slice, while another erasure of the account is at work."""
_MESSAGES = 100
"""Messages that a slice empties: for each page there may be two requests to Temporal."""
_ENDING = 30.0
"""Seconds that pages get to end whose messages all have an outcome."""
_SOON = 0.5
"""Seconds until these are looked at again."""
_WAITING = 200
"""Messages that a slice cancels."""


class ErasePerson:
    """It is always done as a whole."""

    name = ERASE
    may_be_cancelled = False
    scope = CONTACTS

    async def count(self, work: Slice) -> None:
        """Known at the end."""

    async def slice(self, work: Slice) -> Sliced:
        """Do the next step, or a part of it."""
        place = work.operation.place or {"step": "leads", "since": time.time()}
        if not await erasures.lock_account(work.store, work.account_id):
            return Sliced(place, pause=_BUSY)
        return await _STEPS[place["step"]](work, place)


async def _leads(work: Slice, place: dict[str, Any]) -> Sliced:
    """Those that are named, then all of the account that name the person."""
    asked = asked_in(work.operation)
    known = await _known(work, place)
    count, after = await leads_of_person.erase_some(
        work.store, work.keyring, known, asked.subject, UUID(place.get("after", str(UUID(int=0))))
    )
    moved = place | ({"after": str(after)} if after else {"step": "wait"})
    return _counted(work, moved, {"leads": count})


async def _wait(work: Slice, place: dict[str, Any]) -> Sliced:
    """Until no message waits, no run goes on, and no file is imported that may bring the person again."""
    asked = asked_in(work.operation)
    known = await _known(work, place)
    if known.contacts and not asked.subject.is_whole and await of_leads.came_again(work.store, known.contacts[0]):
        place = place | {"spared": True}
        known = await _known(work, place)
    for contact_id in known.contacts:
        await waking.ask_to_end(work.store, known.account_id, contact_id, None, None, "erased")
    runs = await _runs(work, known)
    waiting = await finding.waiting_of(work.store, known, _WAITING)
    imported = asked.subject.is_whole and await finding.imports_under_way(
        work.store, known.account_id, work.operation.id
    )
    if imported or "imported" in place:  # who it brings, or brought since the last look, came before
        place = place | {"imported": True, "until": datetime.now(UTC).isoformat()}
    late = time.time() - place["since"]
    if (waiting or imported or not all(has_ended for _, has_ended, _ in runs)) and late < _AT_THE_LATEST:
        if waiting:
            work.afterwards.append(lambda pool: cancel_all(pool, work.client, waiting))
        return Sliced(place, pause=min(0.5 + late / 10, 30.0))
    return Sliced(place | {"step": "messages"})


async def _messages(work: Slice, place: dict[str, Any]) -> Sliced:
    return await _empty_some(work, place, await _known(work, place)) or Sliced(place | {"step": "rest"})


async def _empty_some(work: Slice, place: dict[str, Any], known: Known) -> Sliced | None:
    """``None``: there are no more."""
    uids = await finding.messages_of(work.store, known, _MESSAGES)
    if not uids:
        return None
    since = place.get("ending", time.time())
    if not await delete_histories(work.store, work.client, uids) and time.time() - since < _ENDING:
        return Sliced(place | {"ending": since}, pause=_SOON)
    assert isinstance(work.store, InTransaction)
    async with long_statements(work.store.conn):
        counted = await removing.empty_messages(work.store, known.account_id, uids)
    return _counted(work, {name: value for name, value in place.items() if name != "ending"}, counted)


async def _rest(work: Slice, place: dict[str, Any]) -> Sliced:
    subject = asked_in(work.operation).subject
    known = await _known(work, place)
    contacts = await rows.lock(work.store, known.account_id, known.contacts)
    if not subject.is_whole and known.contacts and await of_leads.came_again(work.store, known.contacts[0]):
        place = place | {"spared": True}
        known, contacts = await _known(work, place), {}
    assert isinstance(work.store, InTransaction)
    async with long_statements(work.store.conn):
        counted = await _remove(work, place, known, contacts)
    place = place | {"step": "again", "at": time.time() + AGAIN_AFTER, "until": _until(work, place).isoformat()}
    return _counted(work, place, counted)


async def _remove(
    work: Slice, place: Mapping[str, Any], known: Known, contacts: Mapping[UUID, Contact]
) -> Counter[str]:
    runs = await _runs(work, known)
    counted = await removing.empty_runs(work.store, [run for run, *_ in runs])
    if not known.recipients and not known.contacts:
        return counted
    is_whole = asked_in(work.operation).subject.is_whole
    since = None if is_whole else min((one.created_at for one in contacts.values()), default=None)
    until = _until(work, place) if is_whole else datetime.now(UTC)
    named = [*known.recipients, *map(str, known.contacts)]
    counted["operation_files"] += await delete_files(work.store, known.account_id, named, since, until)
    texts = texts_about(contacts.values(), [values for *_, values in runs]) | set(known.recipients)
    person = Person(known.account_id, known.contacts, known.recipients, sorted(texts), until)
    return +counted + await removing.remove(work.store, person)


async def _again(work: Slice, place: dict[str, Any]) -> Sliced:
    left = place["at"] - time.time()
    if left > 0:
        return Sliced(place, pause=left)
    known = await _known(work, place)
    waiting = await finding.waiting_of(work.store, known, _WAITING)
    if waiting and time.time() - place["since"] < _AT_THE_LATEST:
        work.afterwards.append(lambda pool: cancel_all(pool, work.client, waiting))
        return Sliced(place, pause=1.0)
    if (emptied := await _empty_some(work, place, known)) is not None:
        return emptied
    removed = (work.operation.result or {"removed": {}})["removed"]
    await erasures.done(work.store, work.operation.id, removed, await _remains(work, known))
    return Sliced(result={"removed": removed})


async def _remains(work: Slice, known: Known) -> list[dict[str, Any]]:
    refused = await finding.count(work.store, known, [REFUSALS]) if known.recipients else {REFUSALS: 0}
    until = await kept_until(work.client)
    return [
        {"what": "refusals", "rows": refused[REFUSALS], "until": None},
        {"what": "histories", "rows": None, "until": until},
        {"what": "backups", "rows": None, "until": None},
    ]


async def _known(work: Slice, place: Mapping[str, Any]) -> Known:
    asked = asked_in(work.operation)
    if "spared" in place:  # who sent another lead since stays
        return Known(work.account_id, [], [], work.operation.id)
    return await known_of(work.store, work.account_id, asked.subject, work.operation.id, _until(work, place))


def _until(work: Slice, place: Mapping[str, Any]) -> datetime:
    """What came later stays."""
    if "until" in place:
        return datetime.fromisoformat(place["until"])
    return datetime.fromtimestamp(asked_in(work.operation).asked_at, UTC)


async def _runs(work: Slice, known: Known) -> list[tuple[UUID, bool, Any]]:
    """Of the contacts, and those that leads began."""
    begun = [UUID(run) for run in asked_in(work.operation).subject.runs]
    runs = await finding.runs_of(work.store, known.account_id, known.contacts) if known.contacts else []
    return runs + (await finding.runs_with(work.store, begun) if begun else [])


def _counted(work: Slice, place: dict[str, Any], counted: Mapping[str, int]) -> Sliced:
    removed = Counter((work.operation.result or {"removed": {}})["removed"])
    removed.update(counted)
    return Sliced(place, sum(counted.values()), result={"removed": dict(+removed)})


_STEPS = {"leads": _leads, "wait": _wait, "messages": _messages, "rest": _rest, "again": _again}
