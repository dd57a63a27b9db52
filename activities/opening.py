"""Opening what dispatch needs of the outside."""

from activities.gateway_cache import GatewayCache
from domain.keyring import CREDENTIALS, Keyring
from gateways.base import Outside
from gateways.net.http import HttpClient
from store.pool import Pool
from store.sandbox_inbox import SandboxInbox


def open_gateways(pool: Pool, keys: str) -> GatewayCache:
    """The gateways of this process, with connections to public and (where allowed) private addresses."""
    outside = Outside(public=HttpClient(), private=HttpClient(private=True), inbox=SandboxInbox(pool))
    return GatewayCache(pool, Keyring.parse(keys, CREDENTIALS), outside)
