"""Fields of a condition as expressions of SQL."""

from dataclasses import dataclass
from typing import Protocol

from store.audience.segments.parameters import Parameters

TEXT_COLUMNS = frozenset(
    ("external_id", "email", "phone", "whatsapp", "first_name", "last_name", "language", "country", "time_zone")
)
TIME_COLUMNS = frozenset(("created_at", "updated_at"))
"""Fields of a contact that are columns; all others are in ``fields``."""


class Operand(Protocol):
    """A value of a row: JSON of any type, or nothing."""

    @property
    def json(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def is_text(self) -> str: ...
    @property
    def is_there(self) -> str: ...
    @property
    def day(self) -> str: ...
    @property
    def time(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Json:
    """A member of a JSON object."""

    json: str

    @property
    def text(self) -> str:
        """Its text, where it is one."""
        return f"({self.json} #>> '{{}}')"

    @property
    def is_text(self) -> str:
        """Whether it is a text."""
        return self.is_a("string")

    @property
    def is_there(self) -> str:
        """Whether it is anything."""
        return f"coalesce(jsonb_typeof({self.json}), 'null') <> 'null'"

    @property
    def day(self) -> str:
        """The date that it is."""
        return f"json_day({self.json})"

    @property
    def time(self) -> str:
        """The moment that it is."""
        return f"json_time({self.json})"

    def is_a(self, kind: str) -> str:
        """Whether it is of a type, as JSON calls it."""
        return f"jsonb_typeof({self.json}) = '{kind}'"


@dataclass(frozen=True, slots=True)
class Column:
    """A column with a text."""

    text: str

    @property
    def json(self) -> str:
        """The same as JSON."""
        return f"to_jsonb({self.text})"

    @property
    def is_text(self) -> str:
        """Whether it is there: it is a text then."""
        return f"{self.text} is not null"

    is_there = is_text

    @property
    def day(self) -> str:
        """The date that it is."""
        return f"json_day({self.json})"

    @property
    def time(self) -> str:
        """The moment that it is."""
        return f"json_time({self.json})"


@dataclass(frozen=True, slots=True)
class Time:
    """A column with a moment, which is always there."""

    time: str
    day: str = "null::date"
    is_there: str = "true"
    is_text: str = "false"

    @property
    def json(self) -> str:
        """As JSON; no operator that reads it is allowed for these fields."""
        return f"to_jsonb({self.time})"

    text = json


def operand(path: str, parameters: Parameters, event: str | None) -> Operand:
    """The field of this name. ``event``: the alias of the event whose data is ``it``."""
    root, *steps = path.split(".")
    if root == "it":
        assert event is not None, "only a match knows it"
        members = "".join(f" -> {parameters.add(step)}" for step in steps)
        return Json(f"({event}.data{members})")
    assert root == "contact", "segments know contacts only"
    (name,) = steps
    if name in TEXT_COLUMNS:
        return Column(f"c.{name}")
    if name in TIME_COLUMNS:
        return Time(f"c.{name}")
    return Json(f"(c.fields -> {parameters.add(name)})")
