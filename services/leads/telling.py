"""Telling people of leads and of their sources: in the transaction of what they are told of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from domain.audience.contacts.contact import Contact
from domain.callbacks import EventType
from domain.leads.notify import Notify, message_of, name_of, subject_of
from services.automations.results.notices import Told, owner_email, tell
from services.automations.telling.checking import is_own
from services.settings.current import read_current
from store import clock
from store.automations.results import notices
from store.leads import alarms
from store.leads.sources import Source
from store.pool import Connections


async def tell_parked(store: Connections, source: Source, code: str, reason: str) -> None:
    """Tell the owner that leads wait. Once for each parking: whoever parks a source calls it, in that transaction."""
    parts = (
        f"The source {source.name!r} cannot get its leads: {reason}",
        "No lead is lost. Those that come are kept and wait, and those that were missed are fetched once it is mended.",
        f"Mend what is said above, then set a new token: PATCH /api/lead-sources/{source.key}. All that wait go on in "
        f"the order in which they came. If the token is still good: POST /api/lead-sources/{source.key}/resume.",
    )
    subject, now = f"Leads wait: {source.name}", await clock.now(store)
    await tell_owner(store, source, EventType.LEAD_SOURCE_PARKED, subject, parts, now, {"code": code})


async def tell_owner(
    store: Connections,
    source: Source,
    kind: EventType,
    subject: str,
    parts: Sequence[str],
    at: datetime,
    data: Mapping[str, Any],
) -> None:
    """Mail the owner of a source, and post it. ``parts``: paragraphs of the message."""
    emails = await owner_email(store, source.account_id)
    id_ = uuid5(source.id, f"{kind} {at.isoformat()}")
    await tell(store, _told(id_, source, kind, subject, "\n\n".join(parts), at, data, emails, by_callback=True))


async def tell_lead(
    store: Connections,
    source: Source,
    lead_id: UUID,
    contact: Contact,
    about: Mapping[str, str],
    environment: Mapping[str, Any],
) -> None:
    """Tell those whom the source's ``notify`` names of a lead, once. In the transaction of the lead, near its end: from
    here on other leads of the source wait for whose turn it is.

    Args:
        about: What is not personal of the raw lead (``RawLead.about``).
        environment: Settings of the install that this process was started with.
    """
    if not source.settings.get("notify"):
        return
    notice_id = id_of_notice(lead_id)
    if await notices.is_known(store, notice_id):  # a replay: nobody's turn
        return
    notify = Notify.of(source.settings["notify"])
    emails = await _whom(store, source, notify, contact)
    if not emails and not notify.callback:
        return
    public_url = (await read_current(store, environment)).public_url
    message = message_of(source.name, lead_id, contact, about, public_url)
    data = {
        "lead": lead_id,
        "contact": contact.id,
        "name": name_of(contact),
        "email": contact.email,
        "phone": contact.phone,
        "whatsapp": contact.whatsapp,
        "about": dict(about),
    }
    at, subject = await clock.now(store), subject_of(source.name, contact)
    kind = EventType.LEAD_RECEIVED
    await tell(store, _told(notice_id, source, kind, subject, message, at, data, emails, by_callback=notify.callback))


def id_of_notice(lead_id: UUID) -> UUID:
    """Of the notice of a lead: an erasure finds it by this."""
    return uuid5(lead_id, EventType.LEAD_RECEIVED)


async def _whom(store: Connections, source: Source, notify: Notify, contact: Contact) -> list[str]:
    """The addresses that are mailed: those that are still the account's own."""
    own = [one for one in notify.candidates(contact) if await is_own(store, source.account_id, one)]
    if notify.by == "round_robin" and own:
        return [own[await alarms.take_turn(store, source.id) % len(own)]]
    return own


def _told(
    id_: UUID,
    source: Source,
    kind: EventType,
    subject: str,
    message: str,
    at: datetime,
    data: Mapping[str, Any],
    emails: Sequence[str],
    *,
    by_callback: bool,
) -> Told:
    return Told(
        id_, source.account_id, source.key, kind, subject, message, at, data, emails, by_callback, "lead_source"
    )
