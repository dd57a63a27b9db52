"""What our role's sessions begin with, for those that a pooler opens: it passes on no settings of its clients."""

from psycopg import sql

from store.connection import Connection, server_bounds
from store.pool import BY_KEYS, Connections

_TCP = "tcp_"
"""Begins the names of settings that concern the pooler's own connections: it sets those itself."""


def wanted() -> dict[str, str]:
    """What statements of a pool rely on."""
    return {name: value for name, value in {**server_bounds(), **BY_KEYS}.items() if not name.startswith(_TCP)}


async def settle_role(database_url: str) -> None:
    """Have sessions of this role in this database begin with what is ``wanted``: those that are open keep theirs."""
    async with await Connection.to(database_url, "xsender-migrate") as conn:
        row = await (await conn.execute("select current_database()")).fetchone()
        assert row is not None
        for name, value in wanted().items():
            statement = sql.SQL("alter role current_user in database {} set {} = {}")
            await conn.execute(statement.format(sql.Identifier(row[0]), sql.SQL(name), sql.Literal(value)))


async def unsettled(pool: Connections) -> list[str]:
    """The settings that a session of the pool does not have as wanted."""
    names, values = list(wanted()), list(wanted().values())
    async with pool.connection() as conn, conn.transaction(force_rollback=True):
        read = "select name, current_setting(name) from unnest(%s::text[]) as w (name)"
        found: dict[str, str] = dict(await (await conn.execute(read, (names,))).fetchall())
        await conn.execute(
            "select set_config(name, value, true) from unnest(%s::text[], %s::text[]) as w (name, value)",
            (names, values),
        )
        return [name for name, value in await (await conn.execute(read, (names,))).fetchall() if found[name] != value]
