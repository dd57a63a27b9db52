"""Bodies and answers of secrets."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SecretBody(BaseModel):
    """A secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Annotated[StrictStr, Field(min_length=1, max_length=4000, repr=False, json_schema_extra={"writeOnly": True})]
    hosts: Annotated[list[Annotated[StrictStr, Field(min_length=1, max_length=253)]], Field(max_length=20)] = Field(
        default=[], description="The only hosts that it is sent to; empty: those that definitions name."
    )


class ShownSecret(_Answer):
    """A secret, without its value."""

    name: str
    hosts: list[str]
    created_at: datetime
    updated_at: datetime


class SecretPage(_Answer):
    """Secrets, by name."""

    data: list[ShownSecret]
    next_cursor: str | None


class SecretAnswer(_Answer):
    """A secret, without its value."""

    success: Literal[True]
    message: str
    data: ShownSecret
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class SecretGone(_Answer):
    """It is deleted."""

    success: Literal[True]
    message: str
    data: None
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
