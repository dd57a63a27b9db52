"""What a template consists of: texts by channel and language, and what is done about missing variables."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictStr, model_validator
from pydantic_core import PydanticCustomError

from domain.audience.languages import normalise_language
from services.contacts.models import MAX_SUBJECT, WhatsappTemplate

MAX_LANGUAGES = 20
MAX_HTML = 200_000
MAX_TEXT = 20_000
MAX_FALLBACKS = 100
KEY = r"^[a-z0-9][a-z0-9_-]{0,63}$"
_NAME = re.compile(r"[A-Za-z_][\w.-]{0,99}")


def _language(text: str) -> str:
    language = normalise_language(text)
    if language is None:
        raise PydanticCustomError("language", "write a language such as en or pt-BR")
    return language


def _variable(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise PydanticCustomError("variable", "write the name of a variable, such as first_name or order.city")
    return name


Language = Annotated[StrictStr, Field(max_length=35), AfterValidator(_language)]
_Markup = Annotated[StrictStr, Field(min_length=1, max_length=MAX_HTML)]
_Text = Annotated[StrictStr, Field(min_length=1, max_length=MAX_TEXT)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EmailText(_Part):
    """An email: HTML or MJML, or text alone; HTML may have a text beside it."""

    subject: Annotated[StrictStr, Field(min_length=1, max_length=MAX_SUBJECT)]
    html: _Markup | None = Field(None, description="Variables are escaped. No script, no forms.")
    mjml: _Markup | None = Field(None, description="Compiled to HTML when it is published. No mj-include.")
    text: _Text | None = Field(None, description="For clients that show no HTML; left out: made from the HTML.")
    preheader: Annotated[StrictStr, Field(min_length=1, max_length=500)] | None = Field(
        None, description="Shown beside the subject in lists of mails."
    )

    @model_validator(mode="after")
    def _has_one_form(self) -> Self:
        if self.html and self.mjml:
            raise PydanticCustomError("ambiguous", "give either 'html' or 'mjml'")
        if not (self.html or self.mjml or self.text):
            raise PydanticCustomError("missing", "give 'html', 'mjml' or 'text'")
        if self.preheader and not (self.html or self.mjml):
            raise PydanticCustomError("preheader", "a preheader needs 'html' or 'mjml'")
        return self


class SmsText(_Part):
    """A text message."""

    message: _Text


class WhatsappText(_Part):
    """A text, or a template of the provider; variables are filled in within its parameters."""

    text: _Text | None = None
    template: WhatsappTemplate | None = None

    @model_validator(mode="after")
    def _has_one_form(self) -> Self:
        if (self.text is None) == (self.template is None):
            raise PydanticCustomError("ambiguous", "give either 'text' or 'template'")
        return self


class TemplateBody(_Part):
    """The texts of a template."""

    default_language: Language = "en"
    missing: Literal["refuse", "empty", "skip"] = Field(
        "refuse",
        description="What is done about a variable that a contact has not. `refuse`: the request is refused. "
        "`empty`: nothing is printed there. `skip`: this contact alone gets no message.",
    )
    fallbacks: Annotated[
        dict[Annotated[StrictStr, AfterValidator(_variable)], Annotated[StrictStr, Field(max_length=500)]],
        Field(max_length=MAX_FALLBACKS),
    ] = Field(default_factory=dict, description="What is printed for a missing variable, by its name.")
    shorten_links: StrictBool | None = Field(
        None,
        description="Whether web links in SMS and WhatsApp texts become short links; left out: as your settings say.",
    )
    email: Annotated[dict[Language, EmailText], Field(max_length=MAX_LANGUAGES)] = Field(default_factory=dict)
    sms: Annotated[dict[Language, SmsText], Field(max_length=MAX_LANGUAGES)] = Field(default_factory=dict)
    whatsapp: Annotated[dict[Language, WhatsappText], Field(max_length=MAX_LANGUAGES)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_its_default(self) -> Self:
        given = [texts for texts in (self.email, self.sms, self.whatsapp) if texts]
        if not given:
            raise PydanticCustomError("missing", "give texts in 'email', 'sms' or 'whatsapp', by language")
        if any(self.default_language not in texts for texts in given):
            message = "every channel needs texts in the default language, '{language}'"
            raise PydanticCustomError("default_language", message, {"language": self.default_language})
        return self

    def stored(self) -> dict[str, Any]:
        """As JSON, without what was left out."""
        return self.model_dump(mode="json", exclude_none=True)


class TemplateDraft(TemplateBody):
    """A template as it is saved."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=200)]

    def body(self) -> TemplateBody:
        """Its texts."""
        return TemplateBody.model_construct(**{name: getattr(self, name) for name in TemplateBody.model_fields})
