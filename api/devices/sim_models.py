"""SIMs as bodies and answers have them."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from domain.devices.sims import MOST_SLOTS
from domain.recipients import InvalidRecipient, is_region, normalise_number

_MOST = 1_000_000
_LONGEST_GAP = 3600.0


def _number(text: str) -> str:
    try:
        return normalise_number(text, None)
    except InvalidRecipient as error:
        raise PydanticCustomError("sim_number", "{reason}", {"reason": error.message}) from None


def _country(text: str) -> str:
    if not is_region(text):
        raise PydanticCustomError("sim_country", "name a country by its two letters (ISO 3166), such as DE")
    return text


Slot = Annotated[StrictInt, Field(ge=0, lt=MOST_SLOTS, description="From 0.")]
Label = Annotated[StrictStr, Field(min_length=1, max_length=60)]
Uid = Annotated[StrictStr, Field(min_length=1, max_length=20, description="As `sim-1`.")]
_Cap = Annotated[StrictInt, Field(ge=1, le=_MOST)]
_Gap = Annotated[float, Field(ge=0, le=_LONGEST_GAP, strict=False, allow_inf_nan=False)]
_Number = Annotated[StrictStr, Field(max_length=40), AfterValidator(_number)]
_Country = Annotated[StrictStr, AfterValidator(_country)]
IccidEnd = Annotated[StrictStr, Field(pattern="^[0-9A-Za-z]{4}$", description="The last four characters of its ICCID.")]


class Body(BaseModel):
    """A body: fields that are not known are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Answer(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")


class SimSettings(Body):
    """What people say of a SIM. `null` as a cap: no limit."""

    label: Label | None = None
    number: _Number | None = Field(default=None, description="E.164.")
    per_minute: _Cap | None = Field(default=None, description="Parts of messages in any 60 seconds.")
    per_hour: _Cap | None = None
    per_day: _Cap | None = None
    unique_per_month: _Cap | None = Field(default=None, description="Different recipients in 30 days.")
    gap_min: _Gap = Field(default=0.0, description="Seconds between two messages: a random time up to `gap_max`.")
    gap_max: _Gap = 0.0
    countries: Annotated[list[_Country], Field(max_length=300)] = Field(
        default=[], description="The only ones that it sends to; empty: all."
    )


class ShownSim(Answer):
    """A SIM of a device."""

    uid: str
    slot: int
    label: str | None
    active: bool = Field(description="Whether it is enabled.")
    number: str | None
    carrier: str | None
    iccid_end: str | None
    country: str | None
    countries: list[str]
    preset: str | None
    per_minute: int | None
    per_hour: int | None
    per_day: int | None
    unique_per_month: int | None
    gap_min: float
    gap_max: float


SimSwitch = Annotated[StrictBool, Field(description="Whether it may send.")]
