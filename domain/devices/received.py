"""Messages that phones receive."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from domain.devices.sims import Sim
from domain.messages.receipts import Inbound
from domain.recipients import InvalidRecipient, normalise_number

MMS, MMS_ANNOUNCED = "mms", "mms_announced"
"""Kinds of messages: an MMS with its text; one that has not been downloaded. Of both the content names the device."""

_NUMBER = re.compile(r"\+?[0-9 ().-]{7,20}")
"""Not short codes, nor names."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message that a phone received, as it says."""

    key: str
    """The same for the same message, of this phone."""
    sender: str
    body: str
    at: datetime | None
    """By the phone's clock."""
    sim: str | None = None
    """Its uid, or"""
    slot: int | None = None
    """its slot, from 0; neither: the phone does not know."""
    recipient: str | None = None
    """The number of its SIM, as the phone says."""
    kind: str | None = None
    """As ``Inbound`` has it."""
    content: str | None = None


def as_inbound(received: Received, device_id: UUID, sims: Sequence[Sim], now: datetime) -> Inbound:
    """The same as every gateway reports it. ``sims``: those of the phone."""
    sim = next((one for one in sims if received.sim == one.uid or received.slot == one.slot), None)
    named = received.recipient or received.sim or ""
    return Inbound(
        key=sha256(f"{device_id}\n{received.key}".encode()).hexdigest()[:40],
        at=min(received.at or now, now).timestamp(),  # the phone's clock may be ahead
        sender=_number(received.sender, sim.country if sim else None),
        recipient=(sim.number or received.recipient or sim.uid) if sim else named,
        body=received.body,
        kind=received.kind,
        content=received.content,
    )


def _number(sender: str, country: str | None) -> str:
    """A number in E.164; what is none, such as a short code or a name, stays as it is."""
    if not _NUMBER.fullmatch(sender) or (country is None and not sender.startswith("+")):
        return sender
    try:
        return normalise_number(sender, country)
    except InvalidRecipient:
        return sender
