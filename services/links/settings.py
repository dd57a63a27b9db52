"""What an account wants of the links in its messages."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from domain.errors import pointer
from domain.links.keeping import MAX_PATTERN, MOST_PATTERNS, check_pattern
from services.changes import Change
from store.links import settings
from store.pool import Connections

_Value = Annotated[StrictStr, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


class Utm(BaseModel):
    """Parameters that are added to the targets of short and tracked links that lack them, such as `utm_source`."""

    model_config = ConfigDict(extra="forbid")

    source: _Value | None = None
    medium: _Value | None = None
    campaign: _Value | None = None
    term: _Value | None = None
    content: _Value | None = None


class LinkSettings(BaseModel):
    """What is done with links, unless a request or a template says otherwise."""

    model_config = ConfigDict(extra="forbid")

    shorten_links: StrictBool = Field(
        False, description="Whether web links in SMS and WhatsApp texts become short links."
    )
    keep_links: Annotated[
        list[Annotated[StrictStr, Field(min_length=1, max_length=MAX_PATTERN)]], Field(max_length=MOST_PATTERNS)
    ] = Field(
        default_factory=list,
        description="Links that stay as they are: domains, perhaps with the start of a path, such as "
        "`app.example.com`, `*.example.com` or `example.com/open/`.",
    )
    utm: Utm = Field(default_factory=Utm)


async def read(store: Connections, account_id: int) -> LinkSettings:
    """An account's settings."""
    return LinkSettings.model_validate(await settings.read(store, account_id))


async def put(change: Change, account_id: int, wanted: LinkSettings) -> LinkSettings:
    """Replace an account's settings. They count from the next request on.

    Raises:
        InvalidError: a pattern cannot be one.
    """
    patterns = [check_pattern(one, pointer("keep_links", at)) for at, one in enumerate(wanted.keep_links)]
    after = wanted.model_copy(update={"keep_links": list(dict.fromkeys(patterns))})
    before = LinkSettings.model_validate(await settings.read(change.store, account_id, lock=True))
    change.about("link_settings", account_id)
    change.compare(shown(before), shown(after))
    await settings.write(change.store, account_id, after.model_dump(exclude_none=True))
    return after


def shown(found: LinkSettings) -> dict[str, Any]:
    """The settings, as they are answered."""
    return found.model_dump()
