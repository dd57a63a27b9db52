"""Whether log-in at the provider of identities can work: what an admin would otherwise learn from the first log-in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from domain.errors import NotFoundError
from domain.keyring import Keyring, KeyringError
from gateways import oidc as provider
from gateways.base import GatewayConnections
from gateways.net.http import HttpClient
from gateways.oidc import Client, Provider, ProviderAway
from services.access.oidc import CALLBACK
from services.access.oidc_config import OidcConfig, none_yet, read_config
from services.access.staff import permissions_of
from store.access import oidc
from store.pool import Pool


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that log-in needs."""

    check: str
    passed: bool
    told: str
    """What was found, or what to do."""


async def check_provider(
    pool: Pool, keyring: Keyring, outside: GatewayConnections, public_url: str | None
) -> list[Checked]:
    """Look at all that a log-in needs, but for somebody who logs in. Nothing is changed.

    Raises:
        NotFoundError: there is no provider.
    """
    stored = await read_config(pool)
    if stored is None:
        raise none_yet()
    config, sealed = stored
    found = [_enabled(config), _public_url(public_url), await _roles(pool, config)]
    callback = (public_url or "").rstrip("/") + CALLBACK
    try:
        client = Client(config.client_id, oidc.unseal(keyring, sealed), callback)
    except KeyringError:
        return [
            *found,
            Checked("client", False, "its secret does not open with the keys of this install: set it again"),
        ]
    http = outside.of("log-in").http(allow_private_network=config.allow_private_network)
    return found + [one async for one in _at_provider(http, config, client)]


def _enabled(config: OidcConfig) -> Checked:
    told = "log-in is switched on" if config.enabled else 'it is switched off: set {"enabled": true}'
    return Checked("enabled", config.enabled, told)


def _public_url(public_url: str | None) -> Checked:
    if public_url is None:
        return Checked("public_url", False, "set the install's public URL: the provider sends browsers there")
    return Checked("public_url", True, f"register {public_url.rstrip('/')}{CALLBACK} at the provider")


async def _roles(pool: Pool, config: OidcConfig) -> Checked:
    if not config.roles:
        return Checked("roles", False, "no group has a role, so nobody can log in: set roles")
    missing = []
    for role in sorted({one.role for one in config.roles}):
        try:
            await permissions_of(pool, role)
        except NotFoundError:
            missing.append(role)
    if missing:
        return Checked("roles", False, f"there is no role {', '.join(missing)}: make it, or change roles")
    return Checked("roles", True, f"{len(config.roles)} group(s) have a role")


async def _at_provider(http: HttpClient, config: OidcConfig, client: Client) -> AsyncIterator[Checked]:
    try:
        found = await provider.discover(http, config.issuer)
    except ProviderAway as error:
        yield Checked("issuer", False, f"{config.issuer} cannot be used: {error}{_advice(config, error)}")
        return
    yield Checked("issuer", True, f"{config.issuer} answers")
    yield await _keys(http, found)
    yield await _client(http, found, client)


def _advice(config: OidcConfig, error: ProviderAway) -> str:
    is_private = "not a public address" in str(error) and not config.allow_private_network
    return " (set allow_private_network to true if it is in your own network)" if is_private else ""


async def _keys(http: HttpClient, found: Provider) -> Checked:
    try:
        usable = provider.usable_keys(await provider.fetch_keys(http, found))
    except ProviderAway as error:
        return Checked("keys", False, f"its keys cannot be read: {error}")
    return Checked("keys", bool(usable), f"it shows {len(usable)} key(s) that we can verify signatures with")


async def _client(http: HttpClient, found: Provider, client: Client) -> Checked:
    try:
        is_known = await provider.knows_client(http, found, client)
    except ProviderAway as error:
        return Checked("client", False, f"it cannot be asked about the client: {error}")
    if is_known is None:
        return Checked("client", True, "its answer does not tell whether the client's id and secret are right")
    told = "it accepts the client's id and secret"
    return Checked("client", is_known, told if is_known else "it refuses the client's id or secret: set them again")
