"""The provider of identities at which staff logs in: how it is configured."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from domain.access.oidc import GroupRole
from domain.errors import FieldError, InvalidError, NotFoundError, invalid, pointer
from domain.keyring import Keyring
from domain.merge_patch import KEPT, Kept, merge
from domain.validation.sentences import in_words
from services.access.staff import permissions_of
from services.changes import Change
from store.access import oidc
from store.pool import Connections
from store.settings.applied_objects import managed

SECRET = "client_secret"  # noqa: S105 - a field's name
LONGEST_SECRET = 1000
STAFF = "staff"
"""Who logs in there: the provider's name in the audit log, and in a settings file."""


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
            raise ValueError("the issuer must begin with https://, unless allow_private_network is true")
        return self

    @property
    def mapping(self) -> list[GroupRole]:
        """As identities are compared with it."""
        return [GroupRole(one.group, one.role) for one in self.roles]


async def read_config(pool: Connections, *, lock: bool = False) -> tuple[OidcConfig, bytes] | None:
    """The provider and the client's sealed secret; ``None``: there is none. ``lock``: as in ``store``."""
    stored = await oidc.read(pool, lock=lock)
    return (
        None if stored is None else (OidcConfig.model_validate_json(orjson.dumps(stored.config)), stored.client_secret)
    )


async def shown(store: Connections) -> dict[str, Any]:
    """The provider as staff sees it: of the client's secret only that it is set.

    Raises:
        NotFoundError: there is none.
    """
    stored = await read_config(store)
    if stored is None:
        raise none_yet()
    is_in_file = bool(await managed(store, "oidc", [STAFF]))
    form = stored[0].model_dump(mode="json")
    return {**form, SECRET: {"set": True}, "managed_by": "file" if is_in_file else None}


async def change_config(change: Change, keyring: Keyring, patch: Mapping[str, Any]) -> None:
    """Change the provider as a JSON Merge Patch (RFC 7396) says.

    Whoever decides about the provider decides who gets any of its roles: so nobody does who lacks one.

    Raises:
        InvalidError: a value cannot be one; the secret must be given, also if it would be sent elsewhere.
        NotFoundError: there is no such role.
        ForbiddenError: a role may do what the actor may not.
    """
    stored = await _about(change)
    before = {} if stored is None else stored.config
    form = merge(before, {name: value for name, value in patch.items() if name != SECRET})
    keeps = SECRET not in patch
    await _write(change, keyring, stored, _checked(form), KEPT if keeps else patch[SECRET])


async def replace_config(change: Change, keyring: Keyring, whole: Mapping[str, Any]) -> None:
    """Have this provider and nothing of what was set before. The secret stays where there is ``KEPT``.

    Raises:
        InvalidError, NotFoundError, ForbiddenError: as in ``change_config``.
    """
    stored = await _about(change)
    config = _checked({name: value for name, value in whole.items() if name != SECRET})
    await _write(change, keyring, stored, config, whole.get(SECRET))


async def remove_config(change: Change) -> None:
    """Remove the provider with the client's secret. Members stay, and sessions that have begun go on.

    Raises:
        NotFoundError: there is none.
        ForbiddenError: a role of its mapping may do what the actor may not.
    """
    stored = await _about(change)
    if stored is None:
        raise none_yet()
    await _check_roles(change, stored.config, {})
    change.actor.check_confirmed()
    change.may_need_approval("role_grant")
    await oidc.remove(change.store)
    change.compare(stored.config, dict.fromkeys(stored.config))


def checked_secret(secret: Any) -> str:
    """A client's secret.

    Raises:
        InvalidError: it cannot be one.
    """
    if not isinstance(secret, str) or not 1 <= len(secret) <= LONGEST_SECRET:
        message = f"the client's secret is text of 1 to {LONGEST_SECRET} characters"
        raise InvalidError("secret_needed", message, pointer(SECRET))
    return secret


def none_yet() -> NotFoundError:
    """There is no provider."""
    return NotFoundError("oidc_off", "there is no provider of identities: PATCH, or xsender oidc set, sets one")


async def _about(change: Change) -> oidc.Stored | None:
    change.about("oidc", STAFF)
    return await oidc.read(change.store, lock=True)


async def _write(
    change: Change, keyring: Keyring, stored: oidc.Stored | None, config: OidcConfig, secret: str | Kept | None
) -> None:
    before = {} if stored is None else stored.config
    after = config.model_dump(mode="json")
    await _check_roles(change, before, after)
    change.actor.check_confirmed()
    change.may_need_approval("role_grant")
    if isinstance(secret, str):
        sealed = oidc.seal(keyring, checked_secret(secret))
    elif secret is KEPT and stored is not None and before["issuer"] == after["issuer"]:
        sealed = stored.client_secret
    else:
        message = "give the client's secret as well: it is sent to this issuer"
        raise InvalidError("secret_needed", message, pointer(SECRET))
    await oidc.write(change.store, after, sealed)
    change.compare(before, after)
    if isinstance(secret, str):
        change.compare({SECRET: None}, {SECRET: True}, hidden=(SECRET,))


async def _check_roles(change: Change, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """A role of before that is gone meanwhile gives nothing."""
    old, new = ({one["role"] for one in form.get("roles", ())} for form in (before, after))
    for role in sorted(old | new):
        try:
            change.actor.check_grant(await permissions_of(change.store, role, lock=True))
        except NotFoundError:
            if role in new:
                raise


def _checked(form: Any) -> OidcConfig:
    try:
        return OidcConfig.model_validate_json(orjson.dumps(form))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise invalid([FieldError(pointer(*e["loc"]), e["type"], in_words(e)) for e in found]) from None
