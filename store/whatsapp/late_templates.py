"""Templates that follow messages of which WhatsApp reported later that it took no text."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.ids import message_uid, new_page_id, page_of
from domain.whatsapp.templates import OUTSIDE_WINDOW
from store.connection import Connection
from store.pool import Pool

KEPT_HOURS = 24
AT_A_TIME = 500
_DELETED_AT_A_TIME = 10_000


@dataclass(slots=True)
class LatePage:
    """Templates that are sent together."""

    id: UUID
    """Of their page."""
    of: UUID
    """The page of the messages that they follow."""
    account_id: int
    lane: str
    gateway: str
    """Its identifier: that of the messages."""
    uids: list[UUID] = field(default_factory=list)
    """The messages that they follow."""
    contents: list[bytes] = field(default_factory=list)


async def mark(conn: Connection, uids: Collection[UUID]) -> list[UUID]:
    """Note that the provider took no text for these messages. Returns those with a template to send. Idempotent."""
    cursor = await conn.execute(
        """update templates_to_follow set due_at = coalesce(due_at, clock_timestamp())
           where uid = any(%s) returning uid""",
        (list(uids),),
    )
    return [uid for (uid,) in await cursor.fetchall()]


# A message that is being reported about now is looked at by the next call.
_DUE = """
select f.uid, f.content, m.fallback_uid, m.state = 'failed' and m.code = %(code)s, f.lane, m.account_id, m.key_id,
       g.identifier
from templates_to_follow f join messages m using (uid) join gateways g on g.id = m.gateway_id
where f.due_at is not null and (%(uids)s::uuid[] is null or f.uid = any(%(uids)s))
order by f.uid limit %(limit)s for update of m skip locked
"""


async def take(pool: Pool, uids: Collection[UUID] | None = None) -> list[LatePage]:
    """Some templates that are due, by page; ``uids``: only those of these messages. The uids of the messages that
    they become are fixed with the first call."""
    wanted = {"uids": None if uids is None else list(uids), "limit": AT_A_TIME, "code": OUTSIDE_WINDOW}
    pages: dict[UUID, LatePage] = {}
    new: dict[tuple[UUID, str, int, str | None, str], UUID] = defaultdict(new_page_id)
    places: dict[UUID, int] = defaultdict(int)
    assigned: dict[UUID, UUID] = {}
    async with pool.connection() as conn, conn.transaction():
        rows = await (await conn.execute(_DUE, wanted)).fetchall()
        for uid, content, fallback_uid, has_failed, lane, account_id, key_id, gateway in rows:
            if fallback_uid is None and not has_failed:
                continue
            if fallback_uid is None:
                page_id = new[page_of(uid), lane, account_id, key_id, gateway]
                fallback_uid = assigned[uid] = message_uid(page_id, places[page_id])
                places[page_id] += 1
            page_id = page_of(fallback_uid)
            page = pages.setdefault(page_id, LatePage(page_id, page_of(uid), account_id, lane, gateway))
            page.uids.append(uid)
            page.contents.append(bytes(content))
        await conn.execute(
            """update messages m set fallback_uid = a.follows, unless = 'delivered'
               from unnest(%s::uuid[], %s::uuid[]) as a (uid, follows) where m.uid = a.uid""",
            (list(assigned), list(assigned.values())),
        )
        in_pages = {uid for page in pages.values() for uid in page.uids}
        await _forget(conn, [uid for uid, *_ in rows if uid not in in_pages])
    return list(pages.values())


async def sent(pool: Pool, uids: Sequence[UUID]) -> None:
    """The templates of these messages are on their way."""
    async with pool.connection() as conn:
        await _forget(conn, uids)


async def _forget(conn: Connection, uids: Sequence[UUID]) -> None:
    await conn.execute("delete from templates_to_follow where uid = any(%s)", (list(uids),))


_DELETE = """
delete from templates_to_follow where uid = any(array(
    select uid from templates_to_follow
    where sent_at < clock_timestamp() - %s * interval '1 hour'
      and (due_at is null or due_at < clock_timestamp() - interval '7 days')
    order by sent_at limit %s))
"""


async def delete_old(pool: Pool) -> None:
    """Delete those of which nothing was reported in a day, and those that could not be sent in a week."""
    deleted = _DELETED_AT_A_TIME
    while deleted == _DELETED_AT_A_TIME:
        async with pool.connection() as conn:
            deleted = (await conn.execute(_DELETE, (KEPT_HOURS, _DELETED_AT_A_TIME))).rowcount
