"""Answers to whoever posts leads."""

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
