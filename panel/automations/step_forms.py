"""Forms of steps: what can be entered of each kind, and the step that it makes.

A form manages the members that it names; what else a step has stays as it is, and can be seen and changed as JSON.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from panel.automations.conditions import Lines, NotReadable, Types, condition_of, entered, lines_of
from panel.automations.tree import Step
from panel.http.forms import Form
from panel.rendering.words import _


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form. ``path``: the member of the step that it is, with dots for members within."""

    path: str
    label: str
    kind: str = "text"
    """Or ``long``, ``json``, ``words`` (separated by commas), ``number``, ``choice``, ``condition``; ``match`` is a
    condition that asks for values of an event alone."""
    hint: str = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    rarely: bool = False
    """Whether it stands behind *More*."""
    of: str = ""
    """What it names the key of: ``templates``, ``gateways`` … (``suggesting.py``)."""

    @property
    def name(self) -> str:
        """Of its element."""
        return "f." + self.path


_LIQUID = _("Values are filled in: {{ contact.first_name }}, {{ event.total }}.")
_DURATION = _("Such as 30m, 2h or 3d.")
_CHANNELS = ("email", "sms", "whatsapp")
_MESSAGE_EVENTS = (
    *("sent", "delivered", "read", "opened", "clicked", "bounced", "complained", "undelivered", "unsubscribed"),
)

FIELDS: Mapping[str, tuple[Field, ...]] = {
    "send": (
        Field("channel", _("Channel"), "choice", choices=_CHANNELS, required=True),
        Field("template", _("Template"), hint=_("Its key. Leave it empty to write the text here."), of="templates"),
        Field("content.subject", _("Subject"), hint=_("Of an email.")),
        Field("content.body", _("Text"), "long", hint=_LIQUID),
        Field("if_unreachable", _("If the contact has no address"), "choice", choices=("skip", "stop"), rarely=True),
        Field("gateway", _("Gateway"), rarely=True, of="gateways"),
        Field("lane", _("Lane"), "choice", choices=("transactional", "bulk"), rarely=True),
    ),
    "wait": (
        Field("for", _("For"), hint=_DURATION),
        Field("until", _("Until"), hint=_("A date: 2027-12-24, or {{ event.appointment }}.")),
        Field("offset", _("Before or after that date"), hint=_("Such as -2d or +3h.")),
        Field("at.time", _("At the next"), hint=_("A time of the day: 09:30.")),
        Field("at.days", _("On these days"), "words", hint=_("mon, tue, wed, thu, fri, sat, sun")),
        Field("window.from", _("Only from"), hint=_("A time of the day."), rarely=True),
        Field("window.to", _("until"), rarely=True),
        Field("window.days", _("on these days"), "words", rarely=True),
        Field("timezone", _("Time zone"), hint=_("contact, account, or such as Europe/Berlin."), rarely=True),
        Field("jitter", _("Up to so much later"), hint=_DURATION, rarely=True),
    ),
    "wait_event": (
        Field("event", _("Event"), hint=_("Such as order.paid, message.clicked or message.replied."), required=True),
        Field("timeout", _("At most"), hint=_DURATION, required=True),
        Field("of", _("Of the step"), hint=_("Its id, for events of messages.")),
        Field("match", _("Only if"), "match"),
        Field("count", _("How many times"), "number", rarely=True),
        Field("since", _("Since"), rarely=True),
    ),
    "branch": (),
    "split": (Field("by", _("The same for"), "choice", choices=("contact", "run"), rarely=True),),
    "set": (
        Field("tags.add", _("Add tags"), "words"),
        Field("tags.remove", _("Remove tags"), "words"),
        Field("groups.add", _("Add to groups"), "words", hint=_("Keys of groups.")),
        Field("groups.remove", _("Remove from groups"), "words"),
        Field("fields", _("Set fields"), "json", hint=_('Such as {"city": "Berlin"}.')),
        Field(
            "consent", _("Consent"), "json", hint=_('Such as {"channel": "email", "state": "granted"}.'), rarely=True
        ),
    ),
    "call": (
        Field("method", _("Method"), "choice", choices=("POST", "GET", "PUT", "PATCH", "DELETE")),
        Field("url", _("URL"), required=True),
        Field("headers", _("Headers"), "json", hint=_('Such as {"Authorization": {"secret": "crm-token"}}.')),
        Field("body", _("Body"), "json", hint=_LIQUID),
        Field("save", _("Keep of the answer"), "json", hint=_('Such as {"crm_id": "/id"}: then {{ vars.crm_id }}.')),
        Field("timeout", _("At most"), hint=_DURATION, rarely=True),
    ),
    "emit": (Field("event", _("Event"), required=True), Field("data", _("Data"), "json", hint=_LIQUID)),
    "start": (
        Field("automation", _("Automation"), hint=_("Its key."), required=True, of="automations"),
        Field("data", _("Data"), "json", hint=_LIQUID),
    ),
    "stop": (
        Field("automation", _("Automation"), hint=_("Its key."), required=True, of="automations"),
        Field("reason", _("Reason")),
    ),
    "notify": (
        Field(
            "to", _("Whom"), "json", hint=_('{"role": "owner"}, {"email": "…"} or {"callback": true}.'), required=True
        ),
        Field("message", _("Message"), "long", hint=_LIQUID, required=True),
    ),
    "goal": (Field("event", _("Event"), required=True), Field("match", _("Only if"), "match")),
    "exit": (Field("reason", _("Reason"), hint=_("It is counted by reason.")),),
}
TRIGGER_FIELDS: Mapping[str, tuple[Field, ...]] = {
    "webhook": (
        Field("hook", _("Hook"), hint=_("Its key."), required=True, of="hooks"),
        Field("map", _("Where values stand"), "json", hint=_('Such as {"email": "/customer/email"}.')),
    ),
    "event": (
        Field("event", _("Event"), hint=_("Such as order.paid."), required=True),
        Field("match", _("Only if"), "match"),
    ),
    "lead": (Field("source", _("Sources"), "words", hint=_("Their keys; none: all."), of="sources"),),
    "message": (
        Field("event", _("What became of it"), "choice", choices=_MESSAGE_EVENTS, required=True),
        Field("channel", _("Channel"), "choice", choices=_CHANNELS),
    ),
    "inbound": (
        Field("channel", _("Channel"), "choice", choices=_CHANNELS),
        Field("keywords", _("Keywords"), "words", hint=_("None: any text.")),
    ),
    "tag": (
        Field("name", _("Tag"), required=True),
        Field("on", _("When it is"), "choice", choices=("added", "removed")),
    ),
    "group": (
        Field("name", _("Group"), hint=_("Its key."), required=True, of="groups"),
        Field("on", _("When somebody is"), "choice", choices=("added", "removed")),
    ),
    "field": (Field("field", _("Field"), required=True), Field("to", _("Changes to"))),
    "date": (
        Field("field", _("Field"), required=True),
        Field("offset", _("Before or after that date"), hint=_("Such as -2d or +3h.")),
        Field("at", _("At"), hint=_("A time of the day: 09:30.")),
    ),
    "schedule": (
        Field("cron", _("When"), hint=_("Five fields, such as 0 9 * * mon-fri."), required=True),
        Field("audience", _("For whom"), "condition", required=True),
    ),
    "manual": (),
}
COMMON: tuple[Field, ...] = (
    Field("name", _("Name"), rarely=True),
    Field("note", _("Note"), "long", hint=_("For your colleagues."), rarely=True),
    Field("if", _("Only if"), "condition", hint=_("Where it is false, the step is passed over."), rarely=True),
)
MOST_ARMS = 20
_CONDITIONS = ("condition", "match")


def fields_of(kind: str) -> tuple[Field, ...]:
    """All fields of a kind."""
    return FIELDS[kind] + COMMON


def values_of(shown_of: Mapping[str, Any], fields: Iterable[Field]) -> dict[str, Any]:
    """What the form of a step, or of a trigger, shows."""
    shown = {}
    for field in fields:
        if field.kind in _CONDITIONS:
            continue
        value = _get(shown_of, field.path)
        if field.kind == "json" and value is not None:
            value = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        elif field.kind == "words" and value:
            value = ", ".join(value)
        shown[field.name] = "" if value is None else value
    return shown


def conditions_of(
    shown_of: Mapping[str, Any] | None, form: Form, fields: Iterable[Field], types: Types
) -> dict[str, Lines]:
    """Those of a form, by the names of their fields; without ``shown_of`` as they were entered."""
    return {
        field.name: entered(form, field.name) if shown_of is None else lines_of(_get(shown_of, field.path), types)
        for field in fields
        if field.kind in _CONDITIONS
    }


def step_from(form: Form, kind: str, before: Mapping[str, Any], types: Types) -> Step:
    """The step that a form makes of the one before, with the steps in its arms.

    Raises:
        NotReadable: a field that must be JSON, or a number, is none.
    """
    step: Step = {**before, "kind": kind}
    for field in fields_of(kind):
        _put(step, field.path, _value(form, field, types))
    if kind == "branch":
        step["arms"] = list(_branch_arms(form, before.get("arms", []), types))
    if kind == "split":
        step["arms"] = list(_split_arms(form, before.get("arms", [])))
    if kind == "send" and step.get("template"):
        step.pop("content", None)
    return step


def trigger_from(form: Form, kind: str, before: Mapping[str, Any], types: Types) -> dict[str, Any]:
    """The trigger that a form makes.

    Raises:
        NotReadable: a field that must be JSON is none.
    """
    trigger: dict[str, Any] = {**before, "kind": kind} if before.get("kind") == kind else {"kind": kind}
    for field in TRIGGER_FIELDS[kind]:
        _put(trigger, field.path, _value(form, field, types))
    return trigger


def _branch_arms(form: Form, before: list[dict[str, Any]], types: Types) -> Iterator[dict[str, Any]]:
    """Those with a condition, or with steps: the API says of these that they lack one."""
    for index in range(MOST_ARMS):
        named = f"arm.{index}.when"
        when = condition_of(entered(form, named), types, named)
        steps = _steps_of(before, index)
        if when is not None or steps:
            name = form.text(f"arm.{index}.name")
            yield ({"name": name} if name else {}) | ({} if when is None else {"when": when}) | {"steps": steps}


def _split_arms(form: Form, before: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for index in range(MOST_ARMS):
        name, weight = form.text(f"arm.{index}.name"), form.text(f"arm.{index}.weight")
        steps = _steps_of(before, index)
        if weight or steps:
            if not weight.isdigit():
                raise NotReadable(f"arm.{index}.weight")
            yield ({"name": name} if name else {}) | {"weight": int(weight), "steps": steps}


def _steps_of(arms: list[dict[str, Any]], index: int) -> list[Step]:
    return list(arms[index].get("steps", [])) if index < len(arms) else []


def _value(form: Form, field: Field, types: Types) -> Any:
    if field.kind in _CONDITIONS:
        return condition_of(entered(form, field.name), types, field.name)
    text = form.raw(field.name).strip()
    if not text:
        return None
    if field.kind == "json":
        return _json(field.name, text)
    if field.kind == "words":
        return [part.strip() for part in text.split(",") if part.strip()]
    if field.kind == "number":
        if not text.isdigit():
            raise NotReadable(field.name)
        return int(text)
    return text


def _json(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise NotReadable(name) from None


def _get(step: Mapping[str, Any], path: str) -> Any:
    first, _, rest = path.partition(".")
    value = step.get(first)
    return value if not rest else value.get(rest) if isinstance(value, dict) else None


def _put(step: Step, path: str, value: Any) -> None:
    """Set a member, or take it away; what is empty then goes as well."""
    first, _, rest = path.partition(".")
    if rest:
        inner = dict(step[first]) if isinstance(step.get(first), dict) else {}
        _put(inner, rest, value)
        value = inner or None
    if value is None:
        step.pop(first, None)
    else:
        step[first] = value
