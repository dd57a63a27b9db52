"""The provider of identities at which staff logs in: how it is configured."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from domain.access.oidc import GroupRole
from domain.errors import FieldError, InvalidError, invalid, pointer
from domain.keyring import Keyring
from domain.merge_patch import merge
from services.access.staff import permissions_of
from services.changes import Change
from store.access import oidc
from store.pool import Connections

SECRET = "client_secret"  # noqa: S105 - a field's name


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be the address of the issuer, such as https://login.example.com")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be an address in ASCII, without spaces")
    return text


def _line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable text in one line")
    return text


def _domain(text: str) -> str:
    if "@" in text or "." not in text:
        raise ValueError("must be a domain, such as example.com")
    return text.lower()


_Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RoleOfGroup(_Part):
    """Which role a group gives."""

    group: _Line
    role: Annotated[str, Field(min_length=1, max_length=50)]


class OidcConfig(_Part):
    """All but the client's secret."""

    issuer: Annotated[str, Field(max_length=500), AfterValidator(_issuer)]
    client_id: _Line
    group_claim: _Line = "groups"
    """The claim of the token that has the person's groups."""
    roles: Annotated[list[RoleOfGroup], Field(max_length=100)] = []
    """The first group that somebody is in counts."""
    email_domains: Annotated[
        list[Annotated[str, Field(max_length=253), AfterValidator(_domain)]], Field(max_length=100)
    ] = []
    """Whose addresses are accepted; empty: all that the provider has verified."""
    enabled: bool = True
    allow_private_network: bool = False
    """Whether the provider is in the install's own network."""

    @model_validator(mode="after")
    def _is_safe(self) -> "OidcConfig":
        if self.issuer.startswith("http:") and not self.allow_private_network:
            raise ValueError("the issuer must begin with https://, unless it is in a private network")
        return self

    @property
    def mapping(self) -> list[GroupRole]:
        """As identities are compared with it."""
        return [GroupRole(one.group, one.role) for one in self.roles]


async def read_config(pool: Connections) -> tuple[OidcConfig, bytes] | None:
    """The provider and the client's sealed secret; ``None``: there is none."""
    stored = await oidc.read(pool)
    return (
        None if stored is None else (OidcConfig.model_validate_json(orjson.dumps(stored.config)), stored.client_secret)
    )


async def change_config(change: Change, keyring: Keyring, patch: Mapping[str, Any]) -> None:
    """Change the provider as a JSON Merge Patch (RFC 7396) says.

    Whoever decides about the provider decides who gets any of its roles: so nobody does who lacks one.

    Raises:
        InvalidError: a value cannot be one; the secret must be given, also if it would be sent elsewhere.
        NotFoundError: there is no such role.
        ForbiddenError: a role may do what the actor may not.
    """
    change.about("oidc", "staff")
    stored = await oidc.read(change.store, lock=True)
    before = {} if stored is None else stored.config
    config = _checked(merge(before, {name: value for name, value in patch.items() if name != SECRET}))
    after = config.model_dump(mode="json")
    for role in sorted({one["role"] for one in (*before.get("roles", ()), *after["roles"])}):
        change.actor.check_grant(await permissions_of(change.store, role, lock=True))
    change.may_need_approval("role_grant")
    given = patch.get(SECRET)
    is_elsewhere = before.get("issuer") != after["issuer"]
    if given is None and (stored is None or is_elsewhere or SECRET in patch):
        message = "give the client's secret as well: it is sent to this issuer"
        raise InvalidError("secret_needed", message, pointer(SECRET))
    sealed = stored.client_secret if given is None and stored is not None else oidc.seal(keyring, given or "")
    await oidc.write(change.store, after, sealed)
    change.compare(before, after)
    if given is not None:
        change.compare({SECRET: None}, {SECRET: True}, hidden=(SECRET,))


def _checked(form: Any) -> OidcConfig:
    try:
        return OidcConfig.model_validate_json(orjson.dumps(form))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise invalid([FieldError(pointer(*e["loc"]), e["type"], e["msg"]) for e in found]) from None
