"""What bodies and answers of the admin API have in common."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

Scope = Annotated[StrictStr, Field(max_length=100)]
PlanName = Annotated[StrictStr, Field(max_length=100)] | StrictInt
Reason = Annotated[StrictStr, Field(max_length=500)]
Text = Annotated[StrictStr, Field(max_length=400)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OneAnswer(Answer):
    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class NothingAnswer(OneAnswer):
    """Done."""

    data: None


class PageAnswer(Answer):
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")
