"""The install's own sandbox gateways: messages of test keys go through them, whoever may use them otherwise."""

from domain.channels import Channel
from domain.keyring import Keyring
from domain.messages.page import ADMIN_ACCOUNT
from domain.messages.routing import sandbox_identifier
from store.gateways import gateways
from store.gateways.gateways import GatewayInfo, NewGateway
from store.pool import Connections


async def ensure_sandbox(store: Connections, keyring: Keyring) -> list[GatewayInfo]:
    """The sandbox gateway of each channel; those that are missing are made."""
    return [await _gateway(store, keyring, channel) for channel in Channel]


async def _gateway(store: Connections, keyring: Keyring, channel: Channel) -> GatewayInfo:
    identifier = sandbox_identifier(channel)
    if found := await gateways.named(store, ADMIN_ACCOUNT, identifier, channel):
        return found[0]
    new = NewGateway(account_id=ADMIN_ACCOUNT, channel=channel, identifier=identifier, type="sandbox", config={})
    return await gateways.get(store, await gateways.add(store, keyring, new))
