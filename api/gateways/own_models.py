"""Bodies and answers of a user's own gateways."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from api.gateways.models import GatewayHead, NumberHead
from api.reputation.models import WarmUpHead
from domain.channels import Channel

_Text = Annotated[StrictStr, Field(max_length=100)]
_Config = Annotated[dict[str, Any], Field(repr=False)]
_OnUnknown = Literal["hold", "resend"]


class NewOwnGateway(BaseModel):
    """A gateway of your own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: Channel
    type: _Text = Field(description="Such as `twilio`, `smtp` or `http`.")
    identifier: _Text = Field(description="The name that you send through it by.")
    config: _Config = Field(default_factory=dict, description="By its type. Secrets are never answered.")
    rate: _Text | None = Field(default=None, description="Its rate limit: `50/s`, `3000/min` or `10/h`.")
    priority: StrictInt = Field(default=100, description="Lower values are tried first.")
    on_unknown: _OnUnknown = Field(default="hold", description="What to do with a message whose answer was lost.")


class PatchOwnGateway(BaseModel):
    """Fields to change (RFC 7396): those left out stay, `null` clears."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    identifier: _Text = ""
    config: _Config = Field(default_factory=dict, description="Is merged, too: secrets that are left out stay.")
    rate: _Text | None = Field(default=None, description="`null`: no limit.")
    priority: StrictInt = 100
    on_unknown: _OnUnknown = "hold"
    enabled: StrictBool = Field(default=True, description="Without it no message finds it.")


class OwnGateway(GatewayHead):
    """A gateway of your own, without its secrets."""

    config: dict[str, Any] | None = Field(
        description='As it was given, with `{"set": true}` for each secret. `null`: it cannot be read.'
    )
    version: int = Field(description="Grows with every change.")
    warm_up: WarmUpHead | None
    number: NumberHead | None = Field(description="Of WhatsApp; `null`: nothing is known.")


class OwnGatewayAnswer(BaseModel):
    """One gateway."""

    model_config = ConfigDict(extra="forbid")

    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
    data: OwnGateway


class OwnGatewayDeleted(BaseModel):
    """Done."""

    model_config = ConfigDict(extra="forbid")

    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
    data: None
