"""A database whose clock stands still until a test moves it: its own functions hide those of PostgreSQL."""

from datetime import datetime

import psycopg

from store.migrate import migrate
from store.pool import Pool
from tests.databases import new_database

_SET_UP = """
create table moved_clock (at timestamptz not null);
insert into moved_clock values ('2026-10-01');
create function clock_timestamp() returns timestamptz language sql volatile as 'select at from public.moved_clock';
create function now() returns timestamptz language sql stable as 'select at from public.moved_clock';
do $$ begin execute format('alter database %I set search_path = public, pg_catalog', current_database()); end $$;
"""


async def new_moved_database(server_url: str) -> str:
    """Create a migrated database with such a clock; returns its address."""
    url = await new_database(server_url)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute(_SET_UP)
    await migrate(url)
    return url


async def set_clock(pool: Pool, at: datetime) -> None:
    """Have it be this time."""
    async with pool.connection() as conn:
        await conn.execute("update moved_clock set at = %s", (at,))
