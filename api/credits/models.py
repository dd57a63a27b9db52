"""Bodies and answers about a user's own credits, and of requests for more."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from domain.channels import Channel

Reason = Annotated[StrictStr, Field(max_length=500)]
State = Literal["pending", "approved", "rejected"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AskForCredits(_Body):
    """Credits that you ask for."""

    channel: Channel
    amount: StrictInt
    note: Reason = Field(default="", description="Such as the number of a payment, or a link to its receipt.")
    proof: StrictStr | None = Field(default=None, description="A PDF, PNG or JPEG file of up to 1 MiB, as base64.")


class ApproveRequest(_Body):
    """How a request is granted."""

    amount: StrictInt | None = Field(default=None, description="Left out: what was asked for.")
    reason: Reason = ""


class RejectRequest(_Body):
    """Why a request is rejected; its user sees it."""

    reason: Annotated[StrictStr, Field(min_length=1, max_length=500)]


class OwnWallet(_Answer):
    """Credits on a channel: `granted = available + held + spent`."""

    available: int
    held: int
    spent: int
    granted: int


class OwnWalletsAnswer(_Answer):
    """Your wallets, by channel."""

    success: Literal[True]
    message: str
    data: dict[Channel, OwnWallet]


class OwnJournalEntry(_Answer):
    """Why a wallet changed."""

    occurred_at: datetime
    channel: Channel
    kind: Literal["grant", "deduct", "transfer", "hold", "capture", "release", "refund"]
    amount: int = Field(description="Negative: a transfer to another user.")
    uid: UUID = Field(description="The message, the grant, or the transfer.")
    reason: str


class OwnJournalPage(_Answer):
    """A page of your journal."""

    data: list[OwnJournalEntry]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")


class ProofInfo(_Answer):
    """A proof, without its content."""

    type: Literal["application/pdf", "image/png", "image/jpeg"]
    bytes: int


class OwnCreditRequest(_Answer):
    """Credits that you asked for."""

    id: int
    channel: Channel
    amount: int
    note: str
    proof: ProofInfo | None
    state: State
    granted: int | None = Field(description="What was granted, once it is approved.")
    reason: str = Field(description="Of the decision.")
    created_at: datetime
    decided_at: datetime | None


class CreditRequest(OwnCreditRequest):
    """Credits that a user asked for."""

    user_id: int
    decided_by: dict[str, Any] | None


class OwnCreditRequestAnswer(_Answer):
    """Your request."""

    success: Literal[True]
    message: str
    data: OwnCreditRequest


class OwnCreditRequestPage(_Answer):
    """A page of your requests."""

    data: list[OwnCreditRequest]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")


class CreditRequestAnswer(_Answer):
    """A request."""

    success: Literal[True]
    message: str
    data: CreditRequest
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class CreditRequestPage(_Answer):
    """A page of requests."""

    data: list[CreditRequest]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")
