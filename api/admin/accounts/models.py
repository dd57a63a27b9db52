"""Bodies and answers about users, plans, credits and keys."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt, StrictStr

from api.admin.managed import ManagedBy
from api.admin.models import Answer, Body, OneAnswer, PageAnswer, PlanName, Reason, Scope, Text
from api.http.query_text import Moment
from domain.channels import Channel


class NewUser(Body):
    """A user to be created."""

    email: Text
    name: Text
    plan: PlanName | None = Field(default=None, description="Name or id of a plan; its credits are granted.")
    external_id: Text | None = Field(default=None, description="Its id in another system.")
    time_zone: Text | None = Field(default=None, description="Such as `Europe/Berlin`; left out: the install's.")
    region: Text | None = Field(default=None, description="The country of its numbers without a country code: `FR`.")


class PutUser(Body):
    """A user as another system knows it."""

    email: Text
    name: Text
    plan: PlanName | None = None
    time_zone: Text | None = Field(default=None, description="Left out: the install's.")
    region: Text | None = None


class PatchUser(Body):
    """Fields to change (RFC 7396): those left out stay, `null` clears."""

    email: Text = ""
    name: Text = ""
    external_id: Text | None = None
    time_zone: Text = ""
    region: Text | None = None


class User(Answer):
    """A user."""

    id: int
    email: str
    name: str
    state: Literal["active", "suspended", "deleted"]
    external_id: str | None
    time_zone: str
    region: str | None
    plan: str | None
    plan_expires_at: datetime | None
    plan_renews: bool
    created_at: datetime
    deleted_at: datetime | None


class Suspension(Body):
    """Why a user is suspended, and what becomes of its waiting messages."""

    reason: Reason = ""
    waiting: Literal["cancel", "keep"] = Field(
        default="cancel",
        description="`cancel`: they end, and their credits are released. `keep`: they wait until the user is resumed.",
    )


class Resumption(Body):
    """Why a user is resumed."""

    reason: Reason = ""


class AssignPlan(Body):
    """A plan for a user."""

    plan: PlanName
    renews: StrictBool = Field(default=True, description="Whether it renews at the end of its period.")
    at: Literal["period_end"] | Moment | None = Field(
        default=None, description="When: `period_end`, or a time. Left out: now, and what was scheduled is dropped."
    )


class PatchAllowance(Body):
    """What a plan gives on one channel; fields left out stay, `null` gives the default."""

    credits: StrictInt | None = Field(default=None, description="Granted at each renewal; default 0.")
    daily_limit: StrictInt | None = Field(default=None, description="Messages per day; default: no limit.")
    carry_over: StrictInt | None = Field(
        default=None, description="How many of the credits that are left stay at a renewal; default: all."
    )


class PatchPlan(Body):
    """Fields to change (RFC 7396): those left out stay, `null` gives the default."""

    name: StrictStr | None = None
    price_cents: StrictInt | None = None
    currency: StrictStr | None = None
    period: StrictStr | None = Field(default=None, description="`day`, `week`, `month`, `year` or `forever`.")
    own_gateways: StrictBool | None = Field(default=None, description="Whether users may have gateways of their own.")
    rate_class: StrictStr | None = Field(default=None, description="`standard`, `high` or `unlimited`.")
    channels: dict[Channel, PatchAllowance | None] | None = Field(
        default=None, description="By channel; merged: a channel left out stays, `null` removes what it gives there."
    )
    gateways: list[StrictStr] | None = Field(
        default=None, description="Identifiers of gateways of the admin; replaced as a whole."
    )
    rates: list[dict[StrictStr, Any]] | None = Field(
        default=None, description="What messages cost, as for a new plan; replaced as a whole."
    )
    allowed_countries: Annotated[list[StrictStr], Field(max_length=300)] | None = Field(
        default=None, description="Whose numbers users may send to, of those that the install allows; empty: all."
    )


class PlanRate(Answer):
    """What messages of a kind cost: `credits` for each part of an SMS, recipient of an email, WhatsApp message."""

    channel: Channel
    prefix: str | None
    category: Literal["marketing", "utility", "authentication", "service"] | None
    credits: int


class PlanAllowance(Answer):
    """What a plan gives on one channel."""

    credits: int
    daily_limit: int | None
    carry_over: int | None


class Plan(Answer):
    """A plan."""

    id: int
    name: str
    price_cents: int
    currency: str
    period: Literal["day", "week", "month", "year", "forever"]
    own_gateways: bool
    rate_class: str
    channels: dict[Channel, PlanAllowance]
    gateways: list[str]
    rates: list[PlanRate]
    allowed_countries: list[str]
    created_at: datetime
    managed_by: ManagedBy


class MoveCredits(Body):
    """Credits to grant, or, if negative, to deduct."""

    channel: Channel
    amount: StrictInt
    reason: Reason = ""


class TransferCredits(Body):
    """Credits for another user."""

    to: Annotated[StrictInt, Field(ge=1, le=2**63 - 1)] = Field(description="The other user's id.")
    channel: Channel
    amount: StrictInt
    reason: Reason = ""


class Wallet(Answer):
    """Credits on a channel: `granted = available + held + spent`."""

    available: int
    held: int
    spent: int
    granted: int


class NewKey(Body):
    """A key for a user or a member of staff. The answer is the only place where it is ever shown."""

    user: StrictInt | None = None
    staff: StrictInt | None = None
    name: Text = ""
    scopes: list[Scope] | None = Field(
        default=None,
        max_length=100,
        description="For a user `send`, `read`, `keys`, `gateways`, narrowed by `channel:sms` or `gateway:<id>`; left "
        "out: `send` and `read`. For staff permissions of its role; left out: all.",
    )
    ip_allow: list[Annotated[StrictStr, Field(max_length=50)]] | None = Field(
        default=None, max_length=100, description="Addresses or networks: `192.0.2.0/24`."
    )
    expires_at: Moment | None = None
    test: StrictBool = Field(
        default=False, description="For a user: what it sends goes to the sandbox gateways, and costs nothing."
    )
    rate_class: Annotated[StrictStr, Field(max_length=50)] | None = Field(
        default=None, description="`standard`, `high` or `unlimited`; left out: that of the user's plan."
    )
    spend_cap: StrictInt | None = Field(
        default=None, description="For a user: the most credits in a day, over all channels; left out: no limit."
    )
    certificate: Annotated[StrictStr, Field(max_length=100)] | None = Field(
        default=None, description="SHA-256 of the client certificate (mTLS) that its requests must come with."
    )


class RollKey(Body):
    """How a key is replaced."""

    overlap_seconds: Annotated[StrictInt, Field(ge=0, le=2_592_000)] = Field(
        default=3600, description="How long the old key still works."
    )


class Key(Answer):
    """A key, without its secret."""

    id: str
    kind: Literal["user", "test", "admin", "staff"]
    test: bool = Field(description="Whether what it sends goes to the sandbox gateways.")
    user_id: int | None
    staff_id: int | None
    name: str
    preview: str
    scopes: list[str]
    ip_allow: list[str] | None
    certificate: str | None = Field(description="SHA-256 of the client certificate that it needs.")
    rate_class: str | None = Field(description="`null`: that of the user's plan.")
    spend_cap: int | None = Field(description="The most credits in a day; `null`: no limit.")
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute; `null`: never.")
    last_used_ip: str | None


class IssuedKey(Key):
    """A new key."""

    key: str


class SuspendedUser(User):
    """A user that was suspended."""

    operation: UUID | None = Field(description="Of the operation that cancels its waiting messages.")


class SuspendedUserAnswer(OneAnswer):
    """A user that was suspended."""

    data: SuspendedUser


class UserAnswer(OneAnswer):
    """One user."""

    data: User


class PlanAnswer(OneAnswer):
    """One plan."""

    data: Plan


class WalletAnswer(OneAnswer):
    """A wallet after it was changed."""

    data: Wallet


class WalletsAnswer(OneAnswer):
    """The wallets of a user, by channel."""

    data: dict[Channel, Wallet]


class TransferredWallets(Answer):
    """Both wallets after a transfer."""

    from_: Wallet = Field(alias="from")
    to: Wallet
    uid: UUID = Field(description="Of the transfer, in both journals.")


class TransferAnswer(OneAnswer):
    """Credits went from one user to another."""

    data: TransferredWallets


class KeyAnswer(OneAnswer):
    """One key."""

    data: Key


class IssuedKeyAnswer(OneAnswer):
    """A new key: keep it, it is not shown again."""

    data: IssuedKey


class JournalEntry(Answer):
    """Why a wallet changed."""

    occurred_at: datetime
    channel: Channel
    kind: Literal["grant", "deduct", "transfer", "hold", "capture", "release", "refund"]
    amount: int = Field(description="Negative: a transfer to another user.")
    uid: UUID = Field(description="The message, the grant, or the transfer.")
    reason: str
    other_user_id: int | None = Field(description="Of a transfer: from whom, or to whom.")


class JournalPage(PageAnswer):
    """A page of a user's journal."""

    data: list[JournalEntry]


class UserPage(PageAnswer):
    """A page of users."""

    data: list[User]


class PlanPage(PageAnswer):
    """A page of plans."""

    data: list[Plan]


class KeyPage(PageAnswer):
    """A page of keys."""

    data: list[Key]
