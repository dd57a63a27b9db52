"""Shapes that triggers, steps and settings share."""

from datetime import timedelta

from domain.audience.contacts.values import InvalidValue, time_zone
from domain.automations.definition.limits import MAX_CALL, MAX_RUN, MAX_WAIT
from domain.automations.definition.steps import AtTime, Window
from domain.automations.shapes.conditions import Asked
from domain.automations.shapes.containers import ListOf, Object
from domain.automations.shapes.lengths import Clock, Length
from domain.automations.shapes.scalars import Checked, Choice, Text, Whole
from domain.channels import Channel

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

KEY = Text(100, "[a-z0-9][a-z0-9_-]{0,99}", "a key: up to 100 lower-case letters, digits, '-' and '_'")
STEP_ID = Text(
    64,
    "[a-z][a-z0-9_]{0,63}",
    "the id of a step: a lower-case letter, then letters, digits and '_', 64 at most",
    ("entry", "exit"),
)
VARIABLE = Text(64, "[a-z][a-z0-9_]{0,63}", "a name for templates: a lower-case letter, then letters, digits and '_'")
EVENT = Text(504, r"[a-z0-9_]{1,100}(\.[a-z0-9_]{1,100}){0,4}", "the name of an event, such as order.paid")
POINTER = Text(500, "(/[^/]*)*", "a JSON pointer (RFC 6901), such as /customer/id", least=0)
CONTACT_FIELD = Text(
    50,
    "[a-z][a-z0-9_]{0,49}",
    "a contact's field: its first_name, email … or a custom one",
    ("id", "fields", "tags", "groups", "origins", "created_at", "updated_at", "account_id"),
)
NAME = Text(120)
NOTE = Text(2000, least=0)
KEYWORD = Text(100)
CHANNEL = Choice([channel.value for channel in Channel])
LANE = Choice(["transactional", "bulk"])
CLOCK = Clock()

WAIT = Length(MAX_WAIT)
RUN = Length(MAX_RUN)
CALL = Length(MAX_CALL)
FALLBACK_AFTER = Length(timedelta(days=7))

OF_RUNS = ("contact", "event", "vars", "steps", "run", "account")
CONDITION = Asked("condition", OF_RUNS)
MATCH = Asked("match", OF_RUNS, of_event=True)
FILTER = Asked("filter", ("contact", "event", "vars", "account"))
TRIGGER_MATCH = Asked("trigger_match", ("contact", "account"), of_event=True)
AUDIENCE = Asked("audience", ("contact",))


def _no_zone(text: str) -> str | None:
    if text in ("contact", "account"):
        return None
    try:
        if time_zone(text) == text:
            return None
    except InvalidValue:
        pass
    return "contact, account, or a time zone such as Europe/Berlin"


ZONE = Checked(
    Text(100, "[A-Za-z_]+(/[A-Za-z0-9_+-]+)*", "contact, account, or a time zone such as Europe/Berlin"),
    _no_zone,
    "time_zone",
)


def _days(names: list[str]) -> tuple[int, ...]:
    return tuple(sorted(DAYS.index(name) + 1 for name in names))


WEEKDAYS = ListOf(Choice(DAYS), 7, 1, unique=True, make=_days)
WINDOW = Object(Window, {"days": WEEKDAYS, "from": CLOCK, "to": CLOCK}, ["from", "to"])
AT_TIME = Object(AtTime, {"time": CLOCK, "days": WEEKDAYS, "day_of_month": Whole(1, 31)}, ["time"])
