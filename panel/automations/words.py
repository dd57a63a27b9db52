"""What steps and triggers are called, and how each is told in a line. English: translated where it is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from panel.rendering.words import _


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of step."""

    icon: str
    label: str
    told: str
    """What it is for, when one is chosen."""
    look: str = "calm"


KINDS: dict[str, Kind] = {
    "send": Kind("send", _("Send a message"), _("By email, SMS or WhatsApp."), "accent"),
    "wait": Kind("timer", _("Wait"), _("For a while, until a date, or until a time of the day.")),
    "wait_event": Kind(
        "bell", _("Wait for an event"), _("An order, a click, a reply: or until the time is up."), "warn"
    ),
    "branch": Kind("git-branch", _("Branch"), _("Different ways by what is known of a person."), "warn"),
    "split": Kind("split", _("Split by chance"), _("To compare ways with each other."), "warn"),
    "set": Kind("square-pen", _("Change the contact"), _("Its fields, tags, groups or consent.")),
    "call": Kind("webhook", _("Call a URL"), _("Another system, whose answer can be used.")),
    "emit": Kind("radio-tower", _("Record an event"), _("It may start other automations.")),
    "start": Kind("circle-play", _("Start another automation"), _("For the same person.")),
    "stop": Kind("circle-x", _("Stop other automations"), _("In which this person is.")),
    "notify": Kind("megaphone", _("Tell somebody of yours"), _("By mail, or by a callback.")),
    "goal": Kind("target", _("Goal"), _("Who waits before it goes on here as soon as something happens."), "good"),
    "exit": Kind("log-out", _("End"), _("The person leaves the automation here.")),
}

TRIGGERS: dict[str, Kind] = {
    "webhook": Kind("webhook", _("A post to a hook"), _("From a shop, a form or any other system.")),
    "event": Kind("activity", _("An event"), _("That your programs record.")),
    "lead": Kind("user-plus", _("A lead"), _("Of Meta, Google, LinkedIn or a form.")),
    "message": Kind("mail-check", _("What became of a message"), _("Delivered, opened, clicked …")),
    "inbound": Kind("message-square-text", _("A message from a person"), _("With or without a keyword.")),
    "tag": Kind("tag", _("A tag"), _("That was added or removed.")),
    "group": Kind("users", _("A group"), _("That somebody joined or left.")),
    "field": Kind("square-pen", _("A field"), _("That has changed.")),
    "date": Kind("calendar", _("A date"), _("In a field of the contact, such as a birthday.")),
    "schedule": Kind("calendar-clock", _("A schedule"), _("For all contacts that fit, again and again.")),
    "manual": Kind("mouse-pointer-click", _("By hand"), _("Or by the API.")),
}


_LONGEST = 120
"""Characters of a line."""


def name_of(automation: dict[str, Any]) -> str:
    """What it is called; a draft that was never published has the name in it."""
    draft = automation["draft"]
    return str(draft["name"] if automation["version"] is None and draft else automation["name"])


def summary(step: dict[str, Any]) -> str:
    """What a step does, in a line, from what it is set to."""
    told = _SUMMARIES.get(step["kind"])
    return told(step) if told else ""


def trigger_summary(trigger: dict[str, Any]) -> str:
    """What a trigger waits for, in a line."""
    named = ("hook", "event", "field", "name", "cron", "channel")
    parts = [str(trigger[name]) for name in named if trigger.get(name)]
    parts += [", ".join(trigger[name]) for name in ("source", "keywords") if trigger.get(name)]
    return " · ".join(parts)


def rules_summary(definition: dict[str, Any]) -> str:
    """What rules an automation has as a whole, in a line."""
    entry, goal = definition.get("entry") or {}, definition.get("goal") or {}
    window = (definition.get("settings") or {}).get("send_window") or {}
    parts = [condition_text(entry["filter"]) if entry.get("filter") else "", str(goal.get("event", ""))]
    parts += [f"{cap['count']} / {cap['per']}" for cap in entry.get("caps", [])]
    if window:
        parts.append(f"{window.get('from', '')}–{window.get('to', '')}")
    return " · ".join(part for part in parts if part)[:_LONGEST]


def condition_text(condition: Any) -> str:
    """A condition, as short as it can be read."""
    if not isinstance(condition, dict):
        return str(condition)
    for joint, word in (("all", " and "), ("any", " or ")):
        if joint in condition:
            return word.join(condition_text(part) for part in condition[joint])
    if "not" in condition:
        return f"not ({condition_text(condition['not'])})"
    if "field" in condition:
        value = condition.get("value", condition.get("ref", ""))
        return " ".join(str(part) for part in (condition["field"], condition.get("op", ""), value) if part != "")
    return " ".join(f"{name} {condition_text(value)}" for name, value in condition.items())


def _send(step: dict[str, Any]) -> str:
    content = step.get("content", {})
    text = step.get("template") or content.get("subject") or content.get("body") or content.get("message") or ""
    return f"{step['channel']}: {text}"


def _wait(step: dict[str, Any]) -> str:
    if "for" in step:
        return str(step["for"])
    if "until" in step:
        return f"{step['until']} {step.get('offset', '')}".strip()
    if "at" in step:
        return " ".join([*step["at"].get("days", []), step["at"].get("time", "")]).strip()
    window = step.get("window", {})
    return f"{' '.join(window.get('days', []))} {window.get('from', '')}–{window.get('to', '')}".strip()


def _wait_event(step: dict[str, Any]) -> str:
    event = step.get("event") or ", ".join(one.get("event", "") for one in step.get("any", []))
    return f"{event} · {step.get('timeout', '')}".strip(" ·")


def _set(step: dict[str, Any]) -> str:
    tags = step.get("tags", {})
    parts = [f"+{tag}" for tag in tags.get("add", [])] + [f"−{tag}" for tag in tags.get("remove", [])]
    parts += [f"{name} = {value}" for name, value in step.get("fields", {}).items()]
    parts += [f"+{group}" for group in step.get("groups", {}).get("add", [])]
    return ", ".join(parts)


_SUMMARIES: dict[str, Callable[[dict[str, Any]], str]] = {
    "send": _send,
    "wait": _wait,
    "wait_event": _wait_event,
    "set": _set,
    "call": lambda step: f"{step.get('method', 'POST')} {step['url']}",
    "emit": lambda step: str(step["event"]),
    "start": lambda step: str(step["automation"]),
    "stop": lambda step: str(step.get("automation", "")),
    "notify": lambda step: str(step["message"]),
    "goal": lambda step: str(step["event"]),
    "exit": lambda step: str(step.get("reason", "")),
}
