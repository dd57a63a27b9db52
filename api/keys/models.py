"""Bodies and answers of a user's own keys."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from api.http.query_text import Moment


class NewOwnKey(BaseModel):
    """A key of your account. What is left out is as that of the key that makes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[StrictStr, Field(max_length=400)] = ""
    scopes: list[Annotated[StrictStr, Field(max_length=100)]] | None = Field(
        default=None,
        max_length=100,
        description="`send`, `read`, `keys`, `gateways`; narrowed by `channel:sms` or `gateway:<id>`.",
    )
    ip_allow: list[Annotated[StrictStr, Field(max_length=50)]] | None = Field(
        default=None, max_length=100, description="Addresses or networks: `192.0.2.0/24`."
    )
    expires_at: Moment | None = None
    test: StrictBool = Field(default=False, description="What it sends goes to the sandbox, and costs nothing.")
    spend_cap: StrictInt | None = Field(default=None, description="The most credits in a day, over all channels.")


class RollOwnKey(BaseModel):
    """How a key is replaced."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    overlap_seconds: Annotated[StrictInt, Field(ge=0, le=2_592_000)] = Field(
        default=3600, description="How long the old key still works."
    )


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OwnKey(_Answer):
    """A key, without its secret."""

    id: str
    kind: Literal["user", "test"]
    test: bool = Field(description="Whether what it sends goes to the sandbox gateways.")
    name: str
    preview: str
    scopes: list[str]
    ip_allow: list[str] | None
    certificate: str | None = Field(description="SHA-256 of the client certificate that it needs.")
    rate_class: str | None = Field(description="`null`: that of your plan.")
    spend_cap: int | None = Field(description="The most credits in a day; `null`: no limit.")
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute; `null`: never.")
    last_used_ip: str | None


class IssuedOwnKey(OwnKey):
    """A new key."""

    key: str


class _One(_Answer):
    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class OwnKeyAnswer(_One):
    """One key."""

    data: OwnKey


class IssuedOwnKeyAnswer(_One):
    """A new key: keep it, it is not shown again."""

    data: IssuedOwnKey


class OwnKeyPage(_Answer):
    """A page of keys."""

    data: list[OwnKey]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")
