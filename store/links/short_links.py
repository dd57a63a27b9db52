"""Short links: made for the messages of a dispatch, and where they lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

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
