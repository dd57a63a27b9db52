"""The course of simulations, for people to read."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import unescape
from typing import Any

from domain.text.printable import visible

_MOST_TEXT = 400
_HEAD = re.compile(r"<(style|head|title)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_BREAK = re.compile(r"<br\b[^>]*>|</(?:p|div|tr|li|h[1-6])>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


def write(answers: Sequence[Mapping[str, Any]]) -> None:
    """Print what came of simulations."""
    for place, answer in enumerate(answers):
        if place:
            print()
        for line in _lines(answer):
            print(visible(line))


def _lines(answer: Mapping[str, Any]) -> list[str]:
    lines = [f"== {answer['name']}"] if answer["name"] else []
    lines += [f"enters {_time(answer['began_at'])}: {answer['entry']} (times of {answer['time_zone']} in brackets)"]
    for moment in answer["course"]:
        lines += [f"{_time(moment['at'])} ({moment['local']:%a %H:%M})  {_what(moment)}", *_more(moment)]
    lines.append(_end(answer))
    lines += [f"warning: {one['message']}" for one in answer["warnings"]]
    lines += [
        f"NOT AS EXPECTED: {one['expectation']}: expected {one['expected']}, found {one['found']}"
        for one in answer["unmet"]
    ]
    return lines


def _end(answer: Mapping[str, Any]) -> str:
    if answer["state"] is None:
        return f"not let in: {answer['entry']}"
    spent = ", ".join(f"{number} {channel}" for channel, number in answer["credits"].items()) or "none"
    why = f" ({answer['exit']})" if answer["exit"] else ""
    error = f": {answer['error']['message']}" if answer["error"] else ""
    return f"{answer['state']}{why}{error} {_time(answer['ended_at'])}, credits: {spent}"


def _what(moment: Mapping[str, Any]) -> str:
    match moment["kind"]:
        case "wait":
            rule = " ".join(f"{name} {_plain(value)}" for name, value in moment["rule"].items())
            return f"{moment['step']}: waits until {_time(moment['until'])} ({rule})"
        case "event":
            of = f" of {moment['of']}" if "of" in moment else ""
            return f"* {moment['event']}{of} {_plain(moment.get('data', ''))}".rstrip()
        case "message":
            return f"* the message of {moment['step']} leaves: {moment['state']}"
    outcome = {name: value for name, value in moment["outcome"].items() if name != "asked"}
    told = ", ".join(f"{name} {_plain(value)}" for name, value in outcome.items() if value not in (None, "", []))
    return f"{moment['step']} [{moment['does']}]: {told}"


def _more(moment: Mapping[str, Any]) -> list[str]:
    asked = moment.get("outcome", {}).get("asked", ())
    lines = [
        f"    {arm['name']}? {leaf['asked']}: {'yes' if leaf['is'] else 'no'}, {leaf['why']}"
        for arm in asked
        for leaf in arm["why"]
    ]
    if (message := moment.get("message")) is not None:
        lines += [f"    {line}" for line in _message(message)]
    return lines


def _message(message: Mapping[str, Any]) -> list[str]:
    if message["leaves_at"] is None:
        return [
            f"{message['channel']} to {message['to']}: {message['state']}, {message['code']} {message['reason'] or ''}"
        ]
    parts = f", {message['segments']} part(s)" if "segments" in message else ""
    lines = [f"{message['channel']} to {message['to']}: {message['state']}, {message['credits']} credit(s){parts}"]
    if message.get("subject"):
        lines.append(f"subject: {message['subject']}")
    text = message.get("text") or _words(message.get("html") or "") or message.get("template") or ""
    lines += [line for line in str(text)[:_MOST_TEXT].splitlines() if line.strip()]
    for one in message.get("fallbacks", ()):
        lines.append(
            f"else, after {one['after_seconds']:g} s, {one['channel']} to {one['to']}: {one['credits']} credit(s)"
        )
    return lines + [f"warning: {one}" for one in message.get("warnings", ())]


def _words(html: str) -> str:
    return unescape(_TAG.sub("", _BREAK.sub("\n", _HEAD.sub("", html))))


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, list) else str(value)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"
