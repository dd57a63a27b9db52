"""Settings that a server gives the app "SMS Gateway for Android"."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from phones.device import Limits

_PERIODS = {"PerMinute": 60.0, "PerHour": 3600.0, "PerDay": 86400.0}
"""Seconds; ``Disabled`` and any other word: no limit."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Those that matter beside the limits of sending."""

    channel: str = "AUTO"
    """How the phone learns of messages: ``SSE_ONLY`` keeps it from waiting for Google's push."""
    ping: float = 300.0
    """Seconds between two pings."""
    signing_key: str = ""
    """Of webhooks."""


def read_settings(body: Mapping[str, Any], limits: Limits) -> Settings:
    """Read an answer, and set the limits of sending by it. What it leaves out stays as it is, or has its default."""
    messages = body.get("messages", {})
    shortest = float(messages.get("send_interval_min", limits.interval[0]))
    limits.interval = (shortest, max(shortest, float(messages.get("send_interval_max", limits.interval[1]))))
    period = _PERIODS.get(messages.get("limit_period", "Disabled"))
    limits.count = max(1, int(messages["limit_value"])) if period and messages.get("limit_value") else None
    limits.period = period or limits.period
    limits.is_fifo = messages.get("processing_order", "LIFO") == "FIFO"
    default = Settings()
    return Settings(
        channel=body.get("gateway", {}).get("notification_channel", default.channel),
        ping=float(body.get("ping", {}).get("interval_seconds", default.ping)),
        signing_key=body.get("webhooks", {}).get("signing_key", default.signing_key),
    )
