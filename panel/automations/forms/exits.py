"""Exits in a form: what ends a run wherever it is, an event or a condition."""

from collections.abc import Mapping
from typing import Any

from panel.automations.forms.conditions import Types, condition_of, edited, entered, lines_of
from panel.http.client import Refused
from panel.http.forms import Form

MOST = 20
KINDS = ("event", "when")
"""An exit at an event, or as soon as a condition is true."""

Exit = dict[str, Any]
"""Of a form: its ``kind``, ``event``, ``reason``, and ``lines``: of the event, or of the contact."""


def stored_exits(definition: Mapping[str, Any], types: Types) -> list[Exit]:
    """Those of a definition."""
    found = []
    for one in definition.get("exit") or []:
        kind = "when" if "when" in one else "event"
        lines = lines_of(one.get("when" if kind == "when" else "match"), types)
        found.append({"kind": kind, "event": one.get("event", ""), "reason": one.get("reason", ""), "lines": lines})
    return found


def entered_exits(form: Form) -> list[Exit]:
    """Those of a form that was sent."""
    return [
        {name: form.text(f"exit.{index}.{name}") for name in ("kind", "event", "reason")}
        | {"lines": entered(form, f"exit.{index}.lines")}
        for index in range(MOST)
        if form.text(f"exit.{index}.kind") in KINDS
    ]


def edited_exits(exits: list[Exit], named: str, what: str) -> list[Exit]:
    """With one more or less, or a line more or less in one."""
    action, _, which = what.partition(".")
    if named == "exits" and action == "add" and which in KINDS and len(exits) < MOST:
        return [*exits, {"kind": which, "event": "", "reason": "", "lines": lines_of(None, {})}]
    if named == "exits" and action == "remove" and which.isdigit():
        return [one for index, one in enumerate(exits) if index != int(which)]
    for index, one in enumerate(exits):
        if named == f"exit.{index}.lines":
            one["lines"] = edited(one["lines"], what)
    return exits


def exits_from(form: Form, types: Types) -> list[dict[str, Any]]:
    """As the API takes them; those that say nothing are left out.

    Raises:
        NotReadable: a condition that must be JSON is none.
    """
    found = []
    for index, one in enumerate(entered_exits(form)):
        condition = condition_of(one["lines"], types, f"exit.{index}.lines")
        kept: dict[str, Any] = {"event": one["event"]} if one["kind"] == "event" and one["event"] else {}
        if condition is not None:
            kept["when" if one["kind"] == "when" else "match"] = condition
        if kept:
            found.append(kept | ({"reason": one["reason"]} if one["reason"] else {}))
    return found


def wrong_in_exits(refused: Refused) -> dict[str, str]:
    """What the API says is wrong with them, by the field of the form."""
    found: dict[str, str] = {}
    for error in refused.errors:
        parts = error["pointer"].split("/")
        if len(parts) > 2 and parts[1] == "exit":
            name = parts[3] if len(parts) > 3 and parts[3] in ("event", "reason") else "lines"
            found.setdefault(f"exit.{parts[2]}.{name}", error["message"])
    return found
