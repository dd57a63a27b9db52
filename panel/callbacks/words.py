"""Events, and how endpoints and deliveries stand, in words. English: it is translated where it is shown."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from panel.rendering.words import Look, _

EVENTS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        _("Messages"),
        (
            ("message.sent", _("A gateway accepted it")),
            ("message.delivered", _("It was delivered")),
            ("message.read", _("It was read")),
            ("message.deferred", _("It is delayed")),
            ("message.rejected", _("It was rejected")),
            ("message.bounced", _("It bounced")),
            ("message.undelivered", _("It could not be delivered")),
            ("message.expired", _("It expired")),
            ("message.failed", _("It failed")),
            ("message.cancelled", _("It was cancelled")),
            ("message.unknown", _("The gateway's answer was lost")),
        ),
    ),
    (
        _("What recipients do"),
        (
            ("inbound.received", _("They wrote to you")),
            ("message.opened", _("They opened it")),
            ("message.clicked", _("They clicked a link")),
            ("message.complained", _("They reported it as spam")),
            ("message.unsubscribed", _("They unsubscribed")),
        ),
    ),
    (
        _("Leads and automations"),
        (
            ("lead.received", _("A lead has come")),
            ("lead_source.parked", _("A source of leads is not reached")),
            ("lead_source.expiring", _("The token of a source ends soon")),
            ("lead_source.silent", _("A source has been silent for long")),
            ("automation.notice", _("A step tells something")),
            ("automation.failing", _("Runs of an automation fail")),
            ("automation.paused", _("An automation was paused")),
        ),
    ),
    (
        _("The account"),
        (
            ("credit.low", _("Credits are low")),
            ("domain.verified", _("A domain is verified")),
            ("domain.failing", _("A domain is about to be lost")),
            ("domain.unverified", _("A domain is lost")),
            ("device.offline", _("Phones are offline")),
        ),
    ),
)
_KNOWN = {name: label for _group, events in EVENTS for name, label in events}
_KNOWN["endpoint.test"] = _("A test")

DELIVERIES: dict[str, Look] = {
    "pending": Look("calm", "clock", _("Waiting")),
    "delivered": Look("good", "circle-check", _("Delivered")),
    "failed": Look("bad", "circle-x", _("Failed")),
}
FILTERS = (("", _("All")), ("failed", _("Failed")), ("pending", _("Waiting")), ("delivered", _("Delivered")))
OVERLAPS = ((24, _("for a day")), (0, _("not at all")), (1, _("for an hour")), (168, _("for a week")))
SINCE = ((1, _("the last hour")), (24, _("the last day")), (168, _("the last week")), (720, _("the last 30 days")))
_STATES = {
    "on": Look("good", "circle-check", _("Working")),
    "failing": Look("bad", "triangle-alert", _("Failing")),
    "off": Look("calm", "circle-x", _("Off")),
}


def look_of(endpoint: Mapping[str, Any]) -> Look:
    """How an endpoint stands."""
    if not endpoint["enabled"]:
        return _STATES["off"]
    return _STATES["failing" if endpoint["failing_since"] else "on"]


def event_name(name: str) -> str:
    """An event in words; one that is new to the panel is shown by its name."""
    return _KNOWN.get(name, name)


def summary(events: Sequence[str] | None) -> str:
    """A few names of events."""
    return "" if events is None else ", ".join(events[:3]) + (f" +{len(events) - 3}" if len(events) > 3 else "")


def readable(data: Any) -> str:
    """What is posted, with indents."""
    return json.dumps(data, indent=2, ensure_ascii=False)
