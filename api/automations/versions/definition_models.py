"""Bodies and answers about definitions."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from api.automations.versions.publishing_models import ShownDifference, ShownVersion


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BringBackBody(BaseModel):
    """Which version the draft is to be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[
        StrictStr,
        Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?$", description="Such as `2`, or `2.1`.", examples=["2"]),
    ]


class DefinitionAnswer(BaseModel):
    """A definition: `GET /api/automations/schema` has its form."""

    model_config = ConfigDict(extra="allow")


class VersionAnswer(_Answer):
    """A revision of a version."""

    success: Literal[True]
    message: str
    data: ShownVersion


class Diff(_Answer):
    """How two definitions differ."""

    needs: Literal["nothing", "patch", "version"] = Field(description="What would publish it.")
    differences: list[ShownDifference]


class DiffAnswer(_Answer):
    """How two definitions differ."""

    success: Literal[True]
    message: str
    data: Diff
