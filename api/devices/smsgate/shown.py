"""What the app gets, in its own words."""

from datetime import UTC, datetime
from typing import Any

from domain.devices.messages import Offer
from domain.devices.smsgate.events import EVENTS
from domain.devices.smsgate.ids import message_id
from store.devices.sealing import Secrets

PATH = "/api/gateway/sms/android/smsgate"
"""The address that people enter in the app ends with it."""

_TRANSACTIONAL = 100
"""The app sends messages of this priority or above past the limits that are set in it."""
_LEAST, _MOST = -128, 99
_LOG_DAYS = 30
"""For so long the app knows ids: longer than any message is valid."""
_PING_SECONDS = 300
_TRIES = 15


def message(offer: Offer) -> dict[str, Any]:
    """A message. It has one recipient, so that its state is that recipient's."""
    return {
        "id": message_id(offer.uid, offer.attempt),
        "textMessage": {"text": offer.body},
        "phoneNumbers": [offer.recipient],
        "simNumber": offer.slot + 1,
        "withDeliveryReport": True,
        "validUntil": time(offer.valid_until),
        "priority": _TRANSACTIONAL if offer.priority < 0 else max(_LEAST, min(_MOST, -offer.priority)),
        "isEncrypted": False,
        "state": "Cancelling" if offer.is_cancelling else "Pending",
        "createdAt": time(offer.created_at),
    }


def settings(secrets: Secrets) -> dict[str, Any]:
    """Settings. With its usual ones the app would wait for Google's push service, which only its vendor can use."""
    return {
        "gateway": {"notification_channel": "SSE_ONLY"},
        "messages": {
            "limit_period": "Disabled",
            "sim_selection_mode": "OSDefault",
            "processing_order": "FIFO",
            "log_lifetime_days": _LOG_DAYS,
        },
        "ping": {"interval_seconds": _PING_SECONDS},
        "webhooks": {"internet_required": True, "retry_count": _TRIES, "signing_key": secrets.signing_key},
    }


def webhooks(base_url: str, secrets: Secrets) -> list[dict[str, str]]:
    """Where the app is to post events."""
    url = f"{base_url.rstrip('/')}{PATH}/in/{secrets.inbound}"
    return [{"id": f"xsender-{event.replace(':', '-')}", "url": url, "event": event} for event in EVENTS]


def time(when: datetime) -> str:
    """A time as the app reads it."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
