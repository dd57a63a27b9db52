"""Bodies and answers of sources of leads."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from api.http.query_text import Moment
from domain.leads.mapping import MOST_RULES
from domain.leads.source import Kind
from services.leads.models import Credentials, Name, Settings


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SourceBody(Settings):
    """A source of leads."""

    kind: Kind
    name: Name
    credentials: Credentials = Credentials()


class ChangeSource(Settings):
    """What is to change. Lists and objects are replaced as a whole; credentials that are not named stay."""

    name: Name | None = None
    enabled: StrictBool | None = Field(default=None, description="Whether it takes leads.")
    credentials: Credentials = Credentials()


class ParkSource(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[StrictStr, Field(min_length=1, max_length=300)] = "parked by hand"


class Backfill(BaseModel):
    """What to look for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Moment | None = Field(
        default=None, description="Leads that came since; null: since the provider was last asked for all."
    )


class CheckSource(BaseModel):
    """What else to do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subscribe: Annotated[
        StrictBool, Field(description="`meta`: have the page report its leads, if it does not yet.")
    ] = False


class PreviewMapping(BaseModel):
    """Rules, and what to try them on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mapping: Annotated[list[dict[str, Any]], Field(max_length=MOST_RULES)] | None = Field(
        default=None, description="Left out: those of the source; without any, those that are usual."
    )
    body: dict[str, Any] | None = Field(
        default=None, description="As the provider has it. Left out: the last five leads."
    )


class ShownPoint(_Answer):
    """One thing that was looked at."""

    name: str
    ok: bool | None = Field(description="`null`: that cannot be said now.")
    message: str = Field(description="How it is, and if it is not as it should be, what to do.")


class ShownQuestion(_Answer):
    """A question of a form."""

    key: str = Field(description="By which rules name it.")
    label: str | None


class ShownForm(_Answer):
    """A form of the provider."""

    id: str | None
    name: str | None
    status: str | None
    questions: list[ShownQuestion]


class ShownAnswer(_Answer):
    """What somebody answered to a question."""

    name: str
    label: str | None
    values: list[str]


class ShownDisclaimer(_Answer):
    """A box of the form."""

    key: str
    label: str | None
    is_checked: bool


class ShownProblem(_Answer):
    """A value that cannot be used."""

    pointer: str
    code: str
    message: str


class ShownConsent(_Answer):
    """What somebody agreed to, or did not."""

    purpose: str
    granted: bool


class ShownRaw(_Answer):
    """A lead as its provider has it."""

    answers: list[ShownAnswer]
    disclaimers: list[ShownDisclaimer]
    about: dict[str, str] = Field(description="What is not personal: campaign, ad, `gcl_id` …")


class MappedLead(ShownRaw):
    """What rules make of a lead."""

    lead: str | None
    contact: dict[str, Any] = Field(description="The values of its contact.")
    consents: list[ShownConsent]
    tags: list[str]
    unmapped: dict[str, Any] = Field(description="Answers that no rule took: they are kept.")
    problems: list[ShownProblem]


class ShownPreview(_Answer):
    """What rules make of leads."""

    leads: list[MappedLead]
    suggested: list[dict[str, Any]] = Field(description="Rules for these questions, to begin with.")


class PreviewAnswer(_Answer):
    """What rules make of leads."""

    success: Literal[True]
    message: str
    data: ShownPreview


class ShownPark(_Answer):
    """Why its leads wait."""

    code: str = Field(description="For programs; `by_hand`: you have parked it.")
    reason: str = Field(description="What is wrong, and what to do.")
    at: datetime


class ShownRefusal(_Answer):
    """The last post that was not accepted."""

    at: datetime
    why: str


class ShownSource(Settings):
    """A source, without its credentials. Settings that are null are as if they were never set."""

    id: str
    key: str = Field(description="By which settings files and automations name it.")
    kind: Kind
    name: str
    state: Literal["active", "parked", "disabled"] = Field(
        description="`parked`: leads are stored, and wait until it is resumed. None is lost."
    )
    parked: ShownPark | None
    webhook_url: str = Field(description="Where leads are to be posted to: enter it at the provider.")
    credentials: list[str] | None = Field(
        description="Names of those that are set; null: they cannot be read any more: delete the source."
    )
    token_until: datetime | None = Field(description="Until when its token works, as far as it is known.")
    waiting: int = Field(description="Leads that wait for it to be resumed.")
    refused: int = Field(description="Posts that were not accepted.")
    last_refused: ShownRefusal | None
    unknown: int = Field(description="Posts about forms that do not count, and about pages that are not its own.")
    last_lead_at: datetime | None
    fetched_at: datetime | None = Field(description="When a lead was fetched last.")
    backfilled_at: datetime | None = Field(description="All that the provider got before is known.")
    created_at: datetime
    updated_at: datetime


class ShownCheck(_Answer):
    """How a source is."""

    ok: bool = Field(description="Whether nothing has to be mended.")
    points: list[ShownPoint]
    forms: list[ShownForm]
    source: ShownSource


class CheckAnswer(_Answer):
    """How a source is."""

    success: Literal[True]
    message: str
    data: ShownCheck


class SourcePage(_Answer):
    """Sources, the newest first."""

    data: list[ShownSource]
    next_cursor: str | None


class SourceAnswer(_Answer):
    """A source."""

    success: Literal[True]
    message: str
    data: ShownSource
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class NewSource(ShownSource):
    """A source, and what is shown of it once."""

    once: dict[str, str] = Field(
        description="Credentials that we chose, such as Google's `key`: shown this once, to be entered there."
    )


class NewSourceAnswer(_Answer):
    """A source, and what is shown of it once."""

    success: Literal[True]
    message: str
    data: NewSource
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class SourceGone(_Answer):
    """It is deleted."""

    success: Literal[True]
    message: str
    data: None
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
