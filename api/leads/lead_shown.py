"""Leads as they are answered."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.keyring import Keyring
from domain.leads.raw import RawLead
from services.leads.reading import raw_of
from services.leads.setting_up.previewing import shown_raw
from store.leads import sources
from store.leads.leads import Lead
from store.leads.sources import Source
from store.pool import Connections

_COPIED = ("provider_id", "via", "state", "code", "why", "form_id")
_BEGUN = ("answered", "reply_uid", "tries", "again_at")
_OUT = ("gcl_id", "campaign_id", "campaign_name", "ad_id")
"""What uploads of conversions need: columns of their own."""


async def shown_all(store: Connections, keyring: Keyring, leads: Sequence[Lead]) -> list[dict[str, Any]]:
    """Leads, without what is personal of them."""
    known = await sources.of_ids(store, sorted({lead.source_id for lead in leads}))
    return [_shown(lead, known[lead.source_id], raw_of(keyring, known[lead.source_id], lead)) for lead in leads]


async def shown(store: Connections, keyring: Keyring, lead: Lead) -> dict[str, Any]:
    """A lead with what somebody answered."""
    source = (await sources.of_ids(store, [lead.source_id]))[lead.source_id]
    raw = raw_of(keyring, source, lead)
    told: Mapping[str, Any] = {} if raw is None else shown_raw(raw)
    row = _shown(lead, source, raw)
    row |= {"answers": told.get("answers"), "disclaimers": told.get("disclaimers")}
    states = [{"state": "received", "at": lead.received_at}]
    if lead.state != "received":
        states.append({"state": lead.state, "at": lead.ended_at})
    return row | {"states": states}


def _shown(lead: Lead, source: Source, raw: RawLead | None) -> dict[str, Any]:
    about = {} if raw is None else dict(raw.about)
    row: dict[str, Any] = {"id": str(lead.id), "source": source.key}
    row |= {name: getattr(lead, name) for name in _COPIED}
    row |= {"contact": _text(lead.contact_id), "conflict": lead.conflict}
    row |= {name: getattr(lead, name) for name in _BEGUN}
    row |= {"reply_uid": _text(lead.reply_uid), "created_at": lead.created_time, "received_at": lead.received_at}
    row |= {"first_reply_at": lead.first_reply_at, "ended_at": lead.ended_at}
    return row | {name: about.get(name) for name in _OUT} | {"about": about}


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)
