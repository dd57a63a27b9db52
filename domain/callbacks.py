"""Status callbacks: event types, payloads and retries. After standardwebhooks.com."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

import orjson

from domain.messages.page import ADMIN_ACCOUNT
from domain.messages.statuses import State, contract_word


class EventType(StrEnum):
    """Types of events. A state of a message is reported once, other events as often as they happen."""

    MESSAGE_SENT = "message.sent"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_READ = "message.read"
    MESSAGE_DEFERRED = "message.deferred"
    MESSAGE_REJECTED = "message.rejected"
    MESSAGE_BOUNCED = "message.bounced"
    MESSAGE_UNDELIVERED = "message.undelivered"
    MESSAGE_EXPIRED = "message.expired"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_CANCELLED = "message.cancelled"
    MESSAGE_UNKNOWN = "message.unknown"
    MESSAGE_OPENED = "message.opened"
    MESSAGE_CLICKED = "message.clicked"
    MESSAGE_COMPLAINED = "message.complained"
    MESSAGE_UNSUBSCRIBED = "message.unsubscribed"
    INBOUND_RECEIVED = "inbound.received"
    CREDIT_LOW = "credit.low"
    DOMAIN_VERIFIED = "domain.verified"
    DOMAIN_FAILING = "domain.failing"
    DOMAIN_UNVERIFIED = "domain.unverified"
    AUTOMATION_FAILING = "automation.failing"
    AUTOMATION_PAUSED = "automation.paused"
    AUTOMATION_NOTICE = "automation.notice"
    """Of a step that tells somebody."""
    LEAD_RECEIVED = "lead.received"
    LEAD_SOURCE_PARKED = "lead_source.parked"
    LEAD_SOURCE_EXPIRING = "lead_source.expiring"
    LEAD_SOURCE_SILENT = "lead_source.silent"
    DEVICE_OFFLINE = "device.offline"
    ALERT_RAISED = "alert.raised"
    """Of the install, to the admin: docs/alerts.md."""
    ALERT_LASTS = "alert.lasts"
    ALERT_ENDED = "alert.ended"
    AUDIT_EVENT = "audit.event"
    """An event of the audit log: for endpoints of the admin that name it."""

    @classmethod
    def of_state(cls, state: State) -> "EventType | None":
        """The event of a state; ``None``: the state is not reported."""
        return _OF_STATES.get(state)


_OF_STATES = {State(kind.partition(".")[2]): kind for kind in EventType if kind.partition(".")[2] in set(State)}

TEST_EVENT = "endpoint.test"
"""Sent to the requested endpoint, whatever it listens to."""

LADDER = (0.0, 5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds before each try, since the one before: about three days in all."""

_JITTER = 0.1

FAILING_SECONDS = 5 * 86_400.0
"""How long an endpoint may fail without a single success."""

SURE_TRIES = 3
"""Attempts at one event that must have failed before its endpoint counts as failing: one failure after days without
events does not disable it."""


def pause_after(tries: int, chance: float) -> float | None:
    """Seconds until the next try after ``tries``; ``None``: that was the last one.

    ``chance``, from 0 to 1, spreads those that failed together.
    """
    if tries >= len(LADDER):
        return None
    return LADDER[tries] * (1 + _JITTER * (2 * chance - 1))


def delivery_id(endpoint_id: UUID, kind: str, uid: UUID | None, key: str) -> UUID:
    """The id of the delivery of an event to an endpoint: deterministic, so that repeats are recognised."""
    return uuid5(endpoint_id, f"{kind}|{uid}|{key}")


def new_secret() -> str:
    """A secret to sign with: 32 random bytes in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A message at the time of an event."""

    uid: UUID
    account_id: int
    channel: str
    recipient: str
    state: str
    receipts: bool
    """Whether the gateway that accepted it reports deliveries."""
    code: str | None
    reason: str | None
    gateway: str | None
    provider_id: str | None
    test: bool
    """Whether it only pretends to be sent, by a test key."""
    at: datetime
    """When it reached this state."""
    replays: int = 0
    """How often it was sent again after it had failed: each time its states are reported anew."""

    def data(self) -> dict[str, Any]:
        """The message as callbacks show it."""
        by_admin = self.account_id == ADMIN_ACCOUNT
        return {
            "uid": self.uid,
            "channel": self.channel,
            "to": self.recipient,
            "state": self.state,
            "status": contract_word(State(self.state), self.receipts),
            "code": self.code,
            "reason": self.reason,
            "user_id": None if by_admin else self.account_id,
            "by_admin": by_admin,
            "gateway": self.gateway,
            "provider_id": self.provider_id,
            "test": self.test,
            "at": self.at,
        }


def encode_data(data: Mapping[str, Any]) -> bytes:
    """The ``data`` of an event as JSON, times in UTC."""
    return orjson.dumps(data, option=orjson.OPT_UTC_Z)


def payload(kind: str, occurred_at: datetime, data: str) -> bytes:
    """The body of a callback. ``data`` is JSON and goes into it as it is."""
    event = {"type": kind, "timestamp": occurred_at, "data": orjson.Fragment(data)}
    return orjson.dumps(event, option=orjson.OPT_UTC_Z)


@dataclass(frozen=True)
class CallbackRest:
    """The result of a round of deliveries. Times are Unix seconds."""

    next_at: float = 0.0
    """When the next one is due; 0: nothing is left."""
    quiet_until: float = 0.0
    """The customer's server accepts no requests before this time."""
