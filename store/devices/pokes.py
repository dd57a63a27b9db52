"""Notices between processes about devices: they name what changed, and carry none of it.

``m <gateway id>``: messages wait for phones of this gateway. ``s <device id>``: a session ended, settings changed, or a
message is to be given back.
"""

from collections.abc import AsyncIterator, Collection, Iterable
from uuid import UUID

from store.connection import Connection

CHANNEL = "xsender_devices"

_PROVED_EVERY = 10.0
"""Seconds between two proofs that the server is still there."""


async def poke_gateways(conn: Connection, gateway_ids: Collection[UUID]) -> None:
    """Messages wait for phones of these gateways. Heard once the transaction ends."""
    await _notify(conn, (f"m {gateway_id}" for gateway_id in gateway_ids))


async def poke_devices(conn: Connection, device_ids: Collection[UUID]) -> None:
    """Something of these devices changed."""
    await _notify(conn, (f"s {device_id}" for device_id in device_ids))


async def _notify(conn: Connection, payloads: Iterable[str]) -> None:
    if texts := sorted(set(payloads)):
        await conn.execute("select pg_notify(%s, one) from unnest(%s::text[]) as one", (CHANNEL, texts))


async def listen(conn: Connection) -> None:
    """Have notices sent to this connection, which is in autocommit and used for nothing else."""
    await conn.execute(f"listen {CHANNEL}")  # its name is a constant


async def notices(conn: Connection) -> AsyncIterator[str]:
    """The payloads of all notices since ``listen``.

    Raises:
        OperationalError: the connection is lost.
    """
    while True:
        async for notice in conn.notifies(timeout=_PROVED_EVERY):
            yield notice.payload
        await conn.execute("")  # a lost network says nothing
