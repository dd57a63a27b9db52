"""Responses, for ``/openapi.json``. They are not validated against these at run time."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.channels import Channel
from domain.messages.receipts import ReceiptKind
from domain.messages.statuses import State
from services.contacts import numbers, unknown_fields
from services.contacts.duplicates import MAX_LISTED

Word = Literal["pending", "schedule", "processing", "delivered", "fail"]
"""XSender's names of message states."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AcceptedMessage(_Answer):
    """One message of a send request."""

    uid: UUID
    status: Literal["pending", "schedule"]
    state: Literal["queued", "scheduled"]
    to: str = Field(description="The normalised recipient: E.164, or one mailbox.")
    credits: int = Field(ge=0, description="Credits held for it.")


class DuplicatesWarning(_Answer):
    """Several contacts have the same recipient."""

    kind: Literal["duplicates"]
    message: str
    count: int = Field(description="Contacts whose recipient an earlier contact has already.")
    skipped: int = Field(description="How many of them were skipped, as requested by `duplicates`.")
    indexes: list[int] = Field(max_length=MAX_LISTED, description="The first of them, counted from 0.")


class UnknownField(_Answer):
    """A field that nothing reads."""

    pointer: str = Field(description="Its place in the body; `/name` may also be a query parameter.")
    nearest: str | None = Field(description="The known name that was probably meant.")
    message: str


class UnknownFieldsWarning(_Answer):
    """The request has fields that nothing reads, such as misspelt ones. Fields that a template names are read."""

    kind: Literal["unknown_fields"]
    message: str
    count: int
    fields: list[UnknownField] = Field(max_length=unknown_fields.MAX_LISTED, description="The first of them.")


class UnknownNumbersWarning(_Answer):
    """Numbers are possible in their countries, but of no range that is known to be in use: new, or mistyped."""

    kind: Literal["unknown_numbers"]
    message: str
    count: int = Field(description="Contacts with such a number, their own or that of a fallback.")
    indexes: list[int] = Field(max_length=numbers.MAX_LISTED, description="The first of them, counted from 0.")


class SkippedContact(_Answer):
    """A contact that got no message."""

    pointer: str
    code: Literal["missing_field"]
    message: str


class SkippedWarning(_Answer):
    """Contacts lack a variable of a template that skips such contacts."""

    kind: Literal["skipped"]
    message: str
    count: int
    contacts: list[SkippedContact] = Field(max_length=MAX_LISTED, description="The first of them.")


SendWarning = Annotated[
    DuplicatesWarning | UnknownFieldsWarning | UnknownNumbersWarning | SkippedWarning, Field(discriminator="kind")
]
"""An accepted request may not be as intended."""


class SendAnswer(_Answer):
    """All messages were accepted."""

    success: Literal[True]
    message: str
    data: list[AcceptedMessage] = Field(
        description="In the order of the contacts, without those that were skipped as duplicates."
    )
    warnings: list[SendWarning] | None = Field(None, description="Left out where there are none.")
    batch: UUID | None = Field(None, description="The batch, for more contacts than fit one page (500).")


class Estimate(_Answer):
    """What a send request would cost."""

    messages: int
    credits: int = Field(ge=0, description="Of all of them, without their fallbacks.")
    parts: int | None = Field(description="Of the first SMS; `null` on other channels, and for batches.")
    encoding: Literal["gsm7", "ucs2"] | None = Field(description="Of the first SMS.")
    units: int | None = Field(description="Its length: septets (gsm7) or UTF-16 units (ucs2).")
    unusual: list[str] = Field(description="The first characters that turn it to UCS-2, whose parts are shorter.")


class EstimateAnswer(_Answer):
    """What a send request would cost."""

    success: Literal[True]
    message: str
    data: Estimate


class WaitingDevice(_Answer):
    """A phone that has a message."""

    id: UUID
    name: str


class WaitingSim(_Answer):
    """The SIM that is to send it."""

    uid: str
    label: str | None


class Waiting(_Answer):
    """Why a message was not sent yet."""

    for_: str = Field(
        alias="for",
        description="Such as `schedule`, `rate_slot`, `gateway_paused`, `account_suspended`, `sending_paused`, "
        "`reputation_guard`, `quiet_hours`, `frequency_cap`, `device`.",
    )
    until: datetime | None
    gateway: str | None
    reason: str | None = Field(default=None, description="Why, of `reputation_guard`; else it is left out.")
    handed_at: datetime | None = Field(
        default=None, description="Of `device`: when a phone got the message; `null`: it waits for one."
    )
    device: WaitingDevice | None = Field(default=None, description="The phone, if it is one of yours.")
    sim: WaitingSim | None = Field(default=None, description="Its SIM.")
    is_cancelling: bool | None = Field(default=None, description="Whether the phone was asked to give it back.")


class Credit(_Answer):
    """The state of a message's credits."""

    amount: int
    state: Literal["free", "pending", "held", "captured", "released", "refunded"] = Field(
        description="`pending`: will be held when the message's page is started. `refunded`: the provider accepted the "
        "message, and reported later that it did not arrive."
    )


class AttemptMade(_Answer):
    """One attempt to send a message through a gateway."""

    attempt: int
    gateway: str
    outcome: str
    provider_id: str | None
    code: str | None
    reason: str | None
    started_at: datetime
    ended_at: datetime | None
    sent_as: Literal["message", "template"] | None = Field(
        description="What was sent of a contact with `template_if_closed`; `null` for others."
    )


class ReceiptEvent(_Answer):
    """An event of a message, reported by a provider or by a link in an email."""

    kind: ReceiptKind
    at: datetime = Field(description="By the reporter's clock.")
    code: str | None
    reason: str | None
    url: str | None = Field(description="What was clicked.")
    recipient: str | None = Field(
        description="The mailbox that it is about, if not the message's recipient: one in `cc`."
    )
    scanner: bool = Field(description="Whether a program followed the link before a person could: it counts nowhere.")


class MadeFrom(_Answer):
    """The template that a message was made from."""

    key: str
    version: int


class MessageStatus(_Answer):
    """A message. Just after it was accepted, until it is recorded, most fields are `null`."""

    uid: UUID
    status: Word
    state: State
    user_id: int | None = Field(description="`null` where an admin key sent it.")
    by_admin: bool
    test: bool = Field(description="Whether a test key sent it: it only pretends to be sent, and costs nothing.")
    purpose: str | None = Field(description="What it is for.", examples=["transactional"])
    to: str | None
    gateway: str | None
    provider_id: str | None
    code: str | None = Field(description="Why it ended as it did, for programs.")
    reason: str | None = Field(description="The same for people.")
    waiting: Waiting | None
    credit: Credit | None
    attempts: list[AttemptMade]
    receipts: list[ReceiptEvent] = Field(description="In the order in which they happened.")
    fallback_uid: UUID | None = Field(description="The message that was sent as its fallback.")
    schedule_at: datetime | None
    created_at: datetime = Field(description="When it was accepted.")
    updated_at: datetime | None
    template: MadeFrom | None = Field(None, description="Left out if it was made from none.")


class StatusAnswer(_Answer):
    """A message's status."""

    success: Literal[True]
    message: str
    data: MessageStatus


class ListedMessage(_Answer):
    """A message in a list."""

    uid: UUID
    channel: Channel
    status: Word
    state: State
    user_id: int | None = Field(description="`null` where an admin key sent it.")
    by_admin: bool
    test: bool = Field(description="Whether a test key sent it: it only pretends to be sent, and costs nothing.")
    purpose: str = Field(description="What it is for.", examples=["transactional"])
    to: str
    gateway: str | None
    provider_id: str | None
    code: str | None = Field(description="Why it ended as it did, for programs.")
    reason: str | None = Field(description="The same for people.")
    credit: Credit
    batch: UUID | None
    schedule_at: datetime | None
    created_at: datetime = Field(description="When it was accepted.")
    updated_at: datetime


class MessagePage(_Answer):
    """A page of messages."""

    data: list[ListedMessage]
    next_cursor: str | None = Field(
        description="For the next page; `null`: this was the last one. A page is read in bounded time, so one with a "
        "rare filter may have few messages, or none, and yet not be the last."
    )


class Changed(_Answer):
    """A waiting message after it was changed."""

    uid: UUID
    status: Word
    state: State
    schedule_at: datetime | None = None


class ChangeAnswer(_Answer):
    """The changed message."""

    success: Literal[True]
    message: str
    data: Changed


class ResolvedMessage(_Answer):
    """A message whose outcome was decided by hand."""

    uid: UUID
    state: State
    credit: str = Field(description="The state of its credit.")


class ResolveAnswer(_Answer):
    """The resolved message."""

    success: Literal[True]
    message: str
    data: ResolvedMessage


class SandboxMessage(BaseModel):
    """A message that a sandbox gateway delivered, with its content."""

    model_config = ConfigDict(extra="allow")

    id: int
    user_id: int | None
    by_admin: bool
    gateway: str
    uid: UUID
    channel: Channel
    to: str
    delivered_at: datetime


class SandboxPage(_Answer):
    """A page of the sandbox's inbox."""

    data: list[SandboxMessage]
    next_cursor: int | None


class Health(_Answer):
    """The state of all parts."""

    status: Literal["ok", "failing"]
    failing: list[str]
    parts: dict[str, Literal["ok", "failing"]]


class Alive(_Answer):
    """A process that answers."""

    status: Literal["ok"]


class CodecPayloads(BaseModel):
    """Temporal payloads in protobuf JSON: `metadata` and `data` are base64."""

    payloads: list[dict[str, Any]] | None = None
