"""Bodies and answers of link domains, and of the settings of links."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from domain.mail.sender_domains import DomainState, RecordState
from services.links.settings import LinkSettings


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewLinkDomain(BaseModel):
    """A domain for short links."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: Annotated[
        StrictStr, Field(max_length=300, description="Such as `links.example.com`.", examples=["links.example.com"])
    ]


class LinkRecord(_Answer):
    """A record to enter at the domain's DNS service."""

    purpose: Literal["ownership", "alias"]
    type: Literal["TXT", "CNAME"]
    name: str
    value: str
    state: RecordState
    message: str = Field(description="What the last check found, and what to do.")
    found: list[str]


class LinkDomain(_Answer):
    """A link domain."""

    id: int
    domain: str
    state: DomainState = Field(description="New short links begin with the newest one that is `verified` or `failing`.")
    problem: str | None = Field(description="Why it is not verified although its records are there.")
    failing_since: datetime | None = Field(description="Since when a record is gone.")
    verified_at: datetime | None
    checked_at: datetime | None
    created_at: datetime
    records: list[LinkRecord]


class LinkDomainAnswer(_Answer):
    """One link domain."""

    success: Literal[True]
    message: str
    data: LinkDomain
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class LinkDomainGone(_Answer):
    """It was deleted."""

    success: Literal[True]
    message: str
    data: None
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class LinkDomainPage(_Answer):
    """A page of link domains."""

    data: list[LinkDomain]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")


class LinkSettingsAnswer(_Answer):
    """What is done with your links."""

    success: Literal[True]
    message: str
    data: LinkSettings
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
