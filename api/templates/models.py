"""Bodies and answers of templates."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from api.events.routes import EventContact
from services.audience.templates.models import Language, TemplateBody

_Version = Annotated[StrictInt, Field(ge=1, le=2**31 - 1)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Publish(_Body):
    """What is published."""

    version: _Version | None = Field(
        default=None,
        description="An older version, to roll back: it is published again as a new one. Left out: the draft.",
    )
    note: Annotated[StrictStr, Field(max_length=500)] = Field(default="", description="What has changed.")


class PreviewOf(_Body):
    """What is to be shown, and for whom."""

    version: _Version | None = Field(default=None, description="Left out: the draft.")
    language: Language | None = Field(default=None, description="Left out: the default.")
    variables: Annotated[dict[StrictStr, Any], Field(max_length=200)] = Field(default_factory=dict)


class ShowOf(PreviewOf):
    """What is to be shown, and for whom."""

    contact: EventContact | None = Field(
        default=None, description="A stored contact, whose values are filled in; `variables` win. Needs `contacts`."
    )


class SendTest(PreviewOf):
    """What is sent, and to whom."""

    to: Annotated[list[Annotated[StrictStr, Field(max_length=320)]], Field(min_length=1, max_length=10)] = Field(
        description="Email addresses or numbers, as the channel has them."
    )
    gateway_identifier: Annotated[StrictStr, Field(max_length=200)] | None = None


class TemplateHead(_Answer):
    """A template in a list."""

    key: str
    name: str
    channels: list[str] = Field(description="Those that its draft has texts for.")
    languages: list[str]
    version: int | None = Field(description="The published one, which sends take; `null`: none yet.")
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ShownTemplate(TemplateHead):
    """A template with its draft."""

    draft: TemplateBody


class TemplatePage(_Answer):
    """A page of templates."""

    data: list[TemplateHead]
    next_cursor: str | None


class TemplateAnswer(_Answer):
    """One template."""

    success: Literal[True]
    message: str
    data: ShownTemplate
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class VersionHead(_Answer):
    """A version in a list."""

    version: int
    note: str
    made_from: int | None = Field(description="The older version that was published again.")
    created_at: datetime


class ShownVersion(VersionHead):
    """A version, which never changes."""

    body: TemplateBody


class VersionPage(_Answer):
    """A page of versions."""

    data: list[VersionHead]
    next_cursor: str | None


class VersionAnswer(_Answer):
    """One version."""

    success: Literal[True]
    message: str
    data: ShownVersion
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class TextDifference(_Answer):
    """A text that differs."""

    pointer: str
    diff: str = Field(description="In the unified form.")


class Differences(_Answer):
    """How two versions differ."""

    from_: int = Field(alias="from")
    to: int | None = Field(description="`null`: the draft.")
    changes: list[TextDifference]


class DifferencesAnswer(_Answer):
    """How two versions differ."""

    success: Literal[True]
    message: str
    data: Differences


class Previews(_Answer):
    """What a recipient would get."""

    version: int | None = Field(description="`null`: the draft.")
    channels: dict[str, dict[str, Any]] = Field(
        description="By channel: the texts, `language`, `credits`, `missing` variables, `errors` that keep it from "
        "being sent, `warnings`; for SMS `encoding` and `segments`; where links are shortened `short_links`, with "
        "their `targets`, `characters_saved` and `segments_saved`."
    )


class PreviewAnswer(_Answer):
    """What a recipient would get."""

    success: Literal[True]
    message: str
    data: Previews
