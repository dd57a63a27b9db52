"""The shape of a definition as a whole."""

from typing import Any

from domain.automations.definition import flow
from domain.automations.definition.limits import MAX_TRIGGERS, SCHEMA
from domain.automations.definition.steps import OnError
from domain.automations.shapes.common import (
    CONDITION,
    EVENT,
    FILTER,
    KEY,
    LANE,
    MATCH,
    NAME,
    NOTE,
    RUN,
    VARIABLE,
    WINDOW,
    ZONE,
)
from domain.automations.shapes.containers import ListOf, MapOf, Object, OneOf
from domain.automations.shapes.scalars import Choice, Flag, Liquid, Plain, Text, Whole
from domain.automations.shapes.steps import ALL_STEPS, RETRY
from domain.automations.shapes.triggers import TRIGGER

_REASON = Text(120)
_ENTRY = Object(
    flow.Entry,
    {
        "key": Liquid(),
        "filter": FILTER,
        "re_entry": Object(flow.ReEntry, {"mode": Choice(["never", "after_exit", "always"]), "pause": RUN}, ["mode"]),
        "on_duplicate": Choice(["ignore", "restart", "update"]),
        "caps": ListOf(Object(flow.Cap, {"count": Whole(1), "per": RUN}, ["count", "per"]), 5),
        "create_contact": Flag(),
    },
)
_EXIT = OneOf(
    [
        Object(flow.ExitRule, {"event": EVENT, "match": MATCH, "reason": _REASON}, ["event"]),
        Object(flow.ExitRule, {"when": CONDITION, "reason": _REASON}, ["when"]),
    ],
    lambda raw: int(isinstance(raw, dict) and "when" in raw and "event" not in raw),
)
_GOAL = Object(flow.Goal, {"event": EVENT, "match": MATCH, "within": RUN, "exit": Flag()}, ["event"])
_SETTINGS = Object(
    flow.FlowSettings,
    {
        "timezone": ZONE,
        "send_window": WINDOW,
        "cap": Object(flow.MessageCap, {"messages": Whole(1), "per": RUN}, ["messages", "per"]),
        "lane": LANE,
        # Without an arm of steps: those need a place in the tree.
        "on_error": Object(OnError, {"retry": RETRY, "then": Choice(["stop", "skip", "exit"])}, ["then"]),
        "alert": ListOf(Text(254), 20),
        "max_entries_per_hour": Whole(1),
        "approve_above_credits": Whole(0),
    },
)


def _make(**members: Any) -> flow.Flow:
    members.pop("schema")
    trigger = members.pop("trigger", None)
    triggers = members.pop("triggers", ()) or (trigger,)
    return flow.Flow(triggers=triggers, **members)


FLOW = Object(
    _make,
    {
        "schema": Choice([SCHEMA]),
        "key": KEY,
        "name": NAME,
        "description": NOTE,
        "trigger": TRIGGER,
        "triggers": ListOf(TRIGGER, MAX_TRIGGERS, 1),
        "entry": _ENTRY,
        "exit": ListOf(_EXIT, 20),
        "goal": _GOAL,
        "settings": _SETTINGS,
        "vars": MapOf(VARIABLE, Plain(), 50),
        "steps": ALL_STEPS,
    },
    ["schema", "key", "name", "steps"],
    one_of=["trigger", "triggers"],
)
