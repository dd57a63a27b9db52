"""Bodies about single runs."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr

_StepId = Annotated[StrictStr, Field(max_length=100)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MoveBody(_Body):
    """Where a run goes on."""

    step: _StepId = Field(description="The `id` of a step of its version.", examples=["last-call"])
    from_: _StepId | None = Field(None, alias="from", description="Only if the run is at this step by now.")


class SkipBody(_Body):
    """Which step is passed over."""

    step: _StepId | None = Field(None, description="Only if the run waits in this one.")
