"""Bodies of xsender's own protocol."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from phones.device import Device
from phones.messages import Entry, Inbound, Message, State

_STATUS: Mapping[State, str] = {
    "waiting": "accepted",
    "begun": "accepted",
    "sent": "sent",
    "delivered": "delivered",
    "failed": "failed",
    "cancelled": "cancelled",
}


def introduction(device: Device, token: str) -> dict[str, Any]:
    """The body that pairs a phone."""
    return {
        "pairing_token": token,
        "device_name": device.profile.name,
        "device_uuid": device.app_data.device_uuid(),
        "android_version": device.profile.android_version,
        "app_version": device.profile.app_version,
        "journal": device.journal.id,
        "sims": [
            {"slot": card.slot, "number": card.number, "carrier": card.carrier, "iccid_end": card.iccid[-4:]}
            for card in device.profile.cards
        ],
    }


def read_message(row: Mapping[str, Any], slots: Mapping[str, int], now: datetime) -> Message:
    """A message of a poll's answer, read at ``now``. A SIM that the phone does not know has the slot -1."""
    return Message(
        key=f"{row['uid']}/{row['attempt']}",
        uid=row["uid"],
        attempt=row["attempt"],
        slot=slots.get(row["sim_uid"], -1),
        sim=row["sim_uid"],
        number=row["number"],
        body=row["body"],
        parts=row["parts"],
        priority=0,
        created_at=now,
        valid_until=datetime.fromisoformat(row["valid_until"]),
    )


def report_rows(entry: Entry) -> Iterator[dict[str, Any]]:
    """What the server is to know of a message: one row, or one for each part."""
    parts, failed = entry.message.parts, entry.failed_part
    if entry.state in ("sent", "delivered"):
        for part in range(1, parts + 1):
            yield _row(entry, entry.state, part)
    else:
        for part in range(1, failed or 1):
            yield _row(entry, "sent", part)
        yield _row(entry, entry.state, failed or 1)


def _row(entry: Entry, state: State, part: int) -> dict[str, Any]:
    message = entry.message
    row = {
        "uid": message.uid,
        "attempt": message.attempt,
        "status": _STATUS[state],
        "part": part,
        "parts": message.parts,
        "at": entry.times[entry.state].isoformat(),
        "sim_uid": message.sim,
    }
    return row | ({"code": entry.code} if state == "failed" else {})


def health(device: Device) -> dict[str, Any]:
    """The heartbeat that rides on reports."""
    return {
        "battery": device.faults.battery,
        "charging": device.faults.is_charging,
        "network": "lte",
        "signal": -97,
        "queue": device.journal.waiting,
        "clock": device.now().isoformat(),
    }


def shown_inbound(inbound: Inbound, slots: Mapping[str, int]) -> dict[str, Any]:
    """A message that the phone received."""
    sim = next((uid for uid, slot in slots.items() if slot == inbound.slot), None)
    row = {"id": inbound.id, "sim_uid": sim, "number": inbound.number, "body": inbound.body}
    return {"messages": [row | {"at": inbound.at.isoformat()}]}
