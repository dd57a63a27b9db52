"""The bodies of ``POST /api/{channel}/send``, with every spelling that XSender's clients use."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

_Text = Annotated[StrictStr, Field(max_length=500_000)]
_Name = Annotated[StrictStr, Field(max_length=200)]


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


class SmsContact(_Contact):
    """One SMS, its text in ``body`` or ``message``."""

    number: StrictStr | StrictInt
    sms_type: StrictStr | None = Field(None, description="`unicode` forces UCS-2; otherwise the text decides.")
    sender_id: Annotated[StrictStr, Field(max_length=20)] | None = None


class WhatsappTemplate(BaseModel):
    """A template of Meta's Cloud API."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[StrictStr, Field(min_length=1, max_length=512)]
    language: Annotated[StrictStr, Field(min_length=1, max_length=20)] | dict[str, Any] = "en_US"
    components: list[dict[str, Any]] = Field(default_factory=list, max_length=20)


class WhatsappContact(_Contact):
    """One WhatsApp message: text, media (``media`` and ``url``), or a template."""

    number: StrictStr | StrictInt
    media: Literal["image", "audio", "video", "document"] | None = None
    url: Annotated[StrictStr, Field(max_length=2000, pattern="^https?://")] | None = None
    template: WhatsappTemplate | None = None
    session_name: _Name | None = Field(None, description="Old name of `gateway_identifier`.")


MAX_CONTACTS = 500

AnyContact = EmailContact | SmsContact | WhatsappContact


class _Send(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class EmailSend(_Send):
    """A request to send emails."""

    contact: Annotated[list[EmailContact], Field(min_length=1)]


class SmsSend(_Send):
    """A request to send text messages."""

    contact: Annotated[list[SmsContact], Field(min_length=1)]


class WhatsappSend(_Send):
    """A request to send WhatsApp messages."""

    contact: Annotated[list[WhatsappContact], Field(min_length=1)]
