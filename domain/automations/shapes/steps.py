"""The shape of each kind of step."""

from collections.abc import Sequence
from typing import Any

from domain.audience.consents import ConsentState
from domain.automations.definition import steps
from domain.automations.definition.limits import MAX_ARMS, MAX_WAIT
from domain.automations.shapes.common import (
    AT_TIME,
    CALL,
    CHANNEL,
    CONDITION,
    CONTACT_FIELD,
    EVENT,
    FALLBACK_AFTER,
    KEY,
    LANE,
    MATCH,
    NAME,
    NOTE,
    POINTER,
    STEP_ID,
    VARIABLE,
    WAIT,
    WINDOW,
    ZONE,
)
from domain.automations.shapes.containers import FreeJson, Kinds, ListOf, MapOf, Named, Object, OneOf, StepList
from domain.automations.shapes.lengths import Offset
from domain.automations.shapes.notes import Shape
from domain.automations.shapes.scalars import Choice, Flag, Liquid, Plain, Text, Whole

_STEP = Named("step", lambda: Kinds(_KINDS, steps.RESERVED))
STEPS = StepList(_STEP)
ALL_STEPS = StepList(_STEP, least=1)

RETRY = Object(steps.Retry, {"max": Whole(0, 20), "backoff": WAIT, "cap": WAIT})
_ON_ERROR = Named(
    "on_error",
    lambda: Object(
        steps.OnError, {"retry": RETRY, "then": Choice(["stop", "skip", "exit", "arm"]), "arm": STEPS}, ["then"]
    ),
)
_COMMON: dict[str, Shape] = {
    "id": STEP_ID,
    "kind": Text(20),
    "name": NAME,
    "note": NOTE,
    "if": CONDITION,
    "disabled": Flag(),
    "on_error": _ON_ERROR,
}

_CONTENT = Named(
    "content",
    lambda: Object(
        steps.Content,
        {
            "subject": Liquid(),
            "preheader": Liquid(),
            "message": Liquid(html=True),
            "body": Liquid(),
            "media": Choice(["image", "audio", "video", "document"]),
            "url": Liquid(),
            "template": FreeJson(),
        },
    ),
)
_TEMPLATE = Text(64, "[a-z0-9][a-z0-9_-]{0,63}", "the key of a template")
_GATEWAY = Text(200)
_FALLBACK = Named(
    "fallback",
    lambda: Object(
        steps.Fallback,
        {
            "channel": CHANNEL,
            "after": FALLBACK_AFTER,
            "if": Choice(["not_delivered", "not_read"]),
            "template": _TEMPLATE,
            "content": _CONTENT,
            "gateway": _GATEWAY,
        },
        ["channel", "after"],
        one_of=["template", "content"],
    ),
)
_ARM = Object(steps.BranchArm, {"name": NAME, "when": CONDITION, "steps": STEPS}, ["when", "steps"])
_SPLIT_ARM = Object(steps.SplitArm, {"name": NAME, "weight": Whole(0, 1000), "steps": STEPS}, ["weight", "steps"])

_NAMES = Object(steps.Names, {"add": ListOf(Text(100), 50), "remove": ListOf(Text(100), 50)}, some_of=["add", "remove"])
_CONSENT = Object(
    steps.ConsentChange,
    {
        "channel": CHANNEL,
        "purpose": Text(50, r"[a-z0-9][a-z0-9_-]{0,49}|\*", "the key of a purpose, or *"),
        "state": Choice([ConsentState.GRANTED.value, ConsentState.WITHDRAWN.value]),
    },
    ["channel", "state"],
)
_URL = Liquid(
    begins=r"https?://[^/{}?#\\\s]+",
    what="a URL that begins with https:// and a host that is written out: no event may choose where secrets go",
)
_SECRET = Object(steps.Secret, {"secret": KEY}, ["secret"])
_HEADERS = MapOf(
    Text(100, "[A-Za-z0-9!#$%&'*+.^_`|~-]+", "the name of a header"),
    OneOf([Liquid(), _SECRET], lambda raw: int(isinstance(raw, dict))),
    30,
)
_STATUS = Object(steps.Expect, {"status": ListOf(Whole(100, 599), 50)})
_RECIPIENT = Object(
    steps.Recipient,
    {"role": Text(100), "staff": Text(100), "email": Text(254), "callback": Flag(only=True)},
    one_of=["role", "staff", "email", "callback"],
)


def _kind(
    make: type[steps.Step], members: dict[str, Shape], required: Sequence[str] = (), **rules: Any
) -> tuple[str, Object]:
    return make.kind, Object(make, _COMMON | members, ["id", "kind", *required], **rules)


_KINDS: dict[str, Object] = dict(
    [
        _kind(
            steps.Send,
            {
                "channel": CHANNEL,
                "template": _TEMPLATE,
                "content": _CONTENT,
                "to": Liquid(),
                "gateway": _GATEWAY,
                "lane": LANE,
                "on_unknown": Choice(["hold", "resend"]),
                "fallback": ListOf(_FALLBACK, 3),
                "ignore_window": Flag(),
                "if_unreachable": Choice(["skip", "stop", "exit"]),
                "await": Choice(["accepted", "none"]),
            },
            ["channel"],
            one_of=["template", "content"],
        ),
        _kind(
            steps.Wait,
            {
                "for": WAIT,
                "until": Liquid(),
                "at": AT_TIME,
                "window": WINDOW,
                "timezone": ZONE,
                "offset": Offset(MAX_WAIT),
                "if_past": Choice(["continue", "exit", "skip_next"]),
                "jitter": WAIT,
            },
            one_of=["for", "until", "at", "window"],
            needs={"offset": "until", "if_past": "until"},
        ),
        _kind(
            steps.WaitEvent,
            {
                "event": EVENT,
                "any": ListOf(EVENT, 10, 2),
                "match": MATCH,
                "of": STEP_ID,
                "since": Text(64, STEP_ID.pattern, "entry, or the id of a step", ("exit",)),
                "count": Whole(1, 1000),
                "timeout": WAIT,
                "then": STEPS,
                "else": STEPS,
                "save": VARIABLE,
            },
            ["timeout"],
            one_of=["event", "any"],
        ),
        _kind(steps.Branch, {"arms": ListOf(_ARM, MAX_ARMS, 1), "else": STEPS}, ["arms"]),
        _kind(
            steps.Split,
            {
                "by": Choice(["contact", "run"]),
                "salt": Text(64),
                "arms": ListOf(_SPLIT_ARM, MAX_ARMS, 2),
            },
            ["arms"],
        ),
        _kind(
            steps.SetValues,
            {
                "fields": MapOf(CONTACT_FIELD, Plain(liquid=True), 50),
                "tags": _NAMES,
                "groups": _NAMES,
                "consent": _CONSENT,
            },
            some_of=["fields", "tags", "groups", "consent"],
        ),
        _kind(
            steps.Call,
            {
                "method": Choice(["GET", "POST", "PUT", "PATCH", "DELETE"]),
                "url": _URL,
                "headers": _HEADERS,
                "body": FreeJson(only_object=False),
                "timeout": CALL,
                "retry": Object(steps.Retry, {"max": Whole(0, 20), "backoff": WAIT}),
                "expect": _STATUS,
                "save": MapOf(VARIABLE, POINTER, 20),
                "sign": Flag(),
            },
            ["url"],
        ),
        _kind(steps.Emit, {"event": EVENT, "data": FreeJson()}, ["event"]),
        _kind(steps.Start, {"automation": KEY, "data": FreeJson()}, ["automation"]),
        _kind(
            steps.Stop,
            {"automation": KEY, "all": Flag(only=True), "reason": Text(200, least=0)},
            one_of=["automation", "all"],
        ),
        _kind(steps.Notify, {"to": _RECIPIENT, "message": Liquid()}, ["to", "message"]),
        _kind(steps.GoalStep, {"event": EVENT, "match": MATCH}, ["event"]),
        _kind(steps.Exit, {"reason": NAME}),
    ]
)
