"""Log-in of staff at a provider of identities (OpenID Connect)."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from domain.access.actors import Actor
from domain.access.oidc import Identity, ProviderLogInError, Refusal
from domain.access.people import Person, PersonKind
from domain.access.permissions import OWNER
from domain.errors import ConflictError, LogInError, NotFoundError, UnavailableError
from domain.keyring import Keyring
from gateways import oidc as provider
from gateways.base import GatewayConnections
from gateways.net.http import HttpClient
from gateways.oidc import Client, ProviderAway, TokenRefused
from services.access.log_in import BEGUN, Begun
from services.access.oidc_config import OidcConfig, read_config
from services.access.people import actor_of
from services.access.staff import permissions_of, remove_member
from services.accounts.users import checked_email, checked_name
from services.changes import Change, change, log_denied
from store.access import oidc, people, sessions, staff
from store.access.staff import Member
from store.pool import Pool

CALLBACK = "/api/auth/oidc/callback"
PROOF = "oidc"


@dataclass(frozen=True, slots=True)
class Started:
    """A log-in that goes on at the provider."""

    url: str
    binding: str = field(repr=False)
    """For the browser alone, so that nobody else's log-in ends in it."""


class OidcLogIn:
    """Of one process."""

    def __init__(self, pool: Pool, keyring: Keyring, outside: GatewayConnections) -> None:
        self._pool = pool
        self._keyring = keyring
        self._outside = outside.of("log-in")

    async def is_on(self, public_url: str | None) -> bool:
        """Whether staff can log in there."""
        stored = await read_config(self._pool)
        return stored is not None and stored[0].enabled and public_url is not None

    async def start(self, public_url: str | None) -> Started:
        """Send a browser to the provider.

        Raises:
            NotFoundError: there is no provider.
            ConflictError: the install does not know its own address.
            UnavailableError: the provider does not answer.
        """
        config, client = await self._client(public_url)
        try:
            found = await provider.discover(self._http(config), config.issuer)
        except ProviderAway as error:
            raise _away(error) from None
        state, binding = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        await oidc.begin(self._pool, _hash(state), _hash(binding))
        url = provider.authorization_url(found, client, state, _derived("nonce", binding), _derived("pkce", binding))
        return Started(url, binding)

    async def finish(
        self, public_url: str | None, state: str, binding: str, code: str, context: Mapping[str, Any]
    ) -> Begun:
        """Begin the session of whoever came back from the provider.

        Raises:
            ProviderLogInError: the log-in was not begun in this browser, or was ended; the provider's word cannot be
                believed, or is not enough.
            ConflictError: the last owner has no such role there.
            NotFoundError, UnavailableError: as in ``start``.
        """
        config, client = await self._client(public_url)
        try:
            if not await oidc.end(self._pool, _hash(state), _hash(binding)):
                message = "this log-in was not begun in this browser, or has ended: begin again"
                raise ProviderLogInError(Refusal.NOT_BEGUN, message)
            identity = await self._identity(config, client, code, binding)
            return await self._begin(config, identity, context)
        except LogInError as error:
            await log_denied(
                self._pool, actor_of(None, context), BEGUN, metadata={"denied": error.message[:300], "with": PROOF}
            )
            raise

    async def _client(self, public_url: str | None) -> tuple[OidcConfig, Client]:
        stored = await read_config(self._pool)
        if stored is None or not stored[0].enabled:
            raise NotFoundError("oidc_off", "there is no provider of identities: log in with a password")
        if public_url is None:
            raise ConflictError("public_url_missing", "set the install's public URL: the provider sends browsers there")
        config, sealed = stored
        return config, Client(config.client_id, oidc.unseal(self._keyring, sealed), public_url.rstrip("/") + CALLBACK)

    async def _identity(self, config: OidcConfig, client: Client, code: str, binding: str) -> Identity:
        http = self._http(config)
        try:
            found = await provider.discover(http, config.issuer)
            token = await provider.exchange(http, found, client, code, _derived("pkce", binding))
            keys = await provider.fetch_keys(http, found)
            claims = provider.verify(token, keys, config.issuer, client.id, _derived("nonce", binding))
        except ProviderAway as error:
            raise _away(error) from None
        except TokenRefused as error:
            raise ProviderLogInError(Refusal.UNTRUSTED, f"the provider's token is not accepted: {error}") from None
        return Identity.of(claims, config.group_claim)

    async def _begin(self, config: OidcConfig, identity: Identity, context: Mapping[str, Any]) -> Begun:
        identity.check_email(config.email_domains)
        role = identity.role_in(config.mapping)
        subject = f"{config.issuer}|{identity.subject}"
        if role is None:
            await self._lose(subject, context)
            raise ProviderLogInError(Refusal.NO_ROLE, "none of your groups has a role here")
        async with change(self._pool, Actor("system", PROOF, context=context), "staff.logged_in_by_oidc") as made:
            member = await _member(made, subject, identity, role)
            person = Person(PersonKind.STAFF, member.id)
            known = await people.get(made.store, person)
            if known.status != "active":
                raise ProviderLogInError(Refusal.ENDED, "your rights here have ended")
            token = await sessions.begin(
                made.store, person, str(context["ip"]), str(context["user_agent"]), None, PROOF
            )
            assert token is not None
            made.metadata |= {"session_id": token.id, "with": PROOF}
        return Begun(known, token)

    async def _lose(self, subject: str, context: Mapping[str, Any]) -> None:
        """Remove the member whose groups are gone: its keys are revoked, its sessions end. The last owner stays."""
        try:
            async with change(self._pool, Actor("system", PROOF, context=context), "staff.removed") as made:
                member = await oidc.member_of(made.store, subject)
                if member is None:
                    raise NotFoundError("staff_not_found", "there is no such member")
                made.metadata["groups_lost"] = True
                await remove_member(made, member.id)
                await oidc.mark_lost(made.store, member.id)
        except (NotFoundError, ConflictError):
            return

    def _http(self, config: OidcConfig) -> HttpClient:
        return self._outside.http(allow_private_network=config.allow_private_network)


async def _member(made: Change, subject: str, identity: Identity, role: str) -> Member:
    """The member whom the provider means, with the role that its groups give."""
    await permissions_of(made.store, role, lock=True)
    member = await oidc.member_of(made.store, subject)
    if member is None:
        member = await _linked(made, subject, identity, role)
    made.about("staff", member.id, member.email)
    if member.role == role:
        return member
    if member.role == OWNER and member.expires_at is None and await staff.lock_role(made.store, OWNER) == 1:
        raise ConflictError("last_owner", "you are the last owner, and have another role there: log in with a password")
    await staff.change(made.store, member.id, member.name, role, member.expires_at, member.totp_required)
    made.compare({"role": member.role}, {"role": role})
    return await staff.get(made.store, member.id)


async def _linked(made: Change, subject: str, identity: Identity, role: str) -> Member:
    """The member of this address, or a new one."""
    if await oidc.was_removed_here(made.store, subject):
        raise ProviderLogInError(Refusal.REMOVED, "you were removed here: ask somebody who may change staff")
    email = checked_email(identity.email)
    member = await oidc.member_by_email(made.store, email)
    if member is None:
        member = await staff.add(made.store, email, checked_name(identity.name[:200]), role, None)
        made.compare({}, {"role": role})
    await oidc.link(made.store, member.id, subject)
    made.metadata["linked"] = True
    return member


def _away(error: ProviderAway) -> UnavailableError:
    return UnavailableError("oidc_unavailable", f"the provider of identities cannot be asked: {error}", 5.0)


def _hash(text: str) -> bytes:
    return sha256(text.encode()).digest()


def _derived(label: str, binding: str) -> str:
    """The nonce, and the verifier of PKCE: known to whoever has the cookie, and to nobody who sees addresses."""
    return hmac.new(binding.encode(), label.encode(), sha256).hexdigest()
