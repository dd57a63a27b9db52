"""Rules for gateways, shared by the API and the CLI."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.channels import Channel
from domain.errors import ConflictError, InvalidError
from domain.keyring import Keyring, KeyringError
from domain.messages.routing import Mode
from gateways.base import GatewayConfig
from gateways.config.redact import patched, replaced, shown
from gateways.registry import GATEWAY_TYPES, find_type, parse_config, read_config
from services.changes import Change
from store.gateways import gateway_shares, gateways
from store.gateways.gateways import GatewayInfo, NewGateway
from store.pool import Connections
from store.settings.applied_objects import managed

LARGEST_PRIORITY = 1_000_000

MODE_ACTIONS = {Mode.PAUSED: "gateway.paused", Mode.DRAINING: "gateway.drained", Mode.ACTIVE: "gateway.resumed"}
"""By the mode that a gateway gets, how the audit log calls it."""

_COMPARED = ("identifier", "enabled", "mode", "priority", "per_second", "on_unknown", "from_policy", "shared_with")
_TUNED = ("per_second", "priority", "on_unknown", "from_policy")


@dataclass(frozen=True, slots=True)
class Described:
    """A gateway as staff sees it."""

    info: GatewayInfo
    config: dict[str, Any] | None
    """Without its secrets. ``None``: it does not open, or no installed package has its type."""
    is_in_file: bool
    """Whether a settings file keeps it."""


async def describe(store: Connections, keyring: Keyring, infos: Sequence[GatewayInfo]) -> list[Described]:
    """Gateways with their configurations, of whose secrets only that they are set."""
    stored = await gateways.open_configs(store, keyring, [info.id for info in infos])
    kept = await managed(store, "gateway", [str(info.id) for info in infos])
    return [Described(info, _shown(info.type, stored.get(info.id)), str(info.id) in kept) for info in infos]


async def add_gateway(change: Change, keyring: Keyring, new: NewGateway) -> GatewayInfo:
    """Add a gateway. Its secrets are sealed, and never shown again.

    Raises:
        InvalidGatewayConfig: there is no such type, or its configuration is not right.
        InvalidError: the identifier cannot be one, or the priority is out of range.
        ConflictError: its owner has a gateway with this identifier on the channel.
        NotFoundError: the owner, or an account it is shared with, does not exist.
    """
    parse_config(new.type, Channel(new.channel), new.config)
    _check_priority(new.priority)
    if any(new.config.get(name) for name in find_type(new.type).config.SECRETS):
        change.actor.check_confirmed()
    gateway = await gateways.get(change.store, await gateways.add(change.store, keyring, new))
    change.about("gateway", gateway.id, gateway.identifier)
    fixed = {"channel": gateway.channel, "type": gateway.type, "owner": gateway.account_id}
    change.compare({}, fixed | _compared(gateway))
    _compare_configs(change, {}, new.config)
    return gateway


async def change_gateway(
    change: Change, keyring: Keyring, gateway_id: UUID, patch: Mapping[str, Any], *, is_whole_config: bool = False
) -> GatewayInfo:
    """Change identifier, ``enabled``, rate, priority, what happens when answers are lost, or the configuration.

    ``config`` is a JSON Merge Patch of the stored one: secrets that it does not name stay. With ``is_whole_config`` it
    is all of it: secrets stay where it has ``KEPT``.

    Raises:
        InvalidGatewayConfig: the configuration would not be right, or would send its secrets elsewhere.
        InvalidError, ConflictError: as in ``add_gateway``.
        ConflictError: the stored configuration does not open.
        NotFoundError: there is no such gateway.
    """
    before = await find_gateway(change, gateway_id)
    if "config" in patch:
        await _configure(change, keyring, before, patch["config"], replaced if is_whole_config else patched)
    tuned = {name: patch.get(name, getattr(before, name)) for name in _TUNED}
    if tuned != {name: getattr(before, name) for name in _TUNED}:
        _check_priority(tuned["priority"])
        await gateways.tune(change.store, gateway_id, **tuned)
    if patch.get("enabled", before.enabled) != before.enabled:
        await gateways.set_enabled(change.store, gateway_id, patch["enabled"])
    if patch.get("identifier", before.identifier) != before.identifier:
        await gateways.rename(change.store, before, patch["identifier"])
    return await _changed(change, before)


async def delete_gateway(change: Change, gateway_id: UUID) -> None:
    """Delete a gateway. Messages that wait for it take another one, or fail; its identifier is free.

    Raises:
        NotFoundError: there is no such gateway.
    """
    before = await find_gateway(change, gateway_id)
    await gateways.delete(change.store, gateway_id)
    change.compare(_compared(before), {"enabled": False, "shared_with": []})


async def set_mode(change: Change, gateway_id: UUID, mode: Mode) -> GatewayInfo:
    """Activate, drain or pause a gateway. A repeat changes nothing.

    Raises:
        NotFoundError: there is no such gateway.
    """
    before = await find_gateway(change, gateway_id)
    if before.mode != mode:
        await gateways.set_mode(change.store, gateway_id, mode)
    return await _changed(change, before)


async def share_gateway(change: Change, gateway_id: UUID, account_id: int) -> GatewayInfo:
    """Let a user send through a gateway. A repeat changes nothing.

    Raises:
        NotFoundError: there is no such gateway, or no such user.
    """
    before = await find_gateway(change, gateway_id)
    change.about("user", account_id)
    await gateway_shares.share(change.store, gateway_id, account_id)
    return await _changed(change, before)


async def unshare_gateway(change: Change, gateway_id: UUID, account_id: int) -> GatewayInfo:
    """End a user's share of a gateway.

    Raises:
        NotFoundError: there is no such gateway, or it is not shared with this user.
    """
    before = await find_gateway(change, gateway_id)
    change.about("user", account_id)
    await gateway_shares.unshare(change.store, gateway_id, account_id)
    return await _changed(change, before)


async def find_gateway(change: Change, gateway_id: UUID) -> GatewayInfo:
    """The gateway that a change is about; nobody else changes it meanwhile.

    Raises:
        NotFoundError: there is no such gateway.
    """
    gateway = await gateways.lock(change.store, gateway_id)
    change.about("gateway", gateway.id, gateway.identifier)
    return gateway


_Combine = Callable[[type[GatewayConfig], Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]


async def _configure(
    change: Change, keyring: Keyring, gateway: GatewayInfo, given: Mapping[str, Any], combine: _Combine
) -> None:
    try:
        stored = (await gateways.load(change.store, keyring, gateway.id)).config
    except KeyringError as error:
        raise ConflictError("gateway_unusable", f"the gateway cannot be used: {error}") from None
    entry = find_type(gateway.type)
    config = combine(entry.config, stored, given)
    read_config(entry, Channel(gateway.channel), config)
    if config != stored:
        if any(config.get(name) != stored.get(name) for name in entry.config.SECRETS):
            change.actor.check_confirmed()
            change.may_need_approval("credentials")
        await gateways.configure(change.store, keyring, gateway.id, config)
        _compare_configs(change, stored, config)


def _compare_configs(change: Change, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Only the names of fields are logged: a URL or a body of type ``http`` may hold a secret as well."""
    names = sorted({*before, *after})
    old, new = ({f"config.{name}": config.get(name) for name in names} for config in (before, after))
    change.compare(old, new, hidden=list(new))


async def _changed(change: Change, before: GatewayInfo) -> GatewayInfo:
    after = await gateways.get(change.store, before.id)
    change.compare(_compared(before), _compared(after))
    return after


def _compared(gateway: GatewayInfo) -> dict[str, Any]:
    return {name: getattr(gateway, name) for name in _COMPARED}


def _check_priority(priority: int) -> None:
    if not 0 <= priority <= LARGEST_PRIORITY:
        raise InvalidError("priority", f"the priority must be from 0 to {LARGEST_PRIORITY:,}", "/priority")


def _shown(type_name: str, stored: dict[str, Any] | None) -> dict[str, Any] | None:
    entry = GATEWAY_TYPES.get(type_name)
    return None if entry is None or stored is None else shown(entry.config, stored)
