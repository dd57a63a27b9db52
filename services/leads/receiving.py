"""Leads that arrive: stored first, then their workflows are started, then whoever brought them is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.audience.contacts.contact import new_contact_id
from domain.keyring import Keyring
from store.leads import leads
from store.leads.leads import NewLead, Received
from store.leads.sealing import seal_lead
from store.leads.sources import Source
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Arrived:
    """A lead that somebody brings."""

    source: Source
    provider_id: str
    """The provider's id; for those without one, see ``domain.leads.dedupe``."""
    via: str
    """``webhook``, ``form``, ``backfill``, ``import``."""
    notice: Mapping[str, Any] = field(default_factory=dict)
    """What was said of it that is not personal: ids."""
    raw: Mapping[str, Any] | None = field(default=None, repr=False)
    """The lead itself, in its provider's form; ``None``: it has to be fetched."""
    form_id: str | None = None
    created_time: datetime | None = None


async def receive(store: Connections, keyring: Keyring, arrived: Sequence[Arrived]) -> list[Received]:
    """Store leads, in one statement. Those that are known stay as they are; start them all (``starting``)."""
    if not arrived:
        return []
    ids = sorted(new_contact_id() for _ in arrived)  # in the order in which they were posted
    new = [_new(keyring, id_, one) for id_, one in zip(ids, arrived, strict=True)]
    received = await leads.receive(store, new)
    if len({one.id for one in received}) < len({(one.source_id, one.provider_id) for one in new}):
        return await leads.receive(store, new)  # somebody stored one at the same moment: now it can be seen
    return received


def _new(keyring: Keyring, id_: UUID, one: Arrived) -> NewLead:
    sealed = None if one.raw is None else seal_lead(keyring, id_, one.raw)
    return NewLead(
        id_,
        one.source.account_id,
        one.source.id,
        one.provider_id,
        one.via,
        one.notice,
        sealed,
        one.form_id,
        one.created_time,
    )
