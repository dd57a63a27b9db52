"""What a campaign consists of: what is sent, to whom, and when."""

from datetime import time
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from domain.audience.conditions.values import duration
from domain.audience.windows import EVERY_DAY, SendWindow
from domain.channels import Channel
from services.audience.clock import Clock
from services.links.settings import Utm
from services.settings.models import zone

MOST_KEYS = 20
"""Groups, tags or segments that an audience names of each kind: as many as a condition has parts."""
MOST_VARIANTS = 5
LONGEST_TEST_DAYS = 14

_Key = Annotated[StrictStr, Field(min_length=1, max_length=100)]
_Keys = Annotated[list[_Key], Field(max_length=MOST_KEYS)]
_Template = Annotated[StrictStr, Field(min_length=1, max_length=64, description="The key of one of your templates.")]
_Version = Annotated[StrictInt | None, Field(ge=1, le=2**31 - 1, description="Left out: the published one at launch.")]
_Percent = Annotated[StrictInt, Field(ge=1, le=90)]


def _duration(text: str) -> str:
    try:
        length = duration(text)
    except ValueError:
        raise PydanticCustomError("duration", "write a length of time such as 30m, 4h or 2d") from None
    if not 5 <= length.total_seconds() <= LONGEST_TEST_DAYS * 86_400:
        raise PydanticCustomError("duration", "write a length of time from 5s to {days}d", {"days": LONGEST_TEST_DAYS})
    return text


_Duration = Annotated[StrictStr, Field(max_length=20), AfterValidator(_duration)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Whom(_Part):
    """Contacts: those in one of these groups, with one of these tags, or in one of these segments."""

    groups: _Keys = Field(default_factory=list)
    tags: _Keys = Field(default_factory=list)
    segments: _Keys = Field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether it names nobody."""
        return not (self.groups or self.tags or self.segments)


class Audience(Whom):
    """Whom a campaign is for."""

    everyone: bool = Field(default=False, description="All contacts.")
    exclude: Whom = Field(default_factory=Whom, description="Who gets nothing, whatever else holds.")
    taken: Literal["launch", "start"] = Field(
        default="start",
        description="When it is found out who that is: when the campaign is launched, or when it is due.",
    )

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if self.everyone != self.is_empty:
            raise PydanticCustomError("audience", "give 'groups', 'tags' or 'segments', or 'everyone': true")
        return self


class Window(_Part):
    """Hours in which messages may arrive, in the time zone of each recipient."""

    begins: Clock = Field("09:00", alias="from")
    ends: Clock = Field("20:00", alias="to")
    days: Annotated[list[Annotated[StrictInt, Field(ge=1, le=7)]], Field(min_length=1, max_length=7)] = Field(
        default_factory=lambda: list(EVERY_DAY), description="1 is Monday."
    )

    @model_validator(mode="after")
    def _is_in_a_day(self) -> Self:
        if self.begins >= self.ends:
            raise PydanticCustomError("window", "'from' must be before 'to', on the same day")
        return self

    def window(self) -> SendWindow:
        """As it is computed with."""
        return SendWindow(time.fromisoformat(self.begins), time.fromisoformat(self.ends), tuple(self.days))


_BY_DAY = Window.model_validate({}).window()


class Repeat(_Part):
    """Again and again, each time to those who belong to the audience then."""

    cron: Annotated[StrictStr, Field(min_length=9, max_length=100, pattern=r"^[0-9*,/A-Za-z-]+( [0-9*,/A-Za-z-]+){4}$")]
    time_zone: Annotated[StrictStr, Field(max_length=100), AfterValidator(zone)] | None = Field(
        None, description="Left out: the account's."
    )


class Variant(_Part):
    """One of several texts."""

    key: Annotated[StrictStr, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,19}$")]
    template: _Template
    template_version: _Version = None
    share: Annotated[StrictInt, Field(ge=1, le=1000, description="In proportion to the others.")] = 1


class Test(_Part):
    """Part of the people get the variants first; the rest gets the one that does best."""

    percent: _Percent = Field(description="Of the people: who gets the variants first.")
    by: Literal["opens", "clicks", "goal"]
    after: _Duration = Field(description="How long after the first messages it is decided, such as 4h.")


class Goal(_Part):
    """What recipients are to do."""

    event: Annotated[StrictStr, Field(min_length=1, max_length=100, description="As `POST /api/events` names it.")]
    within: _Duration = "7d"


class CampaignPlan(_Part):
    """A campaign as it is saved."""

    channel: Channel
    purpose: Annotated[StrictStr, Field(min_length=1, max_length=50)] = "marketing"
    template: _Template | None = Field(None, description="Left out only with `variants`.")
    template_version: _Version = None
    variants: Annotated[list[Variant], Field(max_length=MOST_VARIANTS)] = Field(default_factory=list)
    test: Test | None = None
    goal: Goal | None = None
    holdout: Annotated[StrictInt, Field(ge=0, le=50)] = Field(
        0, description="Percent of the people who get nothing, to compare with."
    )
    audience: Audience
    gateway_identifier: Annotated[StrictStr, Field(max_length=200)] | None = None
    schedule_at: Annotated[StrictStr, Field(max_length=50)] | None = Field(
        None, description="When to begin, not in the past; left out: with the launch."
    )
    repeat: Repeat | None = None
    send_window: Window | Literal["always"] | None = Field(
        None, description="Left out: from 09:00 to 20:00 for text messages, always for emails."
    )
    per_minute: Annotated[StrictInt, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="Messages; left out: as many as the gateways take."
    )
    approve_above: Annotated[StrictInt, Field(ge=0, le=2**31 - 1)] | None = Field(
        None, description="Credits. A campaign that costs more, about, waits for `approve`."
    )

    shorten_links: StrictBool | None = Field(
        None, description="As in send requests; left out: as the template or your settings of links say."
    )
    utm: Utm | None = Field(None, description="For the targets of its links, instead of those in your settings.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if bool(self.template) == bool(self.variants):
            raise PydanticCustomError("template", "give either 'template' or 'variants'")
        if self.variants and (len(self.variants) < 2 or len({one.key for one in self.variants}) < len(self.variants)):
            raise PydanticCustomError("variants", "give at least two variants, each with a key of its own")
        if self.test and not self.variants:
            raise PydanticCustomError("test", "a test needs 'variants'")
        if self.test and self.test.by == "goal" and not self.goal:
            raise PydanticCustomError("goal", "a test by goal needs a 'goal'")
        if self.repeat and self.schedule_at:
            raise PydanticCustomError("repeat", "give either 'schedule_at' or 'repeat'")
        if self.repeat and self.audience.taken == "launch":
            raise PydanticCustomError("audience", "what repeats takes its people when it starts")
        return self

    def stored(self) -> dict[str, Any]:
        """As JSON, without what was left out."""
        return self.model_dump(mode="json", exclude_none=True, by_alias=True)

    def window(self) -> SendWindow | None:
        """In which hours it may arrive; ``None``: in all."""
        if isinstance(self.send_window, Window):
            return self.send_window.window()
        return None if self.send_window or self.channel == Channel.EMAIL else _BY_DAY

    @property
    def texts(self) -> dict[str, tuple[str, int | None]]:
        """By variant ("": there is one only) the template, and its version if one was named."""
        if self.template:
            return {"": (self.template, self.template_version)}
        return {one.key: (one.template, one.template_version) for one in self.variants}


class CampaignDraft(CampaignPlan):
    """A campaign as a request gives it."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=200)]

    def plan(self) -> CampaignPlan:
        """All but its name."""
        return CampaignPlan.model_construct(**{name: getattr(self, name) for name in CampaignPlan.model_fields})
