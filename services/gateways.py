"""Rules for adding gateways, shared by the API and the CLI."""

from domain.channels import Channel
from domain.errors import InvalidError
from domain.keyring import Keyring
from gateways.registry import parse_config
from store.gateways import gateways
from store.pool import Pool

LARGEST_PRIORITY = 1_000_000


async def add_gateway(pool: Pool, keyring: Keyring, new: gateways.NewGateway) -> gateways.GatewayInfo:
    """Add a gateway. Its secrets are sealed, and never shown again.

    Raises:
        InvalidGatewayConfig: there is no such type, or its configuration is not right.
        InvalidError: the priority is out of range.
        ConflictError: its owner has a gateway with this identifier on the channel.
        NotFoundError: the owner, or an account it is shared with, does not exist.
    """
    parse_config(new.type, Channel(new.channel), new.config)
    if not 0 <= new.priority <= LARGEST_PRIORITY:
        raise InvalidError("priority", f"the priority must be from 0 to {LARGEST_PRIORITY:,}", "/priority")
    return await gateways.get(pool, await gateways.add(pool, keyring, new))
