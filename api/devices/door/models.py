"""Bodies and answers of the contract's protocol of phones."""

from typing import Annotated, Literal

from pydantic import Field, StrictStr

from api.devices.sim_models import Answer, Body, IccidEnd, Label, ShownSim, SimSettings, Slot, Uid
from domain.devices.sims import MOST_SLOTS

_Version = Annotated[StrictStr, Field(max_length=50)]


class PhoneSim(Body):
    """A SIM card that is in the phone."""

    slot: Slot
    number: Annotated[StrictStr, Field(max_length=40)] | None = Field(
        default=None, description="As the phone knows it; what is no number in E.164 is left out."
    )
    carrier: Annotated[StrictStr, Field(max_length=100)] | None = None
    iccid_end: IccidEnd | None = Field(
        default=None, description="The last four characters of its ICCID: with others it is another SIM."
    )
    label: Label | None = None


class RegisterSession(Body):
    """A phone that is to be paired."""

    pairing_token: Annotated[StrictStr, Field(max_length=100)]
    device_name: Annotated[StrictStr, Field(min_length=1, max_length=100)]
    device_uuid: Annotated[StrictStr, Field(min_length=1, max_length=100)] = Field(
        description="Always the same of a phone: with it a phone that is paired again stays the same device."
    )
    android_version: _Version | None = None
    app_version: _Version | None = None
    journal: Annotated[StrictStr, Field(min_length=1, max_length=100)] | None = Field(
        default=None,
        description="The id of the phone's log of what it sent. With the one that it had before, messages that it has "
        "are offered to it again; otherwise it may have forgotten what it sent, and they end as `unknown`.",
    )
    sims: Annotated[list[PhoneSim], Field(max_length=MOST_SLOTS)] = Field(
        default=[], description="Those in the phone. None: as before, and at first one in slot 0."
    )


class CreateSim(SimSettings):
    """A SIM to be added."""

    slot: Slot
    carrier: Annotated[StrictStr, Field(max_length=100)] | None = None
    iccid_end: IccidEnd | None = None


class UpdateSim(SimSettings):
    """What is to change of a SIM; what is left out stays."""

    uid: Uid


class NamedSim(Body):
    """Which SIM."""

    uid: Uid


class Owner(Answer):
    """Whose gateway it is."""

    id: int
    name: str


class BriefSim(Answer):
    """A SIM of the phone."""

    uid: str
    slot: int
    label: str | None
    active: bool


class NewSession(Answer):
    """A session."""

    session_token: str = Field(description="For all other requests; shown once. A former one has ended.")
    gateway_uid: str
    user: Owner
    sims: list[BriefSim]


class _One(Answer):
    success: Literal[True]
    message: str


class SessionAnswer(_One):
    """The phone is paired."""

    data: NewSession


class LoggedOut(_One):
    """The session has ended."""

    data: None


class SimAnswer(_One):
    """A SIM."""

    data: ShownSim


class SimsAnswer(_One):
    """All SIMs of the phone."""

    data: list[ShownSim]


class SimGone(_One):
    """A SIM was deleted."""

    data: None
