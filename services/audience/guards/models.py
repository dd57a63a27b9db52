"""The guards of an account, as they are given and shown."""

from dataclasses import replace
from datetime import time
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator
from pydantic_core import PydanticCustomError

from domain.audience.guards.settings import MOST_PER_PERSON, MOST_SAFE_NUMBERS, GuardSettings
from domain.channels import Channel
from domain.recipients import InvalidRecipient, is_region, normalise_number
from services.audience.clock import Clock


def _country(text: str) -> str:
    if not is_region(text.upper()):
        raise PydanticCustomError("country", "write countries by their two letters, such as DE")
    return text.upper()


def _number(text: str) -> str:
    try:
        return normalise_number(text, None)
    except InvalidRecipient as error:
        raise PydanticCustomError("number", "{why}", {"why": error.message}) from None


_Most = Annotated[StrictInt, Field(ge=0, le=MOST_PER_PERSON)]


class QuietHours(BaseModel):
    """When what is not transactional waits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: StrictBool = False
    channels: Annotated[list[Channel], Field(min_length=1, max_length=3)] = [Channel.SMS, Channel.WHATSAPP]
    begins: Clock | None = Field(None, alias="from", description="Left out: as the recipient's country has it.")
    ends: Clock | None = Field(None, alias="to")

    @model_validator(mode="after")
    def _lasts_over_midnight(self) -> Self:
        if (self.begins is None) != (self.ends is None):
            raise PydanticCustomError("missing", "'from' and 'to' belong together")
        if self.begins and self.ends and self.begins <= self.ends:
            raise PydanticCustomError("quiet_hours", "quiet hours last over midnight, such as from 20:00 to 09:00")
        return self


class FrequencyCap(BaseModel):
    """How much that is not transactional a person gets, over all channels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_day: _Most | None = Field(None, description="In 24 hours; null: any number.")
    per_week: _Most | None = Field(None, description="In 7 days.")
    over: Literal["skip", "wait"] = Field("skip", description="What is done with what is beyond that.")


class PumpingGuard(BaseModel):
    """What SMS are refused that somebody may send at your cost."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["off", "monitor", "on"] = Field("off", description="`monitor`: only note what would be refused.")
    prefix_per_hour: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = Field(
        100, description="How many may go to numbers that differ in their last four digits only."
    )
    safe_numbers: Annotated[
        list[Annotated[StrictStr, AfterValidator(_number)]], Field(max_length=MOST_SAFE_NUMBERS)
    ] = []


class GuardsBody(BaseModel):
    """The guards of an account. A part that is given replaces the one that is there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    countries: Annotated[list[Annotated[StrictStr, AfterValidator(_country)]], Field(max_length=300)] | None = Field(
        None, description="Whose numbers may be sent to; null: those of all."
    )
    quiet_hours: QuietHours = QuietHours.model_validate({})
    frequency_cap: FrequencyCap = FrequencyCap.model_validate({})
    pumping: PumpingGuard = PumpingGuard.model_validate({})

    def applied_to(self, before: GuardSettings) -> GuardSettings:
        """The guards with what was given."""
        after = before
        if "countries" in self.model_fields_set:
            after = replace(after, countries=None if self.countries is None else frozenset(self.countries))
        if "quiet_hours" in self.model_fields_set:
            quiet = self.quiet_hours
            after = replace(
                after,
                quiet_hours=quiet.on,
                quiet_channels=frozenset(map(str, quiet.channels)),
                quiet_from=time.fromisoformat(quiet.begins) if quiet.begins else None,
                quiet_to=time.fromisoformat(quiet.ends) if quiet.ends else None,
            )
        if "frequency_cap" in self.model_fields_set:
            cap = self.frequency_cap
            after = replace(after, per_day=cap.per_day, per_week=cap.per_week, over_cap=cap.over)
        if "pumping" in self.model_fields_set:
            guard = self.pumping
            safe = frozenset(guard.safe_numbers)
            after = replace(after, pumping=guard.mode, prefix_per_hour=guard.prefix_per_hour, safe_numbers=safe)
        return after


def shown(settings: GuardSettings) -> dict[str, Any]:
    """Guards as they are answered, in the form in which they are given."""
    return {
        "countries": None if settings.countries is None else sorted(settings.countries),
        "quiet_hours": {
            "on": settings.quiet_hours,
            "channels": sorted(settings.quiet_channels),
            "from": settings.quiet_from and settings.quiet_from.isoformat("minutes"),
            "to": settings.quiet_to and settings.quiet_to.isoformat("minutes"),
        },
        "frequency_cap": {"per_day": settings.per_day, "per_week": settings.per_week, "over": settings.over_cap},
        "pumping": {
            "mode": settings.pumping,
            "prefix_per_hour": settings.prefix_per_hour,
            "safe_numbers": sorted(settings.safe_numbers),
        },
    }
