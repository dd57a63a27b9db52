"""Fields of steps and triggers: what can be entered of each kind. What else they have can be changed as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from panel.rendering.words import _

NOT_ARRIVING = _("If it does not arrive")
FAILS = _("If it fails")
MORE = _("More")
HEADINGS: Mapping[str, str] = {NOT_ARRIVING: "repeat", FAILS: "triangle-alert", MORE: "sliders-horizontal"}
"""Behind which fields stand, in their order, each with its icon."""
LISTS = ("rows", "pairs")
"""Kinds of fields that have several lines."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form. ``path``: the member of the step that it is, with dots for members within."""

    path: str
    label: str
    kind: str = "text"
    """Or ``long``, ``json``, ``words`` (separated by commas), ``number``, ``choice``, ``flag``, ``condition``;
    ``match`` is a condition that asks for values of an event alone. ``rows``: a list of objects. ``pairs``: an object
    with members of any name, as lines of a ``name`` and a ``value``."""
    hint: str = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    behind: str = ""
    """The heading that it stands behind; "": it is seen at once."""
    of: str = ""
    """What it names the key of: ``templates``, ``gateways`` … (``suggesting.py``)."""
    example: str = ""
    """Stands in the field while it is empty."""
    rows: tuple["Field", ...] = ()
    """Of a list: what each line has."""
    most: int = 0
    """Of a list: lines."""
    each: str = ""
    """Of a list: what a line is called."""
    is_narrow: bool = False
    """Whether it stands in a row with others that are, behind those that are not."""
    at: str = "f."
    """Before its path in the name of its element."""

    @property
    def name(self) -> str:
        """Of its element."""
        return self.at + self.path

    @property
    def options(self) -> list[tuple[str, str]]:
        """Choices, and how each is told."""
        return [(choice, CHOICES.get(choice, choice)) for choice in self.choices]

    @property
    def is_short(self) -> bool:
        """Of a list: whether each is a line, and no part of the form with fields below each other."""
        return len(self.rows) < 3


CHOICES: Mapping[str, str] = {
    **{"email": _("Email"), "sms": _("SMS"), "whatsapp": "WhatsApp"},
    **{"never": _("Never"), "after_exit": _("After it has left"), "always": _("Always")},
    **{
        "ignore": _("Who is inside stays as they are"),
        "restart": _("They begin anew"),
        "update": _("Their values change"),
    },
    **{"skip": _("Pass over the step"), "stop": _("Stop there, as failed")},
    **{"exit": _("Leave the automation"), "arm": _("Go a way of its own")},
    **{"not_delivered": _("Not delivered"), "not_read": _("Not read")},
    **{"true": _("Becomes one, and enters"), "false": _("Stays out")},
    **{"transactional": _("Transactional"), "bulk": _("Bulk")},
    **{"added": _("added"), "removed": _("removed"), "contact": _("a contact"), "run": _("a run")},
    **{
        "sent": _("Sent"),
        "delivered": _("Delivered"),
        "read": _("Read"),
        "opened": _("Opened"),
        "clicked": _("Clicked"),
    },
    **{"bounced": _("Bounced"), "complained": _("Complained"), "undelivered": _("Not delivered")},
    **{"unsubscribed": _("Unsubscribed")},
}
"""How values that are chosen from are told."""
_LIQUID = _("Values are filled in: {{ contact.first_name }}, {{ event.total }}.")
_DURATION = _("Such as 30m, 2h or 3d.")
_CHANNELS = ("email", "sms", "whatsapp")
_MESSAGE_EVENTS = (
    *("sent", "delivered", "read", "opened", "clicked", "bounced", "complained", "undelivered", "unsubscribed"),
)

_FALLBACK = (
    Field("channel", _("Channel"), "choice", choices=_CHANNELS, required=True),
    Field("after", _("After"), hint=_("Such as 10m or 2h; a week at most."), required=True),
    Field("if", _("When"), "choice", choices=("not_delivered", "not_read")),
    Field("gateway", _("Gateway"), of="gateways"),
    Field("content.subject", _("Subject"), hint=_("Of an email.")),
    Field("content.body", _("Text"), "long", hint=_LIQUID),
)
_KEPT = (
    Field("name", _("Name"), example="crm_id", required=True),
    Field("value", _("Where it stands"), example="/id"),
)


def on_error(at: str, choices: tuple[str, ...], hint: str, behind: str = "") -> tuple[Field, ...]:
    """What is done about failures. ``at``: the member that says it. ``hint``: of what is done in the end."""
    retry = f"{at}.retry"
    return (
        Field(f"{at}.then", _("What to do"), "choice", choices=choices, hint=hint, behind=behind),
        *(
            Field(f"{retry}.{name}", label, kind, hint, behind=behind, is_narrow=True)
            for name, label, kind, hint in (
                ("max", _("Before, try again"), "number", _("Such as 3 times.")),
                ("backoff", _("First after"), "text", _("30s: each wait is twice as long.")),
                ("cap", _("Longest wait"), "text", _("Such as 1h.")),
            )
        ),
    )


FIELDS: Mapping[str, tuple[Field, ...]] = {
    "send": (
        Field("channel", _("Channel"), "choice", choices=_CHANNELS, required=True),
        Field("template", _("Template"), hint=_("Its key. Leave it empty to write the text here."), of="templates"),
        Field("content.subject", _("Subject"), hint=_("Of an email.")),
        Field("content.body", _("Text"), "long", hint=_LIQUID),
        Field(
            "if_unreachable",
            _("If the contact has no address"),
            "choice",
            choices=("skip", "stop", "exit"),
            behind=MORE,
        ),
        Field("gateway", _("Gateway"), behind=MORE, of="gateways"),
        Field("lane", _("Lane"), "choice", choices=("transactional", "bulk"), behind=MORE),
        Field(
            "fallback",
            _("Send one after the other"),
            "rows",
            behind=NOT_ARRIVING,
            rows=_FALLBACK,
            most=3,
            each=_("Fallback"),
        ),
    ),
    "wait": (
        Field("for", _("How long"), hint=_DURATION),
        Field("until", _("Until"), hint=_("A date: 2027-12-24, or {{ event.appointment }}.")),
        Field("offset", _("Before or after that date"), hint=_("Such as -2d or +3h.")),
        Field("at.time", _("At the next"), hint=_("A time of the day: 09:30.")),
        Field("at.days", _("On these days"), "words", hint=_("mon, tue, wed, thu, fri, sat, sun")),
        Field("window.from", _("Only from"), hint=_("A time of the day."), behind=MORE),
        Field("window.to", _("until"), behind=MORE),
        Field("window.days", _("on these days"), "words", behind=MORE),
        Field("timezone", _("Time zone"), hint=_("contact, account, or such as Europe/Berlin."), behind=MORE),
        Field("jitter", _("Up to so much later"), hint=_DURATION, behind=MORE),
    ),
    "wait_event": (
        Field("event", _("Event"), hint=_("Such as order.paid, message.clicked or message.replied."), required=True),
        Field("timeout", _("At most"), hint=_DURATION, required=True),
        Field("of", _("Of the step"), hint=_("Its id, for events of messages.")),
        Field("match", _("Only if"), "match"),
        Field("count", _("How many times"), "number", behind=MORE),
        Field("since", _("Since"), behind=MORE),
        Field(
            "save", _("Keep the event as"), hint=_("A name, such as order: then {{ vars.order.total }}."), behind=MORE
        ),
    ),
    "branch": (),
    "split": (Field("by", _("The same for"), "choice", choices=("contact", "run"), behind=MORE),),
    "set": (
        Field("tags.add", _("Add tags"), "words"),
        Field("tags.remove", _("Remove tags"), "words"),
        Field("groups.add", _("Add to groups"), "words", hint=_("Keys of groups.")),
        Field("groups.remove", _("Remove from groups"), "words"),
        Field("fields", _("Set fields"), "json", hint=_('Such as {"city": "Berlin"}.')),
        Field(
            "consent", _("Consent"), "json", hint=_('Such as {"channel": "email", "state": "granted"}.'), behind=MORE
        ),
    ),
    "call": (
        Field("method", _("Method"), "choice", choices=("POST", "GET", "PUT", "PATCH", "DELETE")),
        Field("url", _("URL"), required=True),
        Field("headers", _("Headers"), "json", hint=_('Such as {"Authorization": {"secret": "crm-token"}}.')),
        Field("body", _("Body"), "json", hint=_LIQUID),
        Field(
            "save",
            _("Keep of the answer"),
            "pairs",
            hint=_("What is kept as crm_id is {{ vars.crm_id }} in later steps."),
            rows=_KEPT,
            most=20,
            each=_("Value"),
        ),
        Field("timeout", _("At most"), hint=_DURATION, behind=MORE),
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
    Field("name", _("Name"), behind=MORE),
    Field("note", _("Note"), "long", hint=_("For your colleagues."), behind=MORE),
    Field("if", _("Only if"), "condition", hint=_("Where it is false, the step is passed over."), behind=MORE),
)
_OF_FAILURES = on_error(
    "on_error",
    ("stop", "skip", "exit", "arm"),
    _("Left empty: what the rules say. A way of its own gets its steps in the tree."),
    FAILS,
)
_NEVER_FAILS = ("branch", "split", "goal", "exit")


def fields_of(kind: str) -> tuple[Field, ...]:
    """All fields of a kind."""
    return FIELDS[kind] + COMMON + (() if kind in _NEVER_FAILS else _OF_FAILURES)


def headings_of(fields: Sequence[Field]) -> dict[str, list[Field]]:
    """Fields that stand behind headings, by these."""
    found = {heading: [field for field in fields if field.behind == heading] for heading in HEADINGS}
    return {heading: behind for heading, behind in found.items() if behind}
