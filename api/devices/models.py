"""Bodies and answers of pairing tokens and devices, for their owners and for staff."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from api.devices.sim_models import Answer, Body, ShownSim, SimSettings
from domain.devices.tokens import LONGEST_LIFE, MOST_TOKENS, SHORTEST_LIFE, TokenKind

State = Literal["active", "logged_out", "revoked"]
Preset = Literal["consumer", "business", "m2m"]
Name = Annotated[StrictStr, Field(min_length=1, max_length=100)]
_Text = Annotated[StrictStr, Field(min_length=1, max_length=100)]
_Seconds = Annotated[
    StrictInt,
    Field(
        ge=SHORTEST_LIFE,
        le=LONGEST_LIFE,
        description="Seconds that it can be used. Left out: 15 minutes, of more than 20 at once 7 days. "
        "A code: at most 15 minutes.",
    ),
]


class NewToken(Body):
    """How a phone is to be paired again."""

    kind: TokenKind | None = Field(
        default=None,
        description="`token`: to be scanned or pasted; `code`: six characters that the open-source app asks for. "
        "Left out: as the phone needs it, else `token`.",
    )
    expires_in: _Seconds | None = None


class NewTokens(NewToken):
    """Tokens that are to be made."""

    count: Annotated[StrictInt, Field(ge=1, le=MOST_TOKENS)] = 1
    gateway: _Text | None = Field(
        default=None,
        description="Id or identifier of a gateway of type `android`. Left out: `android`, which is made if need be.",
    )
    device: Annotated[StrictStr, Field(max_length=36)] | None = Field(
        default=None, description="Id of the phone that it pairs again."
    )
    label: _Text | None = Field(default=None, description="For whom they are; only you see it.")


class NewTokensOf(NewTokens):
    """The same for gateways of any account."""

    user: Annotated[StrictInt, Field(ge=1, le=2**63 - 1)] | None = Field(
        default=None, description="The user whose gateway it is; left out: the admin's."
    )


class ShownToken(Answer):
    """A pairing token, without its text."""

    id: str
    user_id: int | None = Field(description="`null`: the admin's.")
    gateway_id: str
    kind: TokenKind
    device_id: str | None = Field(description="The phone that it pairs again; `null`: any.")
    label: str | None
    state: Literal["usable", "used", "expired"]
    expires_at: datetime
    used_at: datetime | None
    used_by: str | None = Field(description="The device that it has paired.")
    created_at: datetime


class IssuedToken(ShownToken):
    """A pairing token that was just made."""

    token: str = Field(description="Shown once. It pairs one phone.")
    url: str = Field(description="Where phones find this install; the open-source app has it as its server URL.")
    qr: str | None = Field(description="The token as a picture (SVG), with `?qr=svg`.")


class ChangeDevice(Body):
    """What is to change of a device."""

    name: Name


class ChangeSim(SimSettings):
    """What is to change of a SIM; what is left out stays."""

    enabled: StrictBool = Field(default=True, description="Whether it may send. Enabled, it rests no longer.")
    preset: Preset | None = Field(default=None, description="Sets all caps and gaps; those that are given count more.")


class Idle(Answer):
    """Why it sends nothing now."""

    code: str = Field(description="For programs.")
    message: str = Field(description="For people.")


class GatewayOfDevice(Answer):
    """The gateway that a device belongs to."""

    id: str
    identifier: str


class ListedDevice(Answer):
    """A device."""

    id: str
    user_id: int | None = Field(description="`null`: the admin's.")
    gateway: GatewayOfDevice
    name: str
    state: State
    online: bool = Field(description="Whether it has called lately.")
    seen_at: datetime | None = Field(description="When it called last.")
    protocol: Literal["xsender", "smsgate"]
    device_uuid: str | None
    android_version: str | None
    app_version: str | None
    health: dict[str, Any] = Field(description="As it said last: battery, charging, network, signal, queue.")
    clock_skew: float | None = Field(description="Seconds that its clock is ahead of ours.")
    linked_at: datetime
    created_at: datetime


class Windows(Answer):
    """What a SIM has sent: parts of messages, and different recipients in 30 days."""

    minute: int
    hour: int
    day: int
    unique_per_month: int


class Left(Answer):
    """What is left of its caps; `null`: no limit."""

    per_minute: int | None
    per_hour: int | None
    per_day: int | None
    unique_per_month: int | None


class SimOfDevice(ShownSim):
    """A SIM, with what it has sent."""

    used: Windows
    left: Left
    free_at: datetime | None = Field(description="When its gap, or a cap, is over.")
    cooling_until: datetime | None = Field(description="It rests until then, after faults.")
    cooling_code: str | None
    idle: Idle | None = Field(description="Why it sends nothing new now; `null`: it can send.")


class ShownDevice(ListedDevice):
    """A device with all that is known of it."""

    sims: list[SimOfDevice]
    held: int = Field(description="Messages that it has and has not reported the end of.")
    waiting: int = Field(description="Messages that wait for phones of its gateway; counted up to 10,000.")
    idle: Idle | None = Field(description="Why it sends nothing now; `null`: nothing keeps it from that.")


class _One(Answer):
    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class TokensAnswer(_One):
    """Pairing tokens that were made."""

    data: list[IssuedToken]


class TokenAnswer(_One):
    """A pairing token that was made."""

    data: IssuedToken


class TokenGone(_One):
    """A pairing token was revoked."""

    data: None


class TokenPage(Answer):
    """Pairing tokens."""

    data: list[ShownToken]
    next_cursor: str | None


class DeviceAnswer(_One):
    """A device."""

    data: ShownDevice


class DevicePage(Answer):
    """Devices."""

    data: list[ListedDevice]
    next_cursor: str | None


class DeviceSimAnswer(_One):
    """A SIM of a device."""

    data: SimOfDevice
