"""What becomes of a raw lead: a contact with its consent, tags and groups, an automation, an answer, a notice.

All of it is one transaction with the lead: one whose work was cut off begins anew, and nothing is done twice.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from temporalio.client import Client

from domain.audience.consents import ConsentState, NewConsent
from domain.audience.contacts.contact import Contact
from domain.audience.contacts.values import Terms, read_values
from domain.errors import FieldError, InvalidError
from domain.leads.mapping import MappedLead, map_lead, parse_rules
from domain.leads.raw import RawLead
from domain.leads.reading.by_kind import read_lead
from domain.leads.source import SourceSettings
from domain.leads.states import ENDED
from domain.leads.suggesting import suggest
from services.automations.flows import Flows
from services.automations.outbox import StartBatch
from services.leads.processing.enrolling import enrol
from services.leads.processing.replying import Reply, Replying, Wording
from services.leads.processing.resolving import ORIGIN, resolve
from services.leads.telling import tell_lead
from store.audience.consent import consents
from store.audience.contacts.terms import terms_of
from store.leads import leads
from store.leads.leads import Lead, Outcome
from store.leads.sources import Source
from store.pool import Connections, InTransaction, Pool

_AGAIN = timedelta(hours=1)
"""Within which a form that is sent again by the same person is the same lead to people."""
_AT_ONCE = 6
"""Transactions of a process: others need its connections, too."""
_TRIES = 3
"""Looks at what cannot be used, each without what was found before."""
_CHANNELS = ("email", "sms", "whatsapp")


class Applying:
    """One per process."""

    def __init__(self, pool: Pool, environment: Mapping[str, Any]) -> None:
        """``environment``: settings that the process was started with."""
        self._pool = pool
        self._environment = environment
        self._flows = Flows()
        self._replying = Replying(pool, environment)
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def apply(
        self, lead: Lead, source: Source, body: Mapping[str, Any], client: Client, start: StartBatch
    ) -> None:
        """Do all that a raw lead asks for, unless it was done meanwhile.

        Raises:
            RPCError: Temporal does not answer; what the lead came to is stored.
        """
        wanted = await self._wanted(source)
        async with self._slots, self._pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            locked = await leads.of_id(store, lead.id, lock=True)
            if locked is None or locked.state in ENDED:
                return
            outcome, reply = await self._decide(store, locked, source, wanted, body)
            await leads.end(store, lead.id, outcome)
        if reply is not None and reply.page is not None:
            await self._replying.start(client, start, reply.page)

    async def _wanted(self, source: Source) -> "_Wanted":
        settings = SourceSettings.of(source.settings)
        if settings.reply is None:
            return _Wanted(settings)
        return _Wanted(settings, await self._replying.look_up(source.account_id, settings.reply))

    async def _decide(
        self, store: Connections, lead: Lead, source: Source, wanted: "_Wanted", body: Mapping[str, Any]
    ) -> tuple[Outcome, Reply | None]:
        try:
            raw = read_lead(source.kind, body)
        except InvalidError as error:
            return Outcome("invalid", error.code, error.message), None
        if raw.is_test or lead.notice.get("test"):
            return Outcome("test", "test_lead", "this is a test: nobody was made a contact, nothing was sent"), None
        settings = wanted.settings
        terms = await terms_of(store, source.account_id, settings.groups)
        rules = parse_rules(list(settings.mapping)) if settings.mapping else suggest(raw)
        mapped = map_lead(raw, body, rules, settings.country or terms.region, terms.fields)
        values, faults = _values(mapped, settings, terms)
        if not any(values.get(name) for name in ("email", "phone", "whatsapp", "external_id")):
            return _invalid([*mapped.problems, *faults]), None
        return await self._take(store, lead, source, wanted, _Read(raw, mapped, values, faults))

    async def _take(
        self, store: Connections, lead: Lead, source: Source, wanted: "_Wanted", read: "_Read"
    ) -> tuple[Outcome, Reply | None]:
        now, settings = datetime.now(UTC), wanted.settings
        tags = [*settings.tags, *read.mapped.tags]
        resolved = await resolve(store, source.account_id, read.values, settings.update, tags)
        contact = resolved.contact
        agreed = _consents(contact, settings, read.raw, read.mapped, lead, now)
        if agreed:
            await consents.record(store, source.account_id, agreed)
        before = await leads.sent_before(store, lead, contact.id, read.raw.form_id, _AGAIN)
        if before is not None:
            return _duplicate(contact, before), None
        faults = [*read.mapped.problems, *read.faults]
        if lead.notice.get("quiet"):  # of an import: old leads are not answered
            return _outcome(contact, resolved.others, [], None, faults), None
        event = event_of(lead, source, read.raw, read.mapped)
        runs, reply = _begun(lead), None  # what a replay finds was begun before
        if not runs:
            runs = await enrol(store, self._flows, source, settings.automation, lead.id, contact.id, event, now)
        if settings.reply is not None and wanted.wording is not None and lead.reply_uid is None:
            reply = await self._replying.prepare(store, contact, settings.reply, wanted.wording, event)
        if settings.notify is not None:
            await tell_lead(store, source, lead.id, contact, read.raw.about, self._environment)
        return _outcome(contact, resolved.others, runs, reply, faults), reply


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be done with leads of a source."""

    settings: SourceSettings
    wording: Wording | Reply | None = None
    """Of the answer, or why there is none; ``None``: none is set."""


@dataclass(frozen=True, slots=True)
class _Read:
    raw: RawLead
    mapped: MappedLead
    values: Mapping[str, Any]
    faults: list[FieldError]
    """Of values that no contact can have."""


def event_of(lead: Lead, source: Source, raw: RawLead, mapped: MappedLead) -> dict[str, Any]:
    """What an automation, or the template of the answer, may name."""
    return {
        "lead": {"id": str(lead.id), "source": source.key, "form_id": raw.form_id, **raw.about},
        "answers": dict(mapped.answers),
    }


def _begun(lead: Lead) -> list[UUID]:
    return [UUID(one) for one in (lead.answered or {}).get("runs", ())]


def _duplicate(contact: Contact, before: UUID) -> Outcome:
    why = f"the same person had sent the same form before (lead {before}): nothing was begun or sent again"
    return Outcome("duplicate", "lead_duplicate", why, contact.id, {"lead": str(before)})


def _values(mapped: MappedLead, settings: SourceSettings, terms: Terms) -> tuple[dict[str, Any], list[FieldError]]:
    """The values of a contact; those that none can have are left out, each with why."""
    given: dict[str, Any] = {**mapped.values, "groups": list(settings.groups)}
    faults: list[FieldError] = []
    for _ in range(_TRIES):
        try:
            return read_values(given, terms, settings.country), faults
        except InvalidError as error:
            faults += error.fields
            given = _without(given, {fault.pointer for fault in error.fields})
    return {}, faults


def _without(given: Mapping[str, Any], pointers: set[str]) -> dict[str, Any]:
    names = {pointer.split("/")[1] for pointer in pointers if pointer.startswith("/")} - {"fields"}
    custom = {name: value for name, value in given.get("fields", {}).items() if f"/fields/{name}" not in pointers}
    return {name: value for name, value in given.items() if name not in names} | {"fields": custom}


def _invalid(faults: list[FieldError]) -> Outcome:
    if not faults:
        why = "it has no email, no phone number and no id: add rules to the mapping that name them, then replay it"
        return Outcome("invalid", "lead_without_address", why)
    return Outcome("invalid", faults[0].code, "; ".join(fault.message for fault in faults)[:1000])


def _consents(
    contact: Contact, settings: SourceSettings, raw: RawLead, mapped: MappedLead, lead: Lead, now: datetime
) -> list[NewConsent]:
    """What whoever sent the form agreed to, with what they saw: for each address that the purpose is used on."""
    at = raw.created_at or lead.created_time or now
    proof = {"lead": str(lead.id), "form": raw.form_id}
    found = [
        _consent(contact, channel, one.purpose, one.granted, at, None, {**proof, **one.evidence})
        for one in mapped.consents
        for channel in _CHANNELS
    ]
    boxes = {box.key: box for box in raw.disclaimers}
    for rule in settings.consents:
        box = boxes.get(rule["disclaimer"]) if rule.get("disclaimer") else None
        if rule.get("disclaimer") and box is None:
            continue  # the form did not show it: that is no choice
        granted = box is None or box.is_checked
        said = {**proof, **({} if box is None else {"disclaimer": box.key, "checked": box.is_checked})}
        text = rule.get("text") or (None if box is None else box.label)
        found += [
            _consent(contact, channel, rule["purpose"], granted, at, text, said)
            for channel in rule.get("channels") or _CHANNELS
        ]
    return [one for one in found if one is not None]


def _consent(
    contact: Contact, channel: str, purpose: str, granted: bool, at: datetime, text: str | None, proof: dict[str, Any]
) -> NewConsent | None:
    address = {"email": contact.email, "sms": contact.phone, "whatsapp": contact.whatsapp or contact.phone}[channel]
    if address is None or not granted:
        return None  # a box that was not ticked takes back nothing that was agreed to elsewhere
    return NewConsent(channel, address, purpose, ConsentState.GRANTED, ORIGIN, at, text, None, proof)


def _outcome(
    contact: Contact, others: Mapping[str, Any], runs: list[UUID], reply: Reply | None, faults: list[FieldError]
) -> Outcome:
    answered: dict[str, Any] = {"runs": [str(one) for one in runs]}
    code = why = None
    if others:
        code = "lead_conflict"
        why = f"other contacts have its {' and '.join(others)}: they stay as they are"
    elif faults:
        code, why = faults[0].code, f"left out: {faults[0].message}"
    if reply is not None and reply.uid is None:
        code, why = reply.code, reply.why
    conflict = {name: str(other) for name, other in others.items()} or None
    uid = None if reply is None else reply.uid
    has_answer = bool(runs) or uid is not None
    return Outcome("done", code, why, contact.id, conflict, answered if has_answer else None, uid)
