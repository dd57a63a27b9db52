"""The bodies of ``POST /api/{channel}/send``, with every spelling that XSender's clients use."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr, WithJsonSchema, field_validator, model_validator
from pydantic_core import PydanticCustomError

from domain.channels import Channel

MAX_CONTACTS = 500
"""Contacts of one request: what fits one page."""

_Text = Annotated[StrictStr, Field(max_length=500_000)]
_Name = Annotated[StrictStr, Field(max_length=200)]

# Left open here and checked where it is normalised: a union of types would report an error per type.
_Number = Annotated[
    Any,
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
    Field(description="With its country code, as `+14155550123`, as digits alone, or as a JSON integer."),
]


def _wrong_channel(given: str, here: str, paths: str) -> PydanticCustomError:
    return PydanticCustomError("wrong_channel", f"this contact has '{given}' but no '{here}': send it to {paths}")


class _Contact(BaseModel):
    """What contacts of all channels share. Fields that we do not know are ignored: clients send many."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    message: _Text | None = None
    body: _Text | None = None
    gateway_identifier: _Name | None = Field(None, description="Which gateway to use; left out: the account's first.")
    schedule_at: StrictStr | None = Field(
        None, description="ISO 8601; without an offset it is read in the account's time zone.", examples=[None]
    )
    on_unknown: Literal["hold", "resend"] | None = Field(
        None, description="What to do when the gateway's answer was lost; left out: the gateway's policy."
    )


class EmailContact(_Contact):
    """One email. ``message`` is HTML."""

    email: StrictStr
    subject: Annotated[StrictStr, Field(min_length=1, max_length=998)]
    sender_name: _Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_email(cls, value: Any) -> Any:
        if isinstance(value, dict) and "number" in value and "email" not in value:
            raise _wrong_channel("number", "email", "/api/sms/send or /api/whatsapp/send")
        return value


class _NumberContact(_Contact):
    """What contacts with a phone number share."""

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
    session_name: _Name | None = Field(None, description="Old name of `gateway_identifier`.")


AnyContact = EmailContact | SmsContact | WhatsappContact


class _Send(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class EmailSend(_Send):
    """A request to send emails."""

    contact: Annotated[list[EmailContact], Field(min_length=1, max_length=MAX_CONTACTS)]


class SmsSend(_Send):
    """A request to send text messages."""

    contact: Annotated[list[SmsContact], Field(min_length=1, max_length=MAX_CONTACTS)]


class WhatsappSend(_Send):
    """A request to send WhatsApp messages."""

    contact: Annotated[list[WhatsappContact], Field(min_length=1, max_length=MAX_CONTACTS)]


SEND_MODELS: dict[Channel, type[EmailSend] | type[SmsSend] | type[WhatsappSend]] = {
    Channel.EMAIL: EmailSend,
    Channel.SMS: SmsSend,
    Channel.WHATSAPP: WhatsappSend,
}
