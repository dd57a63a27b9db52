"""Bodies and answers of simulations."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, model_validator

from services.automations.simulating.given import Case

_MOST_VERSION = 2**31 - 2
_Version = Annotated[StrictInt, Field(ge=1, le=_MOST_VERSION)] | Literal["draft"] | None
_VERSION = "A version, with its newest patch, or `draft`. Left out: the draft if there is one, else the newest version."


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SimulateBody(Case):
    """What is simulated: a definition, or an automation that is stored, and with whom."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "automation": "cart-rescue",
                "contact": {"email": "ada@example.com", "first_name": "Ada"},
                "event": {"order_id": "A1023", "total": 99},
                "events": [{"at": "+2h", "event": "message.clicked", "of": "mail1"}],
                "expect": {"sends": ["mail1"], "exit": "engaged", "credits": {"email": 1}},
            }
        }
    )

    definition: dict[str, Any] | None = Field(None, description="One that need not be stored.")
    automation: Annotated[StrictStr, Field(max_length=100)] | None = Field(None, description="The key of a stored one.")
    version: _Version = Field(None, description=_VERSION)

    @model_validator(mode="after")
    def _one(self) -> "SimulateBody":
        if (self.definition is None) == (self.automation is None):
            raise ValueError("give a definition, or the key of an automation")
        return self


class ReplayBody(BaseModel):
    """By what a run is replayed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    definition: dict[str, Any] | None = Field(None, description="One that need not be stored.")
    version: _Version = Field(None, description=_VERSION)


class ShownMoment(BaseModel):
    """Something in the course of a simulation."""

    model_config = ConfigDict(extra="allow")

    at: datetime
    local: datetime = Field(description="By the contact's clock.")
    kind: Literal["step", "wait", "event", "message"]
    step: str | None = None
    does: str | None = Field(None, description="The kind of the step.")
    outcome: dict[str, Any] | None = None
    message: dict[str, Any] | None = Field(None, description="What a step sends, as its recipient gets it.")
    until: datetime | None = Field(None, description="Of a wait: when it is over at the latest.")
    rule: dict[str, Any] | None = None
    event: str | None = None


class ShownSimulation(_Answer):
    """The course of a simulation, and its end."""

    met: bool = Field(description="Whether all that was expected came true.")
    unmet: list[dict[str, Any]] = Field(description="What did not: `expectation`, `expected`, `found`.")
    entry: str = Field(description="`admitted`, or why the contact is not let in.")
    state: str | None
    exit: str | None = Field(description="Why it ends.")
    step: str | None = Field(description="Where it is at the end.")
    error: dict[str, Any] | None
    began_at: datetime
    ended_at: datetime
    time_zone: str = Field(description="The contact's.")
    converted_at: datetime | None
    path: list[str]
    sends: list[str]
    credits: dict[str, int]
    vars: dict[str, Any]
    course: list[ShownMoment]
    warnings: list[dict[str, str]]


class SimulationAnswer(_Answer):
    """What would happen."""

    success: Literal[True]
    message: str
    data: ShownSimulation


class ShownReplay(ShownSimulation):
    """What would happen, beside what happened."""

    run: UUID
    same: bool
    path_then: list[str]
    exit_then: str | None
    first_difference: dict[str, Any] | None = Field(description="`step` (from 0), `then` and `now`.")


class ReplayAnswer(_Answer):
    """What would happen, beside what happened."""

    success: Literal[True]
    message: str
    data: ShownReplay


class ShownStarter(_Answer):
    """An automation to start from."""

    name: str
    title: str
    description: str
    triggers: list[str] = Field(description="Their kinds.")


class StarterList(_Answer):
    """Automations to start from."""

    starters: list[ShownStarter]


class StartersAnswer(_Answer):
    """Automations to start from."""

    success: Literal[True]
    message: str
    data: StarterList


class FullStarter(ShownStarter):
    """An automation to start from, as a whole."""

    definition: dict[str, Any]
    tests: list[dict[str, Any]] = Field(description="Bodies for `POST /api/automations/simulate`, beside a definition.")


class StarterAnswer(_Answer):
    """An automation to start from, as a whole."""

    success: Literal[True]
    message: str
    data: FullStarter
