"""Short links: made for the messages of a dispatch, and followed by their recipients."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.links.scanners import EARLIEST
from store.messages.engagement import tell
from store.pool import Pool
from store.schema.partitions import among


async def codes_of(pool: Pool, wanted: Mapping[UUID, Sequence[str]]) -> dict[UUID, list[str]]:
    """The codes of messages' links, in the order of their targets. One round trip; a repeat gets the same ones."""
    links = [(uid, place, url) for uid, targets in wanted.items() for place, url in enumerate(targets)]
    uids, places, urls = map(list, zip(*links, strict=True))
    bounds = among(list(wanted))
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select uid, code from short_links_of(%s::uuid[], %s::smallint[], %s::text[], %s, %s)
               order by uid, place""",
            (uids, places, urls, bounds["first"], bounds["last"]),
        )
        found: dict[UUID, list[str]] = {}
        for uid, code in await cursor.fetchall():
            found.setdefault(uid, []).append(code)
    return found


@dataclass(frozen=True, slots=True)
class Target:
    """Where a short link leads, and whose it is."""

    uid: UUID
    url: str
    account_id: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a code means at a host."""

    target: Target | None
    """``None``: there is no such link, or its message is no longer on record."""
    domain_of: int | None
    """The account whose link domain the host is; ``None``: it is none."""


# One statement whatever is found, so that its time tells nothing.
_FIND = """
select l.uid, l.url, l.account_id, d.account_id
from (select) as always
left join (select l.uid, l.url, m.account_id from short_links l join messages m on m.uid = l.uid where l.code = %s) l
    on true
left join link_domains d on d.domain = %s and d.state in ('verified', 'failing')
"""


async def find(pool: Pool, code: str, host: str) -> Found:
    """The link with a code, asked for by a host."""
    async with pool.connection() as conn:
        row = await (await conn.execute(_FIND, (code, host))).fetchone()
    assert row is not None, "it always has one"
    uid, url, account_id, domain_of = row
    return Found(None if uid is None else Target(uid, url, account_id), domain_of)


# Delivered, or as long as nobody reported that, handed over. The clock of who reports may be ahead.
_RECORD = """
with seen as (
    select %(program)s or coalesce(%(at)s < %(earliest)s * interval '1 second' + coalesce(
        (select min(least(r.at, r.received_at)) from receipts r
            where r.uid = %(uid)s and r.kind in ('delivered', 'read')),
        (select max(coalesce(t.ended_at, t.started_at)) from attempts t where t.uid = %(uid)s)), false) as scanner
)
insert into receipts (uid, key, kind, at, url, scanner)
select %(uid)s, case when scanner then %(scanned)s::uuid else %(key)s::uuid end, 'clicked', %(at)s, %(url)s, scanner
from seen on conflict (uid, key) do nothing returning scanner
"""


async def followed(pool: Pool, target: Target, at: datetime, *, by_program: bool) -> None:
    """Record that a link was followed, once a day by a person, and once by programs, which counts nowhere.

    Who comes before the message can have been read is a program.
    """
    day = f"{at:%Y-%m-%d} {target.url}"
    key = _key(f"clicked {day}")
    values: dict[str, Any] = {
        "uid": target.uid,
        "at": at,
        "url": target.url,
        "program": by_program,
        "earliest": EARLIEST,
        "key": key,
        "scanned": _key(f"scanned {day}"),
    }
    async with pool.connection() as conn, conn.transaction():
        row = await (await conn.execute(_RECORD, values)).fetchone()
        if row is not None and not row[0]:
            await tell(conn, target.uid, "clicked", at, key, target.url)


def _key(text: str) -> UUID:
    return UUID(bytes=hashlib.sha256(text.encode()).digest()[:16])
