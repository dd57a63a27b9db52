"""Bodies and answers about staff, roles, log-in at a provider, and the audit log."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictStr

from api.admin.managed import ManagedBy
from api.admin.models import Answer, Body, OneAnswer, PageAnswer, Scope, Text
from api.http.query_text import Moment


class NewStaff(Body):
    """A member of staff to be added."""

    email: Text
    name: Text
    role: Text
    expires_at: Moment | None = Field(default=None, description="When the rights end.")
    totp_required: StrictBool = Field(default=False, description="Whether who logs in needs a second factor.")


class PatchStaff(Body):
    """Fields to change (RFC 7396): those left out stay, `null` clears."""

    name: Text = ""
    role: Text = ""
    expires_at: Moment | None = None
    totp_required: StrictBool = False


class Staff(Answer):
    """A member of staff."""

    id: int
    email: str
    name: str
    role: str
    state: Literal["active", "removed"]
    expires_at: datetime | None
    totp_required: bool
    created_at: datetime


class Invitation(Answer):
    """A token that sets a password, once."""

    token: str
    expires_at: datetime


class RoleOfGroup(Body):
    """Which role a group gives."""

    group: Text
    role: Text


class PatchOidc(Body):
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


class SecretSet(Answer):
    """Stands in for a secret."""

    set: Literal[True]


class Oidc(Answer):
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


class PutRole(Body):
    """What a role may do."""

    permissions: list[Scope] = Field(max_length=100)


class Role(Answer):
    """A role."""

    name: str
    permissions: list[str]
    preset: bool
    managed_by: ManagedBy


class Permission(Answer):
    """A route, and what it needs."""

    method: str
    path: str
    permission: str
    description: str


class AuditEvent(Answer):
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


class StaffAnswer(OneAnswer):
    """One member of staff."""

    data: Staff


class InvitationAnswer(OneAnswer):
    """A token: keep it, it is not shown again."""

    data: Invitation


class Acting(Answer):
    """A session in the account of a user."""

    token: str
    expires_at: datetime


class ActingAnswer(OneAnswer):
    """A session: keep its token, it is not shown again."""

    data: Acting


class OidcAnswer(OneAnswer):
    """The provider of identities."""

    data: Oidc


class RoleAnswer(OneAnswer):
    """One role."""

    data: Role


class StaffPage(PageAnswer):
    """A page of staff."""

    data: list[Staff]


class RolePage(PageAnswer):
    """All roles."""

    data: list[Role]


class PermissionPage(PageAnswer):
    """All routes of the admin API, with their permissions."""

    data: list[Permission]


class AuditPage(PageAnswer):
    """A page of the audit log."""

    data: list[AuditEvent]
