"""Bodies and answers of sender domains."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from api.reputation.models import WarmUpHead
from domain.mail.sender_domains import DomainState, RecordState

_Name = Annotated[StrictStr, Field(max_length=300, description="Such as `example.com`.", examples=["example.com"])]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewDomain(_Body):
    """A domain to send emails from."""

    domain: _Name


class NewDomainOf(NewDomain):
    """A domain of a user, or of the admin."""

    user: Annotated[StrictInt, Field(ge=1, le=2**63 - 1)] | None = Field(None, description="Left out: the admin.")


class DnsRecord(_Answer):
    """A record to enter at the domain's DNS service."""

    purpose: Literal["ownership", "dkim", "dkim_next", "spf", "dmarc"]
    type: Literal["TXT"]
    name: str
    value: str = Field(description="SPF: a suggestion that keeps what was found there.")
    strings: list[str] = Field(description="The value in pieces, for DNS services with a limit of 255 characters.")
    required: bool = Field(description="Whether the domain is only verified with it.")
    state: RecordState
    message: str = Field(description="What the last check found, and what to do.")
    found: list[str]


class Domain(_Answer):
    """A sender domain."""

    id: int
    domain: str
    user_id: int | None = Field(description="Whose it is; `null`: the admin's.")
    state: DomainState = Field(description="`verified` and `failing` ones may be sent from.")
    problem: str | None = Field(description="Why it is not verified although its records are there.")
    failing_since: datetime | None = Field(description="Since when a required record is gone.")
    verified_at: datetime | None
    checked_at: datetime | None
    created_at: datetime
    records: list[DnsRecord]
    warm_up: WarmUpHead | None = Field(default=None, description="Left out in lists.")


class DomainAnswer(_Answer):
    """One domain."""

    success: Literal[True]
    message: str
    data: Domain
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class DomainGone(_Answer):
    """It was deleted."""

    success: Literal[True]
    message: str
    data: None
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class DomainPage(_Answer):
    """A page of domains."""

    data: list[Domain]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")
