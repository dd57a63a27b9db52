"""Answers to whoever posts leads."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PostedForm(_Answer):
    """The lead that a form became."""

    id: UUID


class FormAnswer(_Answer):
    """The form was taken."""

    success: Literal[True]
    message: str
    data: PostedForm


class FormToken(_Answer):
    """What a form sends back as `_token`."""

    token: str = Field(description="Shows when the page was opened. It works for a day.")


class DeletionAsked(_Answer):
    """What Meta shows to whoever asked."""

    url: str = Field(description="Where the state of the request is shown.")
    confirmation_code: str


class DeletionState(_Answer):
    """What became of a request."""

    confirmation_code: str
    state: Literal["requested", "done"]
    requested_at: datetime
    done_at: datetime | None
