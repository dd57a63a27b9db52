"""Rules about members of steps that belong together, and about the whole tree."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from domain.automations.checks.outline import Outline, everything
from domain.automations.definition.limits import MAX_STEPS
from domain.automations.shapes.notes import Notes

_TEXTS = {
    "email": ({"subject", "message", "body", "preheader"}, "subject, and message or body"),
    "sms": ({"message", "body"}, "message or body"),
    "whatsapp": ({"message", "body", "media", "url", "template"}, "message or body, media with url, or template"),
}


def check_members(raw: Mapping[str, Any], steps: list[Outline], notes: Notes) -> bool:
    """Note what the shapes of single members cannot show; false: there are too many steps to look further."""
    found = list(everything(steps))
    if len(found) > MAX_STEPS:
        notes.add("/steps", "flow_steps", f"{len(found)} steps: an automation has at most {MAX_STEPS}")
        return False
    _check_ids(found, notes)
    settings = raw.get("settings")
    lane = settings.get("lane", "bulk") if isinstance(settings, Mapping) else "bulk"
    for step in found:
        if (rule := _RULES.get(step.kind)) is not None:
            rule(step, notes)
        if step.kind == "send" and step.raw.get("ignore_window") is True and step.raw.get("lane", lane) == "bulk":
            notes.add(f"{step.at}/ignore_window", "lane", "only transactional messages may ignore the send window")
        if step.kind == "start" and step.raw.get("automation") == raw.get("key"):
            notes.add(f"{step.at}/automation", "starts_itself", "an automation cannot start itself: use re-entry")
        _check_error_arm(step, notes)
    if isinstance(settings, Mapping):
        _check_window(settings.get("send_window"), "/settings/send_window", notes)
    return True


def _check_ids(steps: list[Outline], notes: Notes) -> None:
    counts = Counter(step.id for step in steps)
    first: set[str] = set()
    for step in steps:
        if step.id is None or counts[step.id] == 1:
            continue
        if step.id in first:
            notes.add(f"{step.at}/id", "step_repeated", f"the id {step.id[:64]!r} is taken: each step has its own")
        first.add(step.id)


def _check_error_arm(step: Outline, notes: Notes) -> None:
    on_error = step.raw.get("on_error")
    if not isinstance(on_error, Mapping):
        return
    if (on_error.get("then") == "arm") != ("arm" in on_error):
        notes.add(f"{step.at}/on_error", "arm_steps", "then 'arm' and its steps in arm go together")
    if step.kind == "call" and "retry" in on_error and "retry" in step.raw:
        notes.add(f"{step.at}/retry", "retry_twice", "give retry here or in on_error, not in both")


def _check_send(step: Outline, notes: Notes) -> None:
    _check_content(step.raw, step.at, notes)
    fallbacks = step.raw.get("fallback")
    for n, fallback in enumerate(fallbacks if isinstance(fallbacks, list) else []):
        if isinstance(fallback, Mapping):
            _check_content(fallback, f"{step.at}/fallback/{n}", notes)


def _check_content(raw: Mapping[str, Any], at: str, notes: Notes) -> None:
    channel, content = raw.get("channel"), raw.get("content")
    if not isinstance(channel, str) or channel not in _TEXTS or not isinstance(content, Mapping):
        return
    known, wanted = _TEXTS[channel]
    texts = ("message" in content) + ("body" in content)
    if channel == "whatsapp":
        media, is_template = "media" in content, "template" in content
        fits = media == ("url" in content) and texts < 2 and (is_template != bool(texts or media))
    else:
        fits = texts == 1 and (channel == "sms" or "subject" in content)
    if not fits or not known.issuperset(content):
        notes.add(f"{at}/content", "content", f"for {channel} give {wanted}")


def _check_wait(step: Outline, notes: Notes) -> None:
    _check_window(step.raw.get("window"), f"{step.at}/window", notes)
    at = step.raw.get("at")
    if isinstance(at, Mapping) and "days" in at and "day_of_month" in at:
        notes.add(f"{step.at}/at", "one_day", "give days or day_of_month, not both")


def _check_window(raw: Any, at: str, notes: Notes) -> None:
    if not isinstance(raw, Mapping):
        return
    begins, ends = raw.get("from"), raw.get("to")
    if isinstance(begins, str) and isinstance(ends, str) and ends <= begins:
        notes.add(f"{at}/to", "window_order", "a window ends later on the day on which it begins")


def _check_split(step: Outline, notes: Notes) -> None:
    arms = step.raw.get("arms")
    weights = [arm.get("weight") for arm in arms if isinstance(arm, Mapping)] if isinstance(arms, list) else []
    if weights and all(isinstance(weight, int | float) and weight == 0 for weight in weights):
        notes.add(f"{step.at}/arms", "split_weights", "at least one weight is more than 0")


_RULES: dict[str, Callable[[Outline, Notes], None]] = {
    "send": _check_send,
    "wait": _check_wait,
    "split": _check_split,
}
