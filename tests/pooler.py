"""A real PgBouncer in transaction mode before the database of the tests. Debian's, see the Makefile."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from psycopg import AsyncConnection, OperationalError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from embedded.ports import free_port
from tests.looks import Looks

_UNPACKED = Path("tests/gateways/peers/pgbouncer").resolve()
PGBOUNCER = _UNPACKED / "usr/sbin/pgbouncer"
THROUGH_POOLER = os.environ.get("TESTS_THROUGH_POOLER", "") == "1"
"""Whether the whole run goes through one: ``TESTS_THROUGH_POOLER=1 make test``."""

_CONF = """
[databases]
* = host=127.0.0.1 port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
admin_users = {user}
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 500
log_connections = 0
log_disconnections = 0
{unprivileged}
"""


@asynccontextmanager
async def pgbouncer(database_url: str, folder: Path, size: int = 20) -> AsyncIterator[str]:
    """Yields the address at which a running one has the same databases, in at most ``size`` sessions for each."""
    server, own_port = conninfo_to_dict(database_url), free_port()
    conf = folder / "pgbouncer.ini"
    unprivileged = "user = nobody" if os.geteuid() == 0 else ""
    conf.write_text(
        _CONF.format(
            port=server["port"],
            user=server["user"],
            password=server.get("password", ""),
            own_port=own_port,
            size=size,
            unprivileged=unprivileged,
        )
    )
    libraries = str(next(_UNPACKED.glob("usr/lib/*-linux-gnu")))
    process = await asyncio.create_subprocess_exec(
        PGBOUNCER, "-q", conf, env=os.environ | {"LD_LIBRARY_PATH": libraries}
    )
    address = make_conninfo(database_url, host="127.0.0.1", port=own_port)
    try:
        await _answers(address)
        yield address
    finally:
        process.terminate()
        await process.wait()


async def reconnect(address: str) -> None:
    """Have it open its sessions anew."""
    console = make_conninfo(address, dbname="pgbouncer")
    async with await AsyncConnection.connect(console, autocommit=True) as conn:
        await conn.execute("reconnect")


async def _answers(address: str) -> None:
    looks = Looks()
    for _ in range(50):
        try:
            async with await AsyncConnection.connect(address):
                return
        except OperationalError:
            await looks.pause()
    raise AssertionError("the pooler does not answer")
