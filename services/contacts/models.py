"""The bodies of ``POST /api/{channel}/send``, with every field name that XSender's clients use.

What is the same for all contacts may stand beside ``contact`` once; there a text may be a template.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from domain.channels import Channel
from domain.lanes import Lane
from domain.messages.fallback import MAX_STEPS
from services.contacts.mail.models import MailFields

MAX_CONTACTS = 100_000
"""Contacts of one request."""

MAX_TRANSACTIONAL = 10
"""Contacts of a request that takes the transactional lane unless it says otherwise."""

_Text = Annotated[StrictStr, Field(max_length=500_000)]
_Name = Annotated[StrictStr, Field(max_length=200)]

MAX_SUBJECT = 998
"""Characters of an email's subject (RFC 5322 §2.1.1)."""

# Left open here and checked where it is normalised: a union of types would report an error per type.
_Number = Annotated[
    Any,
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
    Field(description="With its country code, as `+14155550123`, as digits alone, or as a JSON integer."),
]


def _wrong_channel(given: str, here: str, paths: str) -> PydanticCustomError:
    return PydanticCustomError("wrong_channel", f"this contact has '{given}' but no '{here}': send it to {paths}")


_Subject = Annotated[StrictStr, Field(min_length=1, max_length=MAX_SUBJECT)]


class FallbackStep(BaseModel):
    """A message to send if an earlier one does not arrive. Its other fields are those of a contact of its channel.

    The contact's own `number` or `email` is used where the step gives none.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    channel: Channel
    after: Annotated[StrictStr, Field(description="How long to wait: 90s, 10m, 2h, 1d.", examples=["10m"])]
    if_: Literal["not_delivered", "not_read"] = Field(
        "not_delivered", alias="if", description="`not_read`: even if it was delivered, but not opened."
    )


_Fallback = Annotated[
    list[FallbackStep] | None,
    Field(max_length=MAX_STEPS, description="What is sent, one after the other, should the message not arrive."),
]


class _Common(BaseModel):
    """Fields of contacts that a request may also give once, for all of them."""

    message: _Text | None = None
    body: _Text | None = None
    gateway_identifier: _Name | None = Field(None, description="Which gateway to use; left out: the account's first.")
    schedule_at: StrictStr | None = Field(
        None,
        description="ISO 8601; without an offset it is read in the account's time zone. A past one means at once.",
        examples=[None],
    )
    on_unknown: Literal["hold", "resend"] | None = Field(
        None, description="What to do when the gateway's answer was lost; left out: the gateway's policy."
    )
    fallback: _Fallback = None


_IN_REQUESTS = {"from_": "from"}
"""Fields whose names are words of Python."""


class _Contact(_Common):
    """Fields that contacts of all channels share. Unknown fields are kept for templates."""

    model_config = ConfigDict(extra="allow", frozen=True)

    def fields(self) -> dict[str, object]:
        """All fields of the contact, by the names that the request used."""
        named = {_IN_REQUESTS.get(name, name): value for name, value in self.__dict__.items()}
        return named | (self.__pydantic_extra__ or {})


class EmailContact(_Contact, MailFields):
    """One email. ``message`` is HTML."""

    email: StrictStr
    subject: _Subject | None = Field(None, description="Required, here or for the whole request.")
    sender_name: _Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_email(cls, value: Any) -> Any:
        if isinstance(value, dict) and "number" in value and "email" not in value:
            raise _wrong_channel("number", "email", "/api/sms/send or /api/whatsapp/send")
        return value


class _NumberContact(_Contact):
    """Fields of contacts with a phone number."""

    number: _Number

    @model_validator(mode="before")
    @classmethod
    def _has_number(cls, value: Any) -> Any:
        if isinstance(value, dict) and "email" in value and "number" not in value:
            raise _wrong_channel("email", "number", "/api/email/send")
        return value


class SmsContact(_NumberContact):
    """One SMS, its text in ``body`` or ``message``."""

    sms_type: StrictStr | None = Field(None, description="`unicode` forces UCS-2; otherwise the text decides.")
    sender_id: Annotated[StrictStr, Field(max_length=20)] | None = None


class WhatsappTemplate(BaseModel):
    """A template of Meta's Cloud API."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[StrictStr, Field(min_length=1, max_length=512)]
    language: Annotated[
        Any, WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1, "maxLength": 20}, {"type": "object"}]})
    ] = "en_US"
    components: list[dict[str, Any]] = Field(default_factory=list, max_length=20)
    category: Literal["marketing", "utility", "authentication"] | None = Field(
        None, description="As at Meta. `marketing` is not sent to recipients who opted out of marketing."
    )

    language_fallback: StrictBool = Field(
        False, description="Use the base language (`pt` for `pt_BR`) where Meta has not approved this one."
    )

    @field_validator("category", mode="before")
    @classmethod
    def _as_meta_writes_it(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("language")
    @classmethod
    def _is_language(cls, value: Any) -> Any:
        if isinstance(value, dict) or (isinstance(value, str) and 1 <= len(value) <= 20):
            return value
        raise PydanticCustomError("language", "write a language code such as en_US, or an object with a code")


class WhatsappContact(_NumberContact):
    """One WhatsApp message: text, media (``media`` and ``url``), or a template."""

    media: Literal["image", "audio", "video", "document"] | None = None
    url: Annotated[StrictStr, Field(max_length=2000, pattern="^https?://")] | None = None
    template: WhatsappTemplate | None = None
    template_if_closed: WhatsappTemplate | None = Field(
        None,
        description="Sent in place of a text or of media where the person has not written to the gateway's number for "
        "24 hours, as WhatsApp then delivers templates only.",
        examples=[None],
    )
    session_name: _Name | None = Field(None, description="Old name of `gateway_identifier`.")


AnyContact = EmailContact | SmsContact | WhatsappContact

CONTACT_MODELS: dict[Channel, type[AnyContact]] = {
    Channel.EMAIL: EmailContact,
    Channel.SMS: SmsContact,
    Channel.WHATSAPP: WhatsappContact,
}
FIELDS_OF = {
    channel: frozenset(field.alias or name for name, field in model.model_fields.items())
    for channel, model in CONTACT_MODELS.items()
}
"""What a request's contacts may have beside variables, which no variable must take the place of."""


def _example(contact: dict[str, Any], **shared: str) -> ConfigDict:
    """The model's example: one text for all, and a contact to fill it from."""
    return ConfigDict(json_schema_extra={"example": {**shared, "message": "Hi {{ name }}!", "contact": [contact]}})


_TEMPLATE = (
    "For every contact that has no text of its own. By the rules of Liquid `{{ name }}` is filled in from its "
    "field `name`, and any other field likewise. A field that is missing is an error, unless the template provides "
    "for it: `{{ name | default: 'you' }}`."
)


MAX_KEY = 64
"""Characters of a template's key."""

TEMPLATE_FIELDS = frozenset({"template", "template_version", "language"})
"""Fields of a request that are read only if it names a template."""


class _Send(_Common):
    """Fields beside the contacts: they apply to each contact that does not override them."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    message: _Text | None = Field(None, description=_TEMPLATE)
    body: _Text | None = Field(None, description=_TEMPLATE)
    duplicates: Literal["send", "skip"] | None = Field(
        None,
        description="What to do with contacts whose recipient an earlier contact has already, in any notation. "
        "`send`, or left out: each gets its message, and the answer warns. `skip`: only the first does.",
    )
    priority: Lane | None = Field(
        None, description=f"Which lane to take; left out: `bulk` for more than {MAX_TRANSACTIONAL} contacts."
    )
    template: Annotated[StrictStr, Field(max_length=MAX_KEY)] | None = Field(
        None,
        description="The key of a template of `/api/templates`, in place of texts here. Its variables are filled in "
        "from each contact's fields.",
        examples=[None],
    )
    template_version: StrictInt | None = Field(
        None, description="Of the template; left out: the published one.", examples=[None]
    )
    language: Annotated[StrictStr, Field(max_length=35)] | None = Field(
        None,
        description="Of the template's texts, for contacts without a field `language`; left out: the default one.",
        examples=[None],
    )
    purpose: Annotated[StrictStr, Field(max_length=50)] | None = Field(
        None,
        description="What the messages are for, as their recipients allow or refuse it; one of `/api/purposes`. Left "
        "out: `transactional` in the transactional lane, else `marketing`.",
        examples=[None],
    )

    shorten_links: StrictBool | None = Field(
        None,
        description="Whether web links in SMS and WhatsApp texts become short links, which are tracked. Left out: as "
        "the template says, or the settings of your links.",
        examples=[None],
    )

    @model_validator(mode="before")
    @classmethod
    def _belong_to_a_template(cls, value: Any) -> Any:
        """Without a template these fields are as unknown as any others; an object is one of the provider, which
        belongs to contacts."""
        if isinstance(value, dict) and not TEMPLATE_FIELDS.isdisjoint(value):
            template = value.get("template")
            if template is None or isinstance(template, dict):
                return {name: inner for name, inner in value.items() if name not in TEMPLATE_FIELDS}
        return value


class EmailSend(_Send, MailFields):
    """A request to send emails. In ``message`` what is filled in is escaped for HTML."""

    model_config = _example({"email": "ada@example.com", "name": "Ada"}, subject="Hi {{ name }}")

    subject: _Subject | None = Field(None, description="For every contact without a subject; a template, as `message`.")
    contact: Annotated[list[EmailContact], Field(min_length=1, max_length=MAX_CONTACTS)]


class SmsSend(_Send):
    """A request to send text messages."""

    model_config = _example({"number": "+14155550123", "name": "Ada"})

    contact: Annotated[list[SmsContact], Field(min_length=1, max_length=MAX_CONTACTS)]


class WhatsappSend(_Send):
    """A request to send WhatsApp messages."""

    model_config = _example({"number": "+14155550123", "name": "Ada"})

    contact: Annotated[list[WhatsappContact], Field(min_length=1, max_length=MAX_CONTACTS)]


AnySend = EmailSend | SmsSend | WhatsappSend

SEND_MODELS: dict[Channel, type[AnySend]] = {
    Channel.EMAIL: EmailSend,
    Channel.SMS: SmsSend,
    Channel.WHATSAPP: WhatsappSend,
}
