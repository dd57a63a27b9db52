"""Opening what dispatch needs of the outside."""

from activities.gateway_cache import GatewayCache
from activities.mails import Mails
from domain.keyring import CREDENTIALS, Keyring
from domain.mail_links import LinkSigner
from gateways.base import Outside
from store.pool import Pool
from store.sandbox_inbox import SandboxInbox


def open_gateways(pool: Pool, keys: str) -> GatewayCache:
    """The gateways of this process, with connections to public and (where allowed) private addresses."""
    return GatewayCache(pool, Keyring.parse(keys, CREDENTIALS), Outside.open(SandboxInbox(pool)))


def open_mails(pool: Pool, keys: str) -> Mails:
    """What completes the emails of this process."""
    return Mails(pool, LinkSigner(keys))
