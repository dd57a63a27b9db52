"""What a simulation is asked: who enters, what happens then, and what is expected to come of it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictInt, StrictStr, field_validator

from domain.audience.conditions.values import DURATION, duration
from domain.automations.definition.limits import MAX_RUN
from domain.automations.mapping import MOST_ADDRESS

MOST_EVENTS = 200
MOST_CASES = 50
"""Of one file."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_OFFSET = re.compile(f"([+-])({DURATION.pattern}|0[smhdw])")

_Name = Annotated[StrictStr, Field(min_length=1, max_length=100)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def length_of(text: str) -> timedelta:
    """A length of time that was checked: ``30d``."""
    return timedelta() if text[0] == "0" else duration(text)


class GivenEvent(_Given):
    """Something that happens to the contact."""

    at: StrictStr = Field(
        max_length=40,
        description="`+2h` after the entry, `-30d` before it, or a time with its offset. Days have 24 hours.",
        examples=["+2h"],
    )
    event: _Name = Field(examples=["message.clicked"])
    of: _Name | None = Field(
        None, description="The step whose message it is about. If that has not left by then, it happens once it has."
    )
    data: dict[str, Any] = {}

    @field_validator("at")
    @classmethod
    def _read(cls, text: str) -> str:
        if found := _OFFSET.fullmatch(text):
            if length_of(found[2]) > MAX_RUN:
                raise ValueError(f"a run takes at most {MAX_RUN.days} days")
        else:
            try:
                at = datetime.fromisoformat(text)
            except ValueError:
                at = None
            if at is None or at.tzinfo is None or not _FIRST <= at < _LAST:
                raise ValueError("write +2h, -30d, or a time with its offset such as 2026-12-24T09:30:00Z")
        return text

    def moment(self, entered_at: datetime) -> datetime:
        """When it happens."""
        if found := _OFFSET.fullmatch(self.at):
            length = length_of(found[2])
            return entered_at - length if found[1] == "-" else entered_at + length
        return datetime.fromisoformat(self.at)


class Expect(_Given):
    """What is expected. What is left out may be anything."""

    entry: _Name | None = Field(None, description="`admitted`, or why the contact is not let in.")
    path: list[_Name] | None = Field(None, description="All steps in their order.")
    sends: list[_Name] | None = Field(None, description="All steps that send a message, in their order.")
    not_sends: list[_Name] | None = Field(None, description="Steps that send none.")
    state: _Name | None = Field(None, description="Of the run: `completed`, `exited`, `failed`, `waiting`.")
    exit: _Name | None = Field(None, description="Why it ends.")
    credits: dict[_Name, Annotated[StrictInt, Field(ge=0)]] | None = Field(
        None, description="By channel, of those named."
    )
    ends_within: StrictStr | None = Field(None, description="The run has ended by then.", examples=["30d"])

    @field_validator("ends_within")
    @classmethod
    def _read(cls, text: str | None) -> str | None:
        if text is not None and not DURATION.fullmatch(text):
            raise ValueError("write a length such as 90m, 12h or 30d")
        return text


class Case(_Given):
    """One simulation."""

    name: _Name | None = None
    contact: Annotated[StrictStr, Field(max_length=MOST_ADDRESS)] | dict[str, Any] = Field(
        description="One of your contacts, by its id, email address or number; or a new one, as `POST /api/contacts` "
        "takes it, that is there for the simulation only.",
        examples=[{"email": "ada@example.com", "first_name": "Ada"}],
    )
    event: dict[str, Any] = Field(default={}, description="What texts call `event`.")
    events: Annotated[list[GivenEvent], Field(max_length=MOST_EVENTS)] = Field(
        default=[], description="What happens to the contact."
    )
    at: Annotated[AwareDatetime, Field(ge=_FIRST, lt=_LAST)] | None = Field(
        None, description="When it enters; left out: now."
    )
    expect: Expect | None = None
