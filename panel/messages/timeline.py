"""The story of a message: what happened to it, in order, from what the API tells of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from panel.messages.words import OUTCOMES, WAITS, look_of_receipt, look_of_state
from panel.rendering.words import Look, _


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, or that is going on."""

    at: str | None
    """ISO 8601; ``None``: now."""
    look: Look
    gateway: str = ""
    """Whose doing it was: shown before the words."""
    told: str = ""
    """More about it, as the provider said it."""
    until: str | None = None
    url: str = ""


def timeline(message: Mapping[str, Any]) -> list[Event]:
    """In the order in which it happened, with what it waits for at the end."""
    dated = sorted(_dated(message), key=lambda event: datetime.fromisoformat(str(event.at)))
    return [*dated, *_end(message, dated)]


def _dated(message: Mapping[str, Any]) -> Iterator[Event]:
    yield Event(message["created_at"], Look("calm", "inbox", _("Accepted")))
    for entry in message.get("journal", ()):
        if entry["kind"] in _JOURNAL:
            yield Event(entry["occurred_at"], _JOURNAL[entry["kind"]], told=str(entry["amount"]))
    for attempt in message["attempts"]:
        look = OUTCOMES.get(attempt["outcome"]) or Look("calm", "info", attempt["outcome"])
        told = ": ".join(part for part in (attempt["code"], attempt["reason"]) if part)
        yield Event(attempt["ended_at"] or attempt["started_at"], look, attempt["gateway"], told)
    for receipt in message["receipts"]:
        told = ": ".join(part for part in (receipt["code"], receipt["reason"]) if part)
        yield Event(receipt["at"], look_of_receipt(receipt["kind"]), told=told, url=receipt["url"] or "")


_JOURNAL = {
    "hold": Look("calm", "coins", _("Credits were held")),
    "capture": Look("calm", "coins", _("Credits were spent")),
    "release": Look("calm", "coins", _("Credits were given back")),
    "refund": Look("calm", "coins", _("Credits were refunded")),
}


def _end(message: Mapping[str, Any], before: list[Event]) -> Iterator[Event]:
    """What it waits for; or its state, if nothing before tells it."""
    if waiting := message["waiting"]:
        if waiting["for"] == "gateway_answer" and message["attempts"]:
            return
        words = WAITS.get(waiting["for"], waiting["for"])
        yield Event(None, Look("warn", "clock", words), told=waiting.get("reason") or "", until=waiting["until"])
    elif not any(event.look == look_of_state(message["state"]) for event in before) and message["state"] in _OURS:
        told = ": ".join(part for part in (message["code"], message["reason"]) if part)
        yield Event(message["updated_at"] or message["created_at"], look_of_state(message["state"]), told=told)


_OURS = ("rejected", "failed", "expired", "cancelled", "unknown")
"""States that we decide on, so that no report of a provider tells them."""
