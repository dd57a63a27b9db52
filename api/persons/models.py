"""Persons: how requests name them, and answers about their erasure."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from services.persons.naming import Named

NamedBy = Literal["contact", "email", "phone", "whatsapp", "lead"]


class PersonBody(BaseModel):
    """A person, named by exactly one of these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact: UUID | None = Field(None, description="The id of a contact: all its addresses are meant.")
    email: Annotated[StrictStr, Field(max_length=320)] | None = Field(None, examples=["ada@example.com"])
    phone: Annotated[StrictStr, Field(max_length=50)] | None = Field(
        None, description="With country code. Of SMS and of WhatsApp."
    )
    whatsapp: Annotated[StrictStr, Field(max_length=50)] | None = Field(None, description="The same.")

    @property
    def named(self) -> Named:
        """As it is looked up."""
        return Named(self.contact, self.email, self.phone, self.whatsapp)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AskedBy(_Answer):
    """Who asked for it."""

    type: Literal["user", "staff", "key", "cli", "system", "lead"] = Field(
        description="`lead`: a lead had it deleted, say at LinkedIn or Meta."
    )
    id: str = Field(description="Of the user, the member of staff, the admin's key, or the lead.")
    key: str | None = Field(description="The id of the key that it was asked for with.")


class Remainder(_Answer):
    """What is left."""

    what: Literal["refusals", "histories", "backups"] = Field(
        description="Suppressions, opt-outs and withdrawn consent, so that nothing is sent again; histories in "
        "Temporal, sealed; backups."
    )
    rows: int | None = Field(description="`null`: not known.")
    until: datetime | None = Field(description="`null`: for as long as it is kept.")


class Erasure(_Answer):
    """An erasure, without what names the person."""

    id: UUID
    operation: UUID = Field(description="What carries it out.")
    user: int
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    named_by: NamedBy
    asked_by: AskedBy
    asked_at: datetime
    repeated_at: datetime | None = Field(
        description="When it was asked for once more, as the database was restored to a time before."
    )
    done_at: datetime | None
    removed: dict[str, int] = Field(description="Rows by kind.")
    remains: list[Remainder]


class ErasureAnswer(_Answer):
    """An erasure."""

    success: Literal[True]
    message: str
    data: Erasure


class BegunErasure(_Answer):
    """What there is of the person, and its erasure."""

    counts: dict[str, int] = Field(description="Rows by kind, of those that can be counted quickly.")
    erasure: Erasure | None = Field(description="`null` on a dry run.")


class BegunErasureAnswer(_Answer):
    """It has begun."""

    success: Literal[True]
    message: str
    data: BegunErasure
    dry_run: bool = Field(default=False, description="Only there on a dry run.")


class ErasurePage(_Answer):
    """A page of erasures."""

    data: list[Erasure]
    next_cursor: str | None
