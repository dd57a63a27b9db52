"""Bodies and answers of contacts."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from domain.audience.contacts.contact import MOST_FIELDS
from services.audience.contacts.given import ContactBody
from services.audience.contacts.upserting import MOST_ITEMS

_Text = Annotated[StrictStr, Field(max_length=1000)]
_Words = Annotated[list[_Text], Field(max_length=1000)]


class Body(BaseModel):
    """A body that has no other members."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """An answer that has no other members."""

    model_config = ConfigDict(extra="forbid")


class BulkContacts(Body):
    """Contacts: each changes who has its external id, else who has one of its addresses, else it is new."""

    contacts: Annotated[list[ContactBody | Any], Field(min_length=1, max_length=MOST_ITEMS)]
    """``Any``: one that is wrong is refused by itself, so the document lets it pass."""


class ChangeTags(Body):
    """Tags to add and to remove."""

    add: _Words = []
    remove: _Words = []


class MergeContact(Body):
    """Which contact goes into this one."""

    other: Annotated[UUID, Field(alias="from", description="The id of the other contact: it is deleted.")]
    take: Annotated[list[_Text], Field(max_length=MOST_FIELDS)] = Field(
        [],
        description="Values of the other one that replace those of this one: `email`, `fields.city`.",
        examples=[["email"]],
    )


class Origin(Answer):
    """Where a value came from."""

    origin: str = Field(alias="from", description="`api`, `cli`, `import:<operation>`, …")
    at: str


class ShownContact(Answer):
    """A contact."""

    id: UUID
    external_id: str | None
    email: str | None
    phone: str | None = Field(description="E.164.")
    whatsapp: str | None = Field(description="E.164; `null`: that of `phone`.")
    first_name: str | None
    last_name: str | None
    language: str | None
    country: str | None
    time_zone: str | None
    fields: dict[str, Any]
    tags: list[str]
    groups: list[str] = Field(description="Their keys.")
    origins: dict[str, Origin] = Field(description="Where values came from, and when, by their names.")
    created_at: datetime
    updated_at: datetime


class _Done(Answer):
    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class ContactAnswer(_Done):
    """One contact."""

    data: ShownContact


class ContactPage(Answer):
    """A page of contacts."""

    data: list[ShownContact]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")


class GoneAnswer(_Done):
    """It was deleted."""

    data: None


class MergedContact(Answer):
    """One contact of two."""

    contact: ShownContact
    dropped: dict[str, Any] = Field(description="Values of one of the two that the other had a different one for.")


class MergedAnswer(_Done):
    """One contact of two."""

    data: MergedContact


class ItemFault(Answer):
    """Why an item was refused."""

    pointer: str = Field(description="In the body.")
    code: str
    message: str


class ItemResult(Answer):
    """What became of an item."""

    outcome: Literal["created", "updated", "unchanged", "refused"]
    id: UUID | None
    errors: list[ItemFault]


class BulkResults(Answer):
    """What became of all items."""

    created: int
    updated: int
    unchanged: int
    refused: int
    results: list[ItemResult] = Field(description="In the order of the items.")


class BulkAnswer(_Done):
    """What became of each item."""

    data: BulkResults
