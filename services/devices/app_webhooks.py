"""Which phone posts an event to the address that it was given."""

import hmac
from hashlib import sha256

from domain.devices.messages import Session
from domain.keyring import Keyring
from store.devices.doors import webhooks
from store.devices.sealing import secrets_of
from store.pool import Pool


async def sender_of(pool: Pool, keyring: Keyring, secret: str, signed: bytes, signature: str) -> Session | None:
    """The phone whose address has this secret, if it signed; ``None``: there is none, or it did not.

    ``signed``: the raw body and the time in its header. Both secrets end with the phone's session. That the time is
    old is no fault: phones try again for hours, and a message that is known changes nothing.
    """
    session = await webhooks.session_of(pool, sha256(secret.encode()).digest())
    if session is None:
        return None
    secrets = await secrets_of(pool, keyring, session.device_id)
    if secrets is None:
        return None
    expected = hmac.new(secrets.signing_key.encode(), signed, sha256).hexdigest()
    return session if hmac.compare_digest(expected.encode(), signature.lower().encode()) else None
