"""Sessions of devices. Each is looked up anew for each request: one that has ended is refused from then on."""

from uuid import UUID

from domain.devices.messages import Session
from domain.devices.tokens import digest_of, is_session_token
from store.devices import devices
from store.devices.pokes import poke_devices
from store.pool import Connections, InTransaction, Pool


async def authenticate(pool: Pool, token: str, protocol: str) -> Session | None:
    """The device that has this session token, and speaks this protocol; ``None``: there is none. That it called is
    noted."""
    if not is_session_token(token):
        return None
    return await devices.authenticate(pool, digest_of(token), protocol)


async def log_out(pool: Pool, session: Session) -> None:
    """End a session. Messages that the device has stay its own, as it may come back. A repeat changes nothing."""
    async with pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        if await lock(store, session):
            await end(store, session.device_id, "logged_out")


async def lock(store: Connections, session: Session) -> bool:
    """Whether a session is not over; nobody else changes its device until the transaction ends."""
    return await devices.lock_by_session(store, session.digest) is not None


async def end(store: Connections, device_id: UUID, state: str) -> None:
    """End the session of a device, in every process at once."""
    await devices.end_session(store, device_id, state)
    async with store.connection() as conn:
        await poke_devices(conn, [device_id])
