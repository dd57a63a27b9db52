"""Webhooks of the app: messages that it received, and how the phone is."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from domain.devices.messages import Report
from domain.devices.received import MMS, MMS_ANNOUNCED, Received
from domain.devices.smsgate.ids import parse_id
from domain.devices.smsgate.values import mapping, moment, text, whole

EVENTS = (
    "sms:received",
    "sms:data-received",
    "mms:received",
    "mms:downloaded",
    "sms:cancelled",
    "system:ping",
    "app:started",
)
"""Those that the app is to post."""

_KINDS = {"sms:data-received": "data", "mms:received": MMS_ANNOUNCED, "mms:downloaded": MMS}
_MOST_VALUE = 5_000
"""Characters, as JSON."""
_BESIDES = frozenset({"messageId", "sender", "recipient", "simNumber", "phoneNumber", "message", "receivedAt", "body"})


def received_in(event: str, payload: Mapping[str, Any], device_id: UUID) -> Received | None:
    """The message that an event of a phone is about; ``None``: it is about none, or names no sender.

    Its key is made of what it says: the app may post one message twice, with two ids.
    """
    sender = text(payload.get("sender"), 320) or text(payload.get("phoneNumber"), 320)
    if event not in ("sms:received", *_KINDS) or sender is None:
        return None
    sim = whole(payload.get("simNumber"))
    at = text(payload.get("receivedAt"), 50)
    body = text(payload.get("message")) or text(payload.get("body")) or ""
    same = [at or text(payload.get("messageId"), 320), text(payload.get("transactionId"), 320)]
    return Received(
        key=sha256(orjson.dumps([event, sender, body, *same])).hexdigest(),
        sender=sender,
        body=body,
        at=moment(at),
        slot=sim - 1 if sim else None,
        recipient=text(payload.get("recipient"), 320),
        kind=_KINDS.get(event),
        content=_content(payload, device_id) if event in _KINDS else None,
    )


def cancelled_in(event: str, payload: Mapping[str, Any]) -> Report | None:
    """That a message was taken back."""
    known = parse_id(text(payload.get("messageId"), 40) or "") if event == "sms:cancelled" else None
    return None if known is None else Report(*known, "cancelled", at=moment(payload.get("cancelledAt")))


def health_in(event: str, payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """How the phone is; ``None``: the event does not say."""
    if event != "system:ping":
        return None
    checks = mapping(mapping(payload.get("health")).get("checks"))
    battery, charging, online, failed = (
        whole(mapping(checks.get(name)).get("observedValue"))
        for name in ("battery:level", "battery:charging", "connection:status", "messages:failed")
    )
    found = {
        "battery": battery,
        "charging": None if charging is None else charging != 0,
        "network": None if online is None else "online" if online else "offline",
        "failed_last_hour": failed,
    }
    return {name: value for name, value in found.items() if value is not None}


def _content(payload: Mapping[str, Any], device_id: UUID) -> str:
    """Which phone it is from and what else it says, as JSON text; what is long, such as a picture, is left out."""
    more = {name: value for name, value in payload.items() if name not in _BESIDES}
    short = {name: value for name, value in more.items() if len(_json(value)) <= _MOST_VALUE}
    return _json(short | ({} if short == more else {"truncated": True}) | {"device": str(device_id)})


def _json(value: object) -> str:
    """Numbers may have any length, which orjson refuses."""
    return json.dumps(value, separators=(",", ":"))
