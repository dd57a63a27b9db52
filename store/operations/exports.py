"""All data of an account as rows of JSON, table by table, and the files that are made of them."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import LiteralString
from uuid import UUID

from store.operations.waiting import START
from store.pool import Connections, Pool
from store.schema.partitions import among

ROWS = 2000
"""Rows of a slice."""

Rows = list[tuple[str, str]]
"""Each with its place in the order, and as JSON."""


@dataclass(frozen=True, slots=True)
class Source:
    """A table. Its statement selects places and rows, those after a place first; without secrets."""

    name: str
    sql: LiteralString
    first: str = ""
    """A place before the first one."""


SOURCES = (
    Source(
        "account",
        """select id::text, (to_jsonb(a))::text from accounts a
            where id = %(account)s and id::text > %(after)s limit %(limit)s""",
    ),
    Source(
        "keys",
        """select id, (to_jsonb(k) - 'hash')::text from api_keys k
            where account_id = %(account)s and id > %(after)s order by id limit %(limit)s""",
    ),
    Source(
        "gateways",
        """select id::text, (to_jsonb(g) - 'config')::text from gateways g
            where account_id = %(account)s and id > %(after)s::uuid order by id limit %(limit)s""",
        str(START),
    ),
    Source(
        "wallets",
        """select channel, (to_jsonb(w))::text from wallets w
            where account_id = %(account)s and channel > %(after)s order by channel limit %(limit)s""",
    ),
    Source(
        "callback_endpoints",
        """select id::text, (to_jsonb(e) - 'secrets')::text from callback_endpoints e
            where account_id = %(account)s and id > %(after)s::uuid order by id limit %(limit)s""",
        str(START),
    ),
    Source(
        "sender_domains",
        """select domain, (to_jsonb(d) - 'key' - 'next_key')::text from sender_domains d
            where account_id = %(account)s and domain > %(after)s order by domain limit %(limit)s""",
    ),
    Source(
        "credit_requests",
        """select id::text, (to_jsonb(r) - 'proof' - 'key')::text from credit_requests r
           where account_id = %(account)s and id > %(after)s::bigint order by id limit %(limit)s""",
        "0",
    ),
    Source(
        "contacts",
        """select id::text, (to_jsonb(c))::text from contacts c
            where account_id = %(account)s and id > %(after)s::uuid order by id limit %(limit)s""",
        str(START),
    ),
    Source(
        "contact_groups",
        """select id::text, (to_jsonb(g))::text from contact_groups g
            where account_id = %(account)s and id > %(after)s::bigint order by id limit %(limit)s""",
        "0",
    ),
    Source(
        "contact_fields",
        """select key, (to_jsonb(f))::text from contact_fields f
            where account_id = %(account)s and key > %(after)s order by key limit %(limit)s""",
    ),
    Source(
        "suppressions",
        """select channel || recipient, (to_jsonb(s))::text from suppressions s
            where account_id = %(account)s and channel || recipient > %(after)s
            order by channel || recipient limit %(limit)s""",
    ),
    Source(
        "purposes",
        """select key, (to_jsonb(p))::text from purposes p
            where account_id = %(account)s and key > %(after)s order by key limit %(limit)s""",
    ),
    Source(
        "consents",
        """select id::text, (to_jsonb(c))::text from consent_events c
            where account_id = %(account)s and id > %(after)s::bigint order by id limit %(limit)s""",
        "0",
    ),
    Source(
        "segments",
        """select id::text, (to_jsonb(s))::text from segments s
            where account_id = %(account)s and id > %(after)s::bigint order by id limit %(limit)s""",
        "0",
    ),
    Source(
        "contact_events",
        """select source::text, (to_jsonb(e))::text from contact_events e
            where account_id = %(account)s and source > %(after)s::uuid order by source limit %(limit)s""",
        str(START),
    ),
    Source(
        "consent_pauses",
        """select channel || recipient_key, (to_jsonb(c))::text from consent_pauses c
            where account_id = %(account)s and channel || recipient_key > %(after)s
            order by channel || recipient_key limit %(limit)s""",
    ),
    Source(
        "subscribe_requests",
        """select id::text, (to_jsonb(r))::text from subscribe_requests r
            where account_id = %(account)s and id > %(after)s::uuid order by id limit %(limit)s""",
        str(START),
    ),
    Source(
        "confirmation_texts",
        """select channel, (to_jsonb(t))::text from confirmation_texts t
            where account_id = %(account)s and channel > %(after)s order by channel limit %(limit)s""",
    ),
    Source(
        "inbound",
        """select id::text, (to_jsonb(i))::text from inbound_messages i
            where account_id = %(account)s and id > %(after)s::uuid order by id limit %(limit)s""",
        str(START),
    ),
    Source(
        "templates",
        """select id::text, (to_jsonb(t))::text from templates t
            where account_id = %(account)s and id > %(after)s::bigint order by id limit %(limit)s""",
        "0",
    ),
    Source(
        "template_versions",
        """select v.id::text, (to_jsonb(v) - 'ready' || jsonb_build_object('key', t.key))::text
            from template_versions v join templates t on t.id = v.template_id
            where t.account_id = %(account)s and v.id > %(after)s::bigint order by v.id limit %(limit)s""",
        "0",
    ),
    Source(
        "batches",
        """select id::text, (to_jsonb(b))::text from batches b
            where account_id = %(account)s and id > %(after)s::uuid order by id limit %(limit)s""",
        str(START),
    ),
    Source(
        "messages",
        """select uid::text, (to_jsonb(m))::text from messages m
            where account_id = %(account)s and uid > %(after)s::uuid order by uid limit %(limit)s""",
        str(START),
    ),
)
"""In their order in an export."""

_OF_MESSAGES: dict[str, LiteralString] = {
    "attempts": """select t.uid::text, (to_jsonb(t) - 'run_id')::text from attempts t
                   where uid = any(%(uids)s) and uid between %(first)s and %(last)s order by uid, attempt""",
    "receipts": """select r.uid::text, (to_jsonb(r))::text from receipts r
                   where uid = any(%(uids)s) and uid between %(first)s and %(last)s order by uid, at""",
    "journal": """select j.uid::text, (to_jsonb(j))::text from journal j where uid = any(%(uids)s) order by uid, at""",
}
GRANTS: LiteralString = """select uid::text, (to_jsonb(j))::text from journal j
    where account_id = %(account)s and kind not in ('hold', 'capture', 'release', 'refund') order by at"""


async def rows(store: Connections, source: Source, account_id: int, after: str | None) -> Rows:
    """The next rows of a table."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            source.sql, {"account": account_id, "after": source.first if after is None else after, "limit": ROWS}
        )
        return await cursor.fetchall()


async def of_messages(store: Connections, uids: list[UUID]) -> dict[str, Rows]:
    """What belongs to messages, by table."""
    found: dict[str, Rows] = {}
    async with store.connection() as conn:
        for name, sql in _OF_MESSAGES.items():
            found[name] = await (await conn.execute(sql, among(uids))).fetchall()
    return found


async def grants(store: Connections, account_id: int) -> Rows:
    """Entries of the journal that are not of messages."""
    async with store.connection() as conn:
        return await (await conn.execute(GRANTS, {"account": account_id})).fetchall()


async def write(store: Connections, operation_id: UUID, name: str, found: Rows) -> None:
    """Add rows to a file, as lines of JSON."""
    if found:
        await write_text(store, operation_id, name, "".join(f"{row}\n" for _, row in found))


async def write_text(store: Connections, operation_id: UUID, name: str, text: str) -> None:
    """Add text to a file."""
    content = gzip.compress(text.encode(), 6)
    async with store.connection() as conn:
        await conn.execute(
            "insert into operation_files (operation_id, name, content) values (%s, %s, %s)",
            (operation_id, name, content),
        )


async def parts(pool: Pool, operation_id: UUID) -> AsyncIterator[tuple[str, bytes]]:
    """The parts of all files of an operation, each file's in a row: name and content."""
    place: tuple[str, int] = ("", 0)
    while True:
        async with pool.connection() as conn:
            cursor = await conn.execute(
                """select name, number, content from operation_files
                   where operation_id = %s and (name, number) > (%s, %s) order by name, number limit 1""",
                (operation_id, *place),
            )
            row = await cursor.fetchone()
        if row is None:
            return
        place = (row[0], row[1])
        yield row[0], gzip.decompress(row[2])


async def has_files(store: Connections, operation_id: UUID) -> bool:
    """Whether there are any, or any more."""
    async with store.connection() as conn:
        cursor = await conn.execute("select from operation_files where operation_id = %s limit 1", (operation_id,))
        return cursor.rowcount == 1


async def delete_older_than(pool: Pool, days: int) -> int:
    """Delete parts of files that were made more than ``days`` ago. Returns how many."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "delete from operation_files where created_at < clock_timestamp() - %s * interval '1 day'", (days,)
        )
        return cursor.rowcount
