"""Bodies and answers of the gateways of the admin API."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from api.admin.managed import ManagedBy
from api.gateways.models import BreakerState, NumberHead
from api.reputation.models import WarmUpHead
from domain.channels import Channel
from domain.messages.routing import Mode

State = Literal["active", "draining", "paused", "disabled"]
_UserId = Annotated[StrictInt, Field(ge=1, le=2**63 - 1)]
_Text = Annotated[StrictStr, Field(max_length=100)]
_Config = Annotated[dict[str, Any], Field(repr=False)]
_OnUnknown = Literal["hold", "resend"]
_From = Literal["fixed", "verified_domains"]
_FROM = (
    "What emails are from: `fixed`, its own address; `verified_domains`, addresses of senders' verified domains, too."
)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewGateway(_Body):
    """A gateway to be added."""

    channel: Channel
    type: _Text = Field(description="`GET /api/admin/v1/gateway-types` lists them.")
    identifier: _Text = Field(description="The name that senders use.")
    config: _Config = Field(default_factory=dict, description="By the type's schema. Secrets are never answered.")
    owner: _UserId | None = Field(default=None, description="A user; left out: the admin.")
    share_with: _UserId | Annotated[list[_UserId], Field(max_length=1000)] = Field(
        default_factory=list, description="One user or several who may send through it."
    )
    rate: _Text | None = Field(default=None, description="Its rate limit: `50/s`, `3000/min` or `10/h`.")
    priority: StrictInt = Field(default=100, description="Lower values are tried first.")
    on_unknown: _OnUnknown = Field(default="hold", description="What to do with a message whose answer was lost.")
    from_policy: _From = Field(default="fixed", alias="from", description=_FROM)


class PatchGateway(_Body):
    """Fields to change (RFC 7396): those left out stay, `null` clears."""

    identifier: _Text = ""
    config: _Config = Field(default_factory=dict, description="Is merged, too: secrets that are left out stay.")
    rate: _Text | None = Field(default=None, description="`null`: no limit.")
    priority: StrictInt = 100
    on_unknown: _OnUnknown = "hold"
    from_policy: _From = Field(default="fixed", alias="from", description=_FROM)
    enabled: StrictBool = Field(default=True, description="Without it nobody's messages find it.")


class Gateway(_Answer):
    """A gateway, without its secrets."""

    id: UUID
    channel: Channel
    type: str
    identifier: str
    owner: int | None = Field(description="A user; `null`: the admin.")
    shared_with: list[int] = Field(description="Users who may send through it besides.")
    state: State
    enabled: bool
    mode: Mode
    breaker: BreakerState
    priority: int
    per_second: float | None = Field(description="The most messages a second; `null`: no limit.")
    on_unknown: _OnUnknown
    from_policy: _From = Field(alias="from", description=_FROM)
    config: dict[str, Any] | None = Field(
        description='As it was given, with `{"set": true}` for each secret. `null`: it cannot be read.'
    )
    version: int = Field(description="Grows with every change.")
    created_at: datetime
    managed_by: ManagedBy
    warm_up: WarmUpHead | None = Field(default=None, description="Left out in lists.")
    number: NumberHead | None = Field(
        default=None, description="Of WhatsApp; left out in lists. `null`: nothing is known."
    )


class TypeOfGateway(_Answer):
    """A type of gateway on a channel."""

    channel: Channel
    type: str
    description: str
    schema_: dict[str, Any] = Field(alias="schema", description="The JSON Schema of its `config`.")
    secrets: list[str] = Field(description="Fields that are never answered.")


class _One(_Answer):
    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class OneGateway(_One):
    """One gateway."""

    data: Gateway


class PageOfGateways(_Answer):
    """A page of gateways."""

    data: list[Gateway]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")


class TypesOfGateway(_Answer):
    """All types of gateway, on each of their channels."""

    data: list[TypeOfGateway]
    next_cursor: None
