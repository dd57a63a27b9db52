"""Gateways as their users see them."""

from typing import Any

from domain.messages.page import ADMIN_ACCOUNT
from store.accounts.api_keys import Principal
from store.gateways.gateways import GatewayInfo


def sees(principal: Principal) -> int | None:
    """The account whose gateways the key may see; ``None``: all gateways."""
    return None if "admin" in principal.scopes else principal.account_id


def head(gateway: GatewayInfo, principal: Principal) -> dict[str, Any]:
    """A gateway, without its configuration."""
    shows_owner = sees(principal) in (None, gateway.account_id) and gateway.account_id != ADMIN_ACCOUNT
    return {
        "id": gateway.id,
        "channel": gateway.channel,
        "identifier": gateway.identifier,
        "type": gateway.type,
        "own": gateway.account_id == principal.account_id,
        "user_id": gateway.account_id if shows_owner else None,
        "enabled": gateway.enabled,
        "mode": gateway.mode,
        "breaker": gateway.breaker,
        "priority": gateway.priority,
        "per_second": gateway.per_second,
        "on_unknown": gateway.on_unknown,
        "created_at": gateway.created_at,
    }
