"""Answers about settings files."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChangedField(_Answer):
    """A field that applying the file changes."""

    field: str
    before: Any
    after: Any
    secret: bool = Field(description="Its values are not told.")


class DriftedField(_Answer):
    """A field that somebody else has changed since the file was last applied."""

    field: str
    applied: Any
    now: Any
    secret: bool


class ComparedObject(_Answer):
    """An object that differs."""

    kind: str
    key: str
    action: Literal["create", "update", "delete", "keep", "skip"] = Field(
        description="`keep`: it was applied before, is not in the file, and stays as it is. `skip`: a secret of it "
        "does not open with the keys of the install, so it cannot be compared, and stays as it is, too."
    )
    changes: list[ChangedField]
    drift: list[DriftedField]


class DiffData(_Answer):
    """What differs."""

    objects: list[ComparedObject]
    changes: int = Field(description="Objects that applying the file changes.")
    drift: int = Field(description="Objects that somebody else has changed.")


class DiffAnswer(_Answer):
    """What applying the file changes, or has changed."""

    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
    data: DiffData
