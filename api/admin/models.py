"""Bodies and answers of the admin API."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from api.admin.managed import ManagedBy
from api.http.query_text import Moment
from domain.channels import Channel

Scope = Annotated[StrictStr, Field(max_length=100)]
PlanName = Annotated[StrictStr, Field(max_length=100)] | StrictInt
Reason = Annotated[StrictStr, Field(max_length=500)]
Text = Annotated[StrictStr, Field(max_length=400)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewUser(_Body):
    """A user to be created."""

    email: Text
    name: Text
    plan: PlanName | None = Field(default=None, description="Name or id of a plan; its credits are granted.")
    external_id: Text | None = Field(default=None, description="Its id in another system.")
    time_zone: Text | None = Field(default=None, description="Such as `Europe/Berlin`; left out: the install's.")
    region: Text | None = Field(default=None, description="The country of its numbers without a country code: `FR`.")


class PutUser(_Body):
    """A user as another system knows it."""

    email: Text
    name: Text
    plan: PlanName | None = None
    time_zone: Text | None = Field(default=None, description="Left out: the install's.")
    region: Text | None = None


class PatchUser(_Body):
    """Fields to change (RFC 7396): those left out stay, `null` clears."""

    email: Text = ""
    name: Text = ""
    external_id: Text | None = None
    time_zone: Text = ""
    region: Text | None = None


class User(_Answer):
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


class Suspension(_Body):
    """Why a user is suspended, and what becomes of its waiting messages."""

    reason: Reason = ""
    waiting: Literal["cancel", "keep"] = Field(
        default="cancel",
        description="`cancel`: they end, and their credits are released. `keep`: they wait until the user is resumed.",
    )


class Resumption(_Body):
    """Why a user is resumed."""

    reason: Reason = ""


class AssignPlan(_Body):
    """A plan for a user."""

    plan: PlanName
    renews: StrictBool = Field(default=True, description="Whether it renews at the end of its period.")
    at: Literal["period_end"] | Moment | None = Field(
        default=None, description="When: `period_end`, or a time. Left out: now, and what was scheduled is dropped."
    )


class PatchAllowance(_Body):
    """What a plan gives on one channel; fields left out stay, `null` gives the default."""

    credits: StrictInt | None = Field(default=None, description="Granted at each renewal; default 0.")
    daily_limit: StrictInt | None = Field(default=None, description="Messages per day; default: no limit.")
    carry_over: StrictInt | None = Field(
        default=None, description="How many of the credits that are left stay at a renewal; default: all."
    )


class PatchPlan(_Body):
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


class PlanRate(_Answer):
    """What messages of a kind cost: `credits` for each part of an SMS, recipient of an email, WhatsApp message."""

    channel: Channel
    prefix: str | None
    category: Literal["marketing", "utility", "authentication", "service"] | None
    credits: int


class PlanAllowance(_Answer):
    """What a plan gives on one channel."""

    credits: int
    daily_limit: int | None
    carry_over: int | None


class Plan(_Answer):
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


class MoveCredits(_Body):
    """Credits to grant, or, if negative, to deduct."""

    channel: Channel
    amount: StrictInt
    reason: Reason = ""


class TransferCredits(_Body):
    """Credits for another user."""

    to: Annotated[StrictInt, Field(ge=1, le=2**63 - 1)] = Field(description="The other user's id.")
    channel: Channel
    amount: StrictInt
    reason: Reason = ""


class Wallet(_Answer):
    """Credits on a channel: `granted = available + held + spent`."""

    available: int
    held: int
    spent: int
    granted: int


class NewKey(_Body):
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


class RollKey(_Body):
    """How a key is replaced."""

    overlap_seconds: Annotated[StrictInt, Field(ge=0, le=2_592_000)] = Field(
        default=3600, description="How long the old key still works."
    )


class Key(_Answer):
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


class NewStaff(_Body):
    """A member of staff to be added."""

    email: Text
    name: Text
    role: Text
    expires_at: Moment | None = Field(default=None, description="When the rights end.")
    totp_required: StrictBool = Field(default=False, description="Whether who logs in needs a second factor.")


class PatchStaff(_Body):
    """Fields to change (RFC 7396): those left out stay, `null` clears."""

    name: Text = ""
    role: Text = ""
    expires_at: Moment | None = None
    totp_required: StrictBool = False


class Staff(_Answer):
    """A member of staff."""

    id: int
    email: str
    name: str
    role: str
    state: Literal["active", "removed"]
    expires_at: datetime | None
    totp_required: bool
    created_at: datetime


class Invitation(_Answer):
    """A token that sets a password, once."""

    token: str
    expires_at: datetime


class RoleOfGroup(_Body):
    """Which role a group gives."""

    group: Text
    role: Text


class PatchOidc(_Body):
    """Fields to change (RFC 7396): those left out stay, `null` gives the default."""

    issuer: Text | None = Field(default=None, description="As the provider calls itself: `https://login.example.com`.")
    client_id: Text | None = None
    client_secret: Annotated[StrictStr, Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="Not shown again; to be given anew with another issuer."
    )
    group_claim: Text | None = Field(default=None, description="The claim that has somebody's groups.")
    roles: Annotated[list[RoleOfGroup], Field(max_length=100)] | None = Field(
        default=None, description="The first group that somebody is in counts; replaced as a whole."
    )
    email_domains: Annotated[list[Text], Field(max_length=100)] | None = Field(
        default=None, description="Whose addresses are accepted; empty: all that the provider has verified."
    )
    enabled: StrictBool | None = None
    allow_private_network: StrictBool | None = Field(
        default=None, description="Whether the provider is in the install's own network."
    )


class SecretSet(_Answer):
    """Stands in for a secret."""

    set: Literal[True]


class Oidc(_Answer):
    """The provider of identities."""

    issuer: str
    client_id: str
    client_secret: SecretSet
    group_claim: str
    roles: list[RoleOfGroup]
    email_domains: list[str]
    enabled: bool
    allow_private_network: bool
    managed_by: ManagedBy


class PutRole(_Body):
    """What a role may do."""

    permissions: list[Scope] = Field(max_length=100)


class Role(_Answer):
    """A role."""

    name: str
    permissions: list[str]
    preset: bool
    managed_by: ManagedBy


class Permission(_Answer):
    """A route, and what it needs."""

    method: str
    path: str
    permission: str
    description: str


class AuditEvent(_Answer):
    """Who did what to which object."""

    id: int
    action: str
    version: int
    occurred_at: datetime
    outcome: Literal["ok", "denied", "failed"]
    actor: dict[str, Any]
    targets: list[dict[str, Any]]
    context: dict[str, Any]
    changes: list[dict[str, Any]]
    reason: str
    metadata: dict[str, Any]


class _One(_Answer):
    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class SuspendedUser(User):
    """A user that was suspended."""

    operation: UUID | None = Field(description="Of the operation that cancels its waiting messages.")


class SuspendedUserAnswer(_One):
    """A user that was suspended."""

    data: SuspendedUser


class UserAnswer(_One):
    """One user."""

    data: User


class PlanAnswer(_One):
    """One plan."""

    data: Plan


class WalletAnswer(_One):
    """A wallet after it was changed."""

    data: Wallet


class WalletsAnswer(_One):
    """The wallets of a user, by channel."""

    data: dict[Channel, Wallet]


class TransferredWallets(_Answer):
    """Both wallets after a transfer."""

    from_: Wallet = Field(alias="from")
    to: Wallet
    uid: UUID = Field(description="Of the transfer, in both journals.")


class TransferAnswer(_One):
    """Credits went from one user to another."""

    data: TransferredWallets


class KeyAnswer(_One):
    """One key."""

    data: Key


class IssuedKeyAnswer(_One):
    """A new key: keep it, it is not shown again."""

    data: IssuedKey


class StaffAnswer(_One):
    """One member of staff."""

    data: Staff


class InvitationAnswer(_One):
    """A token: keep it, it is not shown again."""

    data: Invitation


class OidcAnswer(_One):
    """The provider of identities."""

    data: Oidc


class RoleAnswer(_One):
    """One role."""

    data: Role


class NothingAnswer(_One):
    """Done."""

    data: None


class _Page(_Answer):
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")


class JournalEntry(_Answer):
    """Why a wallet changed."""

    occurred_at: datetime
    channel: Channel
    kind: Literal["grant", "deduct", "transfer", "hold", "capture", "release", "refund"]
    amount: int = Field(description="Negative: a transfer to another user.")
    uid: UUID = Field(description="The message, the grant, or the transfer.")
    reason: str
    other_user_id: int | None = Field(description="Of a transfer: from whom, or to whom.")


class JournalPage(_Page):
    """A page of a user's journal."""

    data: list[JournalEntry]


class UserPage(_Page):
    """A page of users."""

    data: list[User]


class PlanPage(_Page):
    """A page of plans."""

    data: list[Plan]


class KeyPage(_Page):
    """A page of keys."""

    data: list[Key]


class StaffPage(_Page):
    """A page of staff."""

    data: list[Staff]


class RolePage(_Page):
    """All roles."""

    data: list[Role]


class PermissionPage(_Page):
    """All routes of the admin API, with their permissions."""

    data: list[Permission]


class AuditPage(_Page):
    """A page of the audit log."""

    data: list[AuditEvent]
