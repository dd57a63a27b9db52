"""Rules for gateways that users add themselves, where their plan allows it: those of staff, and some of their own."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.errors import ConflictError, ForbiddenError, NotFoundError
from domain.keyring import Keyring
from gateways.registry import BUILT_IN
from services import gateways as rules
from services.changes import Change
from store.accounts import plans
from store.gateways import gateways
from store.gateways.gateways import GatewayInfo, NewGateway

MOST = 50
"""Gateways of one user: some keep connections open."""

TYPES = BUILT_IN - {"sandbox"}
"""What users may add: types whose connections keep to public addresses. A sandbox would take credits for nothing."""


async def add_own_gateway(change: Change, keyring: Keyring, new: NewGateway) -> GatewayInfo:
    """Add a gateway of the user who is its owner.

    Raises:
        ForbiddenError: the plan allows none, or not this type; it would reach a private network.
        ConflictError: the user has too many.
        and as in ``services.gateways.add_gateway``.
    """
    await check_plan(change, new.account_id)
    if new.type not in TYPES:
        raise ForbiddenError("type_not_allowed", f"users add gateways of these types: {', '.join(sorted(TYPES))}")
    _check_public(new.config)
    added = await rules.add_gateway(change, keyring, new)
    if await gateways.count(change.store, new.account_id) > MOST:
        raise ConflictError("too_many_gateways", f"a user has at most {MOST} gateways: delete those not in use")
    return added


async def change_own_gateway(
    change: Change, keyring: Keyring, owner: int, gateway_id: UUID, patch: Mapping[str, Any]
) -> GatewayInfo:
    """Change a user's gateway. What staff allowed, a private network, ends when the user changes the configuration.

    Raises:
        NotFoundError: the user has no such gateway.
        ForbiddenError: as in ``add_own_gateway``.
        and as in ``services.gateways.change_gateway``.
    """
    await check_plan(change, owner)
    await find_own_gateway(change, owner, gateway_id)
    if "config" in patch:
        stored = (await gateways.open_configs(change.store, keyring, [gateway_id])).get(gateway_id, {})
        _check_public({**stored, **patch["config"]})
    return await rules.change_gateway(change, keyring, gateway_id, patch)


async def delete_own_gateway(change: Change, owner: int, gateway_id: UUID) -> None:
    """Delete a user's gateway, whatever the plan allows.

    Raises:
        NotFoundError: the user has no such gateway.
    """
    await find_own_gateway(change, owner, gateway_id)
    await rules.delete_gateway(change, gateway_id)


async def find_own_gateway(change: Change, owner: int, gateway_id: UUID) -> GatewayInfo:
    """A user's gateway; nobody else changes it meanwhile. Another's is as unknown as none.

    Raises:
        NotFoundError: the user has no such gateway.
    """
    found = await gateways.lock(change.store, gateway_id)
    if found.account_id != owner:
        raise NotFoundError("gateway_not_found", f"There is no gateway with the id {gateway_id}.")
    change.about("gateway", found.id, found.identifier)
    return found


async def check_plan(change: Change, account_id: int) -> None:
    """Lock the account as well, so that two additions at once are counted one after the other.

    Raises:
        ForbiddenError: the plan has no gateways of one's own.
    """
    if not await plans.allow_own_gateways(change.store, account_id):
        raise ForbiddenError("own_gateways_denied", "your plan has no gateways of your own")


def _check_public(config: Mapping[str, Any]) -> None:
    if config.get("allow_private_network"):
        raise ForbiddenError("private_network", "only staff lets a gateway reach a private network")
