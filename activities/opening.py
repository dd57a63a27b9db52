"""Opening what dispatch needs of the outside."""

from activities.gateway_cache import GatewayCache
from domain.keyring import CREDENTIALS, Keyring
from gateways.base import Outside
from store.pool import Pool
from store.sandbox_inbox import SandboxInbox


def open_gateways(pool: Pool, keys: str) -> GatewayCache:
    """The gateways of this process, with connections to public and (where allowed) private addresses."""
    return GatewayCache(pool, Keyring.parse(keys, CREDENTIALS), Outside.open(SandboxInbox(pool)))
