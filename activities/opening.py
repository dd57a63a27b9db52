"""Opening what activities need of the outside."""

from activities.callbacks import Callbacks
from activities.gateway_cache import GatewayCache
from domain.keyring import CREDENTIALS, Keyring
from gateways.base import Outside
from gateways.net.http import HttpClient
from store.pool import Pool
from store.sandbox_inbox import SandboxInbox


def open_gateways(pool: Pool, keys: str) -> GatewayCache:
    """The gateways of this process, with connections to public and (where allowed) private addresses."""
    return GatewayCache(pool, Keyring.parse(keys, CREDENTIALS), _outside(pool))


def open_callbacks(pool: Pool, keys: str) -> Callbacks:
    """The callbacks of this process, with connections of their own: customers that hang take none from gateways."""
    return Callbacks(pool, Keyring.parse(keys, CREDENTIALS), _outside(pool))


def _outside(pool: Pool) -> Outside:
    return Outside(public=HttpClient(), private=HttpClient(private=True), inbox=SandboxInbox(pool))
