"""The log of requests and what happened to contacts get partitions while both are written: no writer is held up."""

import asyncio
from uuid import uuid4

import psycopg

from embedded.engine import Engine
from store.migrate import migrate, migrations
from tests.databases import new_database
from tests.upgrade.test_locks import HELD_AT_MOST

ROWS = 50_000
_CONTACT = uuid4()
_FILL = (
    "insert into accounts (email, name) values ('a', 'A')",
    f"insert into contacts (id, account_id, email) select '{_CONTACT}', id, 'a' from accounts where id > 0",
    f"""insert into request_log (at, request_id, method, path, status, milliseconds, ip, ids)
        select now() - n * interval '1 s', 'r' || n, 'GET', '/', 200, 1, '', '{{}}'
        from generate_series(1, {ROWS}) as n""",
    f"""insert into contact_events (account_id, contact_id, name, at, source)
        select account_id, id, 'a', now() - n * interval '1 minute', gen_random_uuid()
        from contacts, generate_series(1, {ROWS}) as n""",
)
_WRITE = (
    """insert into request_log (at, request_id, method, path, status, milliseconds, ip, ids)
       values (now(), 'new', 'GET', '/', 200, 1, '', '{}')""",
    """insert into contact_events (account_id, contact_id, name, at, source)
       select account_id, id, 'new', now(), gen_random_uuid() from contacts for key share on conflict do nothing""",
)


async def test_no_writer_is_held_up_while_they_get_partitions(engine: Engine):
    url = await new_database(engine.database_url)
    await migrate(url, [file for file in migrations() if file[0] < "0120"])
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        for statement in _FILL:
            await conn.execute(statement.encode())
        migrated, written = asyncio.Event(), 0

        async def write() -> None:
            nonlocal written
            await conn.execute(f"set lock_timeout = {HELD_AT_MOST}".encode())
            while not migrated.is_set() or written < 20:
                for statement in _WRITE:
                    await conn.execute(statement)
                written += 1
                await asyncio.sleep(0.003)

        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            await migrate(url)
            migrated.set()
        for table, name in (("request_log", "request_id"), ("contact_events", "name")):
            found = await conn.execute(f"select count(*), count(*) filter (where {name} = 'new') from {table}".encode())
            assert await found.fetchone() == (ROWS + written, written)
