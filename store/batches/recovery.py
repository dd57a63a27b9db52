"""Batches that have not ended, and their remaining pages: to recover those whose workflows are lost."""

from dataclasses import dataclass, replace
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.batches.batch import BatchHeader, Stream
from domain.ids import batch_page_number, batch_range, page_of
from domain.messages.new_page import new_stored_page
from domain.messages.page import PageHeader
from store.batches.batches import KEY, KEY_COLUMNS, key_of_batch
from store.pool import Connections, Pool


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that has not ended."""

    state: str
    header: BatchHeader
    """Its workflow's input."""


@dataclass(frozen=True, slots=True)
class PageLeft:
    """A page of a batch that has messages without an outcome."""

    id: UUID
    is_pending: bool
    """Whether it was not started yet, according to the database."""

    @property
    def number(self) -> int:
        """Its number in the batch."""
        return batch_page_number(self.id)


async def open_batches(pool: Pool, after: UUID, limit: int) -> list[UUID]:
    """The next batches that have not ended, by id, from ``after`` on, without those that were checked recently."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select b.id from batches b left join workflow_checks c on c.id = b.id
               where b.finished_at is null and b.id > %s and coalesce(c.next_at < clock_timestamp(), true)
               order by b.id limit %s""",
            (after, limit),
        )
        return [batch_id for (batch_id,) in await cursor.fetchall()]


async def of_deleted_accounts(pool: Pool) -> list[UUID]:
    """Some of the started, unfinished batches of deleted accounts that are not being
    cancelled."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select b.id from batches b join accounts a on a.id = b.account_id
               where b.finished_at is null and b.state not in ('stored', 'cancelling') and a.status = 'deleted'
               limit 100"""
        )
        return [batch_id for (batch_id,) in await cursor.fetchall()]


async def of_account(store: Connections, account_id: int, after: UUID, limit: int) -> list[UUID]:
    """An account's started, unfinished batches, by id, those after ``after``."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from batches where account_id = %s and id > %s and finished_at is null and state <> 'stored'
               order by id limit %s""",
            (account_id, after, limit),
        )
        return [batch_id for (batch_id,) in await cursor.fetchall()]


async def find(conn: AsyncConnection[TupleRow], batch_id: UUID) -> OpenBatch | None:
    """A batch, unless it has ended."""
    cursor = await conn.execute(
        f"""select b.state, b.account_id, b.channel, b.lane, b.streams, {KEY_COLUMNS} from batches b {KEY}
            where b.id = %s and b.finished_at is null""",  # noqa: S608 - constants of ours
        (batch_id,),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    state, account_id, channel, lane, streams, *key = row
    runs = [Stream(**stream) for stream in streams]
    header = BatchHeader(str(batch_id), account_id, channel, lane, runs, key=key_of_batch(*key))
    return OpenBatch(state, header)


_LEFT = """
select p.page_id, m.is_pending from batch_pages p cross join lateral (
    select credit = 'pending' as is_pending from messages
    where uid between p.page_id and page_end(p.page_id) and state in ('scheduled', 'queued', 'processing')
    order by uid limit 1
) as m
where p.page_id between %s and %s order by p.page_id
"""


async def pages_left(conn: AsyncConnection[TupleRow], batch_id: UUID) -> list[PageLeft]:
    """The pages of a batch with messages that have no outcome, in their order."""
    cursor = await conn.execute(_LEFT, batch_range(batch_id))
    return [PageLeft(page_id, is_pending) for page_id, is_pending in await cursor.fetchall()]


async def stored_page(conn: AsyncConnection[TupleRow], page_id: UUID) -> tuple[PageHeader, str] | None:
    """A page of a batch as its workflow was started, and the batch's state; ``None``: its content was deleted."""
    cursor = await conn.execute(
        f"""select b.state, b.account_id, b.channel, b.lane, b.streams, p.size,
                   coalesce(extract(epoch from p.due_at), 0)::float8, {KEY_COLUMNS}
            from batch_pages p join batches b on b.id = batch_of(p.page_id) {KEY} where p.page_id = %s""",  # noqa: S608 - constants of ours
        (page_of(page_id),),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    state, account_id, channel, lane, streams, size, due, *key = row
    number = batch_page_number(page_id)
    stream = next((Stream(**each) for each in streams if each["next"] <= number <= each["last"]), None)
    gateway, sender = (stream.gateway, stream.sender) if stream else ("", "")
    header = new_stored_page(page_id, account_id, channel, lane, size, gateway, key_of_batch(*key), sender)
    return replace(header, due=[due] * size if due else []), state
