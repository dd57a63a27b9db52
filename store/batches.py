"""Batches: stored lists of messages. What their pages say is kept until they are through."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

import orjson

from domain.batch import BatchHeader, BatchPage, Stream
from domain.errors import ConflictError
from domain.ids import batch_page_id, batch_page_number, batch_range
from store.idempotency import Place
from store.pool import Pool, long_transaction


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page on its way into the store."""

    number: int
    size: int
    due: float
    """Unix seconds; 0: at once."""
    content: bytes
    rows: bytes
    """Its messages in the text form of COPY, columns as in ``COPY_COLUMNS``."""


COPY_COLUMNS = "uid, account_id, channel, recipient, state, price, credit, schedule_at, on_unknown"


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch to store."""

    id: UUID
    account_id: int
    channel: str
    lane: str
    total: int
    streams: list[Stream]
    pages: Sequence[StoredPage]


async def store(pool: Pool, batch: NewBatch, place: Place | None, answer: bytes) -> None:
    """Store a batch and all its messages in one transaction, with the answer under the request's idempotency key.

    Raises:
        ConflictError: somebody else has taken the key over; nothing was stored.
    """
    streams = orjson.dumps([asdict(stream) for stream in batch.streams]).decode()
    async with long_transaction(pool) as conn, conn.cursor() as cursor:
        if place is not None:
            await cursor.execute(
                """update idempotency_keys set response = %s
                   where account_id = %s and endpoint = %s and key = %s and page_id = %s and status is null""",
                (answer, *place, batch.id),
            )
            if cursor.rowcount == 0:
                raise ConflictError("idempotency_in_flight", "another request with this key is at work")
        await cursor.execute(
            "insert into batches (id, account_id, channel, lane, total, streams) values (%s, %s, %s, %s, %s, %s)",
            (batch.id, batch.account_id, batch.channel, batch.lane, batch.total, streams),
        )
        async with cursor.copy("copy batch_pages (page_id, size, due_at, content) from stdin") as copy:
            for page in batch.pages:
                due = datetime.fromtimestamp(page.due).astimezone() if page.due else None
                await copy.write_row((batch_page_id(batch.id, page.number), page.size, due, page.content))
        async with cursor.copy(f"copy messages ({COPY_COLUMNS}) from stdin") as copy:
            for page in batch.pages:
                await copy.write(page.rows)


async def header(pool: Pool, batch_id: UUID) -> BatchHeader | None:
    """What the workflow of a stored batch starts with; ``None``: there is no such batch."""
    async with pool.connection() as conn:
        cursor = await conn.execute("select account_id, channel, lane, streams from batches where id = %s", (batch_id,))
        row = await cursor.fetchone()
        if row is None:
            return None
        account_id, channel, lane, streams = row
        return BatchHeader(str(batch_id), account_id, channel, lane, [Stream(**stream) for stream in streams])


async def list_pages(pool: Pool, batch_id: UUID, first: int, last: int) -> list[BatchPage]:
    """The pages ``first`` to ``last``, without their content."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select page_id, size, coalesce(extract(epoch from due_at), 0)::float8 from batch_pages
               where page_id between %s and %s order by page_id""",
            (batch_page_id(batch_id, first), batch_page_id(batch_id, last)),
        )
        return [BatchPage(batch_page_number(page), size, due) for page, size, due in await cursor.fetchall()]


async def page_content(pool: Pool, page_id: UUID) -> bytes:
    """What a page of a batch says."""
    async with pool.connection() as conn:
        row = await (await conn.execute("select content from batch_pages where page_id = %s", (page_id,))).fetchone()
        assert row is not None, "a page's content is kept until its batch has ended"
        content: bytes = row[0]
        return content


async def show_state(pool: Pool, batch_id: UUID, state: str) -> None:
    """Show a batch's state in the record, unless it has ended."""
    async with pool.connection() as conn:
        await conn.execute(
            "update batches set state = %s where id = %s and state not in ('cancelled', 'completed')", (state, batch_id)
        )


async def finish(pool: Pool, batch_id: UUID, state: str) -> None:
    """End a batch: what has not had its turn is cancelled, and what the pages say is forgotten."""
    bounds = batch_range(batch_id)
    async with long_transaction(pool) as conn:
        await conn.execute(
            """update messages set state = 'cancelled', code = 'batch_cancelled', reason = 'the batch was cancelled',
                   credit = 'free', updated_at = clock_timestamp()
               where uid between %s and %s and credit = 'pending'""",
            bounds,
        )
        await conn.execute("delete from batch_pages where page_id between %s and %s", bounds)
        await conn.execute(
            "update batches set state = %s, finished_at = clock_timestamp() where id = %s and finished_at is null",
            (state, batch_id),
        )


async def cancel_message(pool: Pool, uid: UUID) -> bool:
    """Take back one message whose page's turn has not come. Returns whether it was such a one."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """update messages set state = 'cancelled', code = 'cancelled', reason = 'cancelled by the sender',
                   credit = 'free', updated_at = clock_timestamp()
               where uid = %s and credit = 'pending'""",
            (uid,),
        )
        return cursor.rowcount == 1


async def forget_unstarted(pool: Pool, batch_id: UUID) -> bool:
    """Remove a stored batch whose workflow has not begun; one that begins after this has nothing to send.

    Returns whether it had not begun.
    """
    bounds = batch_range(batch_id)
    async with long_transaction(pool) as conn:
        cursor = await conn.execute("delete from batches where id = %s and state = 'stored'", (batch_id,))
        if cursor.rowcount:
            await conn.execute("delete from batch_pages where page_id between %s and %s", bounds)
            await conn.execute("delete from messages where uid between %s and %s", bounds)
        return cursor.rowcount > 0


async def unstarted(pool: Pool, older_than_seconds: float) -> list[UUID]:
    """Batches that were stored but, for all the record knows, never started."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select id from batches
               where state = 'stored' and created_at < clock_timestamp() - %s * interval '1 second'""",
            (older_than_seconds,),
        )
        return [batch_id for (batch_id,) in await cursor.fetchall()]
