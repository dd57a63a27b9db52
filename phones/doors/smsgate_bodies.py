"""Bodies of the app "SMS Gateway for Android"."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.text.segments import count_segments
from phones.device import Device
from phones.messages import EXPIRED, Entry, Message, State

_STATES: Mapping[State, str] = {
    "waiting": "Pending",
    "begun": "Processed",
    "sent": "Sent",
    "delivered": "Delivered",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
_SHOWN = 4
"""Characters of phone numbers and of SIMs' serial numbers that the app shows to a server."""


def introduction(device: Device) -> dict[str, Any]:
    """The body that registers a phone."""
    cards = [
        {
            "slotIndex": card.slot,
            "simNumber": card.slot + 1,
            "phoneNumber": _redacted(card.number),
            "carrierName": card.carrier,
            "iccid": _redacted(card.iccid),
        }
        for card in device.profile.cards
    ]
    return {"name": f"Emulator/{device.profile.name}", "pushToken": None, "simCards": cards}


def _redacted(text: str) -> str:
    return "*" * (len(text) - _SHOWN) + text[-_SHOWN:]


def read_message(row: Mapping[str, Any], now: datetime) -> Message:
    """A message of a pull, read at ``now``."""
    body = row["textMessage"]["text"]
    (number,) = row["phoneNumbers"]
    slot = (row.get("simNumber") or 1) - 1
    until = row.get("validUntil")
    created = row.get("createdAt")
    return Message(
        key=row["id"],
        uid=row["id"],
        attempt=1,
        slot=slot,
        sim=f"sim-{slot + 1}",
        number=number,
        body=body,
        parts=count_segments(body).parts,
        priority=row.get("priority") or 0,
        created_at=datetime.fromisoformat(created) if created else now,
        valid_until=datetime.fromisoformat(until) if until else None,
    )


def shown_state(entry: Entry) -> dict[str, Any]:
    """What the server is to know of a message."""
    recipient = {"phoneNumber": entry.message.number, "state": _STATES[entry.state]}
    if entry.state == "failed":
        recipient["error"] = _error(entry.code)
    return {
        "id": entry.message.uid,
        "state": _STATES[entry.state],
        "recipients": [recipient],
        "states": {_STATES[state]: shown_time(at) for state, at in entry.times.items()},
    }


def _error(code: str | None) -> str:
    return "TTL expired" if code == EXPIRED else f"Send result: {code} (emulated)"


def shown_time(at: datetime) -> str:
    """A time to the millisecond, with its offset."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
