"""Bodies and answers of sources of leads."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from api.http.query_text import Moment
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
    unknown: int = Field(description="Posts about forms that do not count.")
    last_lead_at: datetime | None
    fetched_at: datetime | None = Field(description="When a lead was fetched last.")
    backfilled_at: datetime | None = Field(description="All that the provider got before is known.")
    created_at: datetime
    updated_at: datetime


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
