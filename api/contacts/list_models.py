"""Bodies and answers of groups and custom fields."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StrictStr

from api.contacts.models import Answer, Body
from api.operations.models import Operation
from services.audience.contacts.grouping import MOST_MEMBERS

_Text = Annotated[StrictStr, Field(max_length=1000)]
FieldType = Literal["text", "number", "boolean", "date", "time"]


class NewGroup(Body):
    """A group of contacts."""

    name: _Text
    key: _Text | None = Field(None, description="How files and flows name it. Left out: like its name.")


class ChangeGroup(Body):
    """What is to change of a group."""

    name: _Text


class Members(Body):
    """Contacts."""

    contacts: Annotated[list[UUID], Field(min_length=1, max_length=MOST_MEMBERS, description="Their ids.")]


class ShownGroup(Answer):
    """A group."""

    id: int
    key: str
    name: str
    created_at: datetime


class MovedMembers(Answer):
    """What became of contacts."""

    changed: int
    unknown: list[UUID] = Field(description="Ids that are not those of contacts of yours.")
    full: list[UUID] = Field(description="Ids of contacts that are in 50 groups already: they were not added.")


class Removal(Answer):
    """What goes on after a deletion."""

    operation: Operation | None = Field(description="Which removes it from contacts. `null`: that is done.")


class NewField(Body):
    """A custom field."""

    key: _Text = Field(examples=["shoe_size"])
    type: FieldType = Field(description="It stays.")
    label: _Text = ""


class ChangeField(Body):
    """What is to change of a custom field."""

    label: _Text


class ShownField(Answer):
    """A custom field."""

    key: str
    type: FieldType
    label: str
    created_at: datetime


class _Done(Answer):
    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class GroupAnswer(_Done):
    """One group."""

    data: ShownGroup


class GroupPage(Answer):
    """A page of groups."""

    data: list[ShownGroup]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")


class MembersAnswer(_Done):
    """What became of contacts."""

    data: MovedMembers


class RemovalAnswer(_Done):
    """It was deleted."""

    data: Removal


class FieldAnswer(_Done):
    """One custom field."""

    data: ShownField


class FieldPage(Answer):
    """All custom fields."""

    data: list[ShownField]
    next_cursor: None
