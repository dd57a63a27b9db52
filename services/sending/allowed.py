"""What a key that is narrowed to gateways may request. It is checked again whenever gateways are chosen."""

from collections.abc import Collection

from domain.errors import ForbiddenError
from store.gateways.gateways import identifiers_of
from store.pool import Pool


async def check_gateways(pool: Pool, gateways: Collection[str], channel: str, requested: Collection[str]) -> None:
    """Refuse gateways that a key may not send through. ``gateways`` are the ids of those it may; empty: any.

    Raises:
        ForbiddenError: one of these identifiers is none of them, or none of them is of this channel.
    """
    if not gateways:
        return
    allowed = await identifiers_of(pool, gateways, channel)
    if not allowed:
        raise ForbiddenError("gateway_not_allowed", f"this key may send through no {channel} gateway")
    if others := sorted(set(requested) - allowed):
        raise ForbiddenError("gateway_not_allowed", f"this key may not send through the gateway {others[0]!r}")
