"""All data of an account as rows of JSON, table by table, and the files that are made of them."""

import gzip
from collections.abc import AsyncIterator, Sequence
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


_FIRST = {"text": "", "bigint": "0", "uuid": str(START)}
"""A place before all others, by the type of places."""


def _table(name: str, table: str = "", place: str = "id", type_: str = "uuid", without: Sequence[str] = ()) -> Source:
    """A table with an account's rows. ``place``: by which they are in order; ``without``: columns that are left out."""
    row = "to_jsonb(t)" + "".join(f" - '{column}'" for column in without)
    return Source(
        name,
        f"""select ({place})::text, ({row})::text from {table or name} t
            where account_id = %(account)s and {place} > %(after)s::{type_} order by {place} limit %(limit)s""",  # noqa: S608 - constants of ours
        _FIRST[type_],
    )


SOURCES = (
    Source(
        "account",
        """select id::text, (to_jsonb(a))::text from accounts a
            where id = %(account)s and id::text > %(after)s limit %(limit)s""",
    ),
    _table("keys", "api_keys", type_="text", without=["hash"]),
    _table("gateways", without=["config"]),
    _table("wallets", place="channel", type_="text"),
    _table("callback_endpoints", without=["secrets"]),
    _table("sender_domains", place="domain", type_="text", without=["key", "next_key"]),
    _table("link_domains", place="domain", type_="text"),
    _table("credit_requests", type_="bigint", without=["proof", "key"]),
    _table("contacts"),
    _table("contact_groups", type_="bigint"),
    _table("contact_fields", place="key", type_="text"),
    _table("suppressions", place="channel || recipient", type_="text"),
    _table("purposes", place="key", type_="text"),
    _table("consents", "consent_events", type_="bigint"),
    _table("segments", type_="bigint"),
    _table("contact_events", place="source"),
    _table("consent_pauses", place="channel || recipient_key", type_="text"),
    _table("subscribe_requests"),
    _table("confirmation_texts", place="channel", type_="text"),
    _table("inbound", "inbound_messages"),
    _table("templates", type_="bigint"),
    Source(
        "template_versions",
        """select v.id::text, (to_jsonb(v) - 'ready' || jsonb_build_object('key', t.key))::text
            from template_versions v join templates t on t.id = v.template_id
            where t.account_id = %(account)s and v.id > %(after)s::bigint order by v.id limit %(limit)s""",
        _FIRST["bigint"],
    ),
    _table("guards", "account_guards", place="account_id", type_="bigint"),
    _table("guard_refusals", place="uid"),
    _table("campaigns"),
    _table("campaign_runs", without=["workflow_id", "begun_by"]),
    Source(
        "campaign_people",
        """select r.id || ' ' || p.part || ' ' || p.contact_id, (to_jsonb(p))::text
            from campaign_runs r join campaign_people p on p.run_id = r.id
            where r.account_id = %(account)s and (p.run_id, p.part, p.contact_id) >
                (split_part(%(after)s, ' ', 1)::uuid, split_part(%(after)s, ' ', 2)::smallint,
                 split_part(%(after)s, ' ', 3)::uuid)
            order by p.run_id, p.part, p.contact_id limit %(limit)s""",
        f"{START} 0 {START}",
    ),
    _table("automations"),
    Source(
        "automation_versions",
        """select v.automation_id || ' ' || v.version || ' ' || v.revision, (to_jsonb(v))::text
            from automations a join automation_versions v on v.automation_id = a.id
            where a.account_id = %(account)s and (v.automation_id, v.version, v.revision) >
                (split_part(%(after)s, ' ', 1)::uuid, split_part(%(after)s, ' ', 2)::integer,
                 split_part(%(after)s, ' ', 3)::integer)
            order by v.automation_id, v.version, v.revision limit %(limit)s""",
        f"{START} 0 0",
    ),
    _table("account_secrets", place="name", type_="text", without=["sealed"]),
    _table("automation_hooks", without=["digest", "secrets"]),
    _table("automation_hook_samples"),
    _table("lead_sources", without=["sealed"]),
    _table("leads", without=["sealed", "digest"]),
    _table("devices", without=["session", "sealed", "inbound"]),
    Source(
        "device_sims",
        """select s.device_id || ' ' || s.uid, (to_jsonb(s))::text
            from devices d join device_sims s on s.device_id = d.id
            where d.account_id = %(account)s and (s.device_id, s.uid) >
                (split_part(%(after)s, ' ', 1)::uuid, split_part(%(after)s, ' ', 2))
            order by s.device_id, s.uid limit %(limit)s""",
        f"{START} ",
    ),
    _table("device_tokens", without=["digest"]),
    _table("automation_runs"),
    _table("automation_entries"),
    _table("automation_notices"),
    _table("batches"),
    _table("erasures"),
    _table("messages", place="uid"),
)
"""In their order in an export."""

_OF_MESSAGES: dict[str, LiteralString] = {
    "attempts": """select t.uid::text, (to_jsonb(t) - 'run_id')::text from attempts t
                   where uid = any(%(uids)s) and uid between %(first)s and %(last)s order by uid, attempt""",
    "receipts": """select r.uid::text, (to_jsonb(r))::text from receipts r
                   where uid = any(%(uids)s) and uid between %(first)s and %(last)s order by uid, at""",
    "short_links": """select l.uid::text, (to_jsonb(l))::text from short_links l
                      where uid = any(%(uids)s) and uid between %(first)s and %(last)s order by uid, place""",
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
