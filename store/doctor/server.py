"""The database server, and the schema in it."""

from dataclasses import dataclass

from psycopg import sql

from store.connection import Connection
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Server:
    """The database server."""

    version: int
    """As ``server_version_num``: 180001 is 18.1."""
    clock: float
    """Unix seconds."""
    most_connections: int
    connections: int
    is_durable: bool
    """Whether what is committed survives the loss of power."""


async def read(store: Connections) -> Server:
    """How it is now."""
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                """select current_setting('server_version_num')::int, extract(epoch from clock_timestamp())::float8,
                          current_setting('max_connections')::int,
                          (select count(*) from pg_stat_activity where backend_type = 'client backend'),
                          current_setting('fsync')::bool and current_setting('synchronous_commit') <> 'off'"""
            )
        ).fetchone()
    assert row is not None
    return Server(*row)


async def replica_behind(store: Connections, replica_url: str) -> float | None:
    """By how many seconds a replica is behind; ``None``: it is none. Raises what the driver raises if it is away."""
    async with store.connection() as conn:
        (now,) = await (await conn.execute("select pg_current_wal_lsn()::text")).fetchone() or ("0/0",)
    conn = await Connection.to(replica_url, "xsender-doctor")
    try:
        rows = await conn.execute(
            """select pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn() >= %s::pg_lsn, true),
                      coalesce(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8, 0)""",
            (now,),
        )
        is_replica, has_all, age = await rows.fetchone() or (False, True, 0.0)
    finally:
        await conn.close()
    return None if not is_replica else 0.0 if has_all else age


async def applied(store: Connections) -> dict[str, str]:
    """The migrations and functions that the schema has: name → checksum. Empty: it is no database of ours yet."""
    async with store.connection() as conn:
        row = await (await conn.execute("select to_regclass('schema_migrations') is not null")).fetchone()
        if row is None or not row[0]:
            return {}
        return dict(await (await conn.execute("select name, checksum from schema_migrations")).fetchall())


SEALED: tuple[tuple[str, str], ...] = (
    ("gateways", "config"),
    ("callback_endpoints", "secrets"),
    ("lead_sources", "sealed"),
    ("leads", "sealed"),
    ("devices", "sealed"),
    ("account_secrets", "sealed"),
    ("automation_hooks", "secrets"),
    ("sender_domains", "key"),
    ("sender_domains", "next_key"),
    ("log_ins", "totp_secret"),
    ("oidc", "client_secret"),
    ("applied_objects", "document"),
    ("install_settings", "system_mail"),
)
"""Columns that the key ring seals."""
_MOST = 100_000


async def key_ids(store: Connections) -> dict[str, dict[str, int]]:
    """With which keys of the ring secrets are sealed: table → key id → how many (of each column at most ``_MOST``)."""
    found: dict[str, dict[str, int]] = {}
    async with store.connection() as conn:
        for table, column in SEALED:
            query = sql.SQL(
                """select convert_from(substring({column} from 3 for get_byte({column}, 1)), 'UTF8'), count(*)
                   from (select {column} from {table} where length({column}) > 2 limit {most}) as sealed group by 1"""
            ).format(column=sql.Identifier(column), table=sql.Identifier(table), most=sql.Literal(_MOST))
            for key_id, count in await (await conn.execute(query)).fetchall():
                of_table = found.setdefault(table, {})
                of_table[key_id] = of_table.get(key_id, 0) + count
    return found
