"""Batches: stored lists of messages. The contents of their pages are kept until they end."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.access.approvals import Sensitive
from domain.access.user_scopes import terms_of
from domain.batches.batch import BatchHeader, BatchPage, Stream
from domain.errors import ConflictError
from domain.ids import PAGE_SIZE, batch_page_id, batch_page_number, batch_range, message_uid
from domain.limits import BATCH_LIMITS
from domain.messages.page import KeyTerms
from store.access import approvals
from store.audience.templates import sent
from store.connection import Connection
from store.idempotency import KeyScope
from store.pool import Connections, InTransaction, Pool, long_transaction


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page to store."""

    number: int
    size: int
    due: float
    """Unix seconds; 0: at once."""
    content: bytes
    rows: bytes
    """Its messages in the text form of COPY, columns as in ``COPY_COLUMNS``."""


COPY_COLUMNS = (
    "uid, account_id, channel, recipient, state, price, credit, schedule_at, on_unknown, key_id, test, purpose"
)


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
    cost: int = 0
    """Credits."""
    key: KeyTerms | None = None
    """The key of all messages, if it demands something."""
    template_version: int | None = None
    """The id of the version of a template that its texts are of."""


async def store(
    pool: Pool, batch: NewBatch, scope: KeyScope | None, answer: bytes, needs: Sensitive | None = None
) -> None:
    """Store a batch and all its messages in one transaction, with the answer under the request's idempotency key.

    ``needs``: the approval that it waits for; it is paused until then.

    Raises:
        ConflictError: another request has taken over the key; nothing was stored.
    """
    async with long_transaction(pool) as conn:
        if scope is not None:
            cursor = await conn.execute(
                """update idempotency_keys set response = %s
                   where account_id = %s and endpoint = %s and key = %s and page_id = %s and status is null""",
                (answer, *scope, batch.id),
            )
            if cursor.rowcount == 0:
                raise ConflictError("idempotency_in_flight", "another request with this key is in progress")
        await write(conn, batch, needs)


async def write(conn: Connection, batch: NewBatch, needs: Sensitive | None = None) -> None:
    """``store``, in a transaction."""
    streams = orjson.dumps([asdict(stream) for stream in batch.streams]).decode()
    async with conn.cursor() as cursor:
        await cursor.execute(
            """insert into batches (id, account_id, channel, lane, total, streams, state, key_id, test)
               values (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            (
                *(batch.id, batch.account_id, batch.channel, batch.lane, batch.total, streams),
                "paused" if needs else "stored",
                *((batch.key.id, batch.key.test) if batch.key else (None, False)),
            ),
        )
        if batch.template_version is not None:
            await conn.execute(*sent.noting(batch.id, batch.template_version, None))
        if needs is not None:
            who = {"type": "user", "id": str(batch.account_id), "name": "", "role": None}
            target = {"type": "batch", "id": str(batch.id), "name": ""}
            await approvals.add(InTransaction(conn), needs, "batch.accepted", who, [target], batch.id)
        async with cursor.copy("copy batch_pages (page_id, size, due_at, content) from stdin") as copy:
            for page in batch.pages:
                due = datetime.fromtimestamp(page.due).astimezone() if page.due else None
                await copy.write_row((batch_page_id(batch.id, page.number), page.size, due, page.content))
        async with cursor.copy(f"copy messages ({COPY_COLUMNS}) from stdin") as copy:
            for page in batch.pages:
                await copy.write(page.rows)


async def header(pool: Pool, batch_id: UUID) -> BatchHeader | None:
    """The input of a stored batch's workflow; ``None``: there is no such batch."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"""select b.account_id, b.channel, b.lane, b.streams, b.state, {KEY_COLUMNS} from batches b {KEY}
                where b.id = %s""",  # noqa: S608 - constants of ours
            (batch_id,),
        )
        row = await cursor.fetchone()
        if row is None:
            return None
        account_id, channel, lane, streams, state, *key = row
        runs = [Stream(**stream) for stream in streams]
        return BatchHeader(
            *(str(batch_id), account_id, channel, lane, runs, state == "paused"),
            limits=BATCH_LIMITS,
            key=key_of_batch(*key),
        )


KEY_COLUMNS = "b.key_id, b.test, k.scopes"
"""What ``key_of_batch`` takes."""
KEY = "left join api_keys k on k.id = b.key_id"
"""What ``KEY_COLUMNS`` are of, joined to ``batches b``."""


def key_of_batch(key_id: str | None, test: bool, scopes: Sequence[str] | None) -> KeyTerms | None:
    """The key of a batch's messages, if it demands something."""
    return None if key_id is None else terms_of(key_id, scopes or (), test=test)


async def list_pages(pool: Pool, batch_id: UUID, first: int, last: int) -> list[BatchPage]:
    """The pages ``first`` to ``last``, without their content."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select page_id, size, coalesce(extract(epoch from due_at), 0)::float8 from batch_pages
               where page_id between %s and %s order by page_id""",
            (batch_page_id(batch_id, first), batch_page_id(batch_id, last)),
        )
        return [BatchPage(batch_page_number(page), size, due) for page, size, due in await cursor.fetchall()]


async def open_pages(pool: Pool, page_ids: Sequence[UUID]) -> list[UUID]:
    """Which of a batch's pages have messages without an outcome."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select p.first from unnest(%s::uuid[], %s::uuid[]) as p (first, last)
               where exists (select from messages m where m.uid between p.first and p.last
                             and m.state in ('scheduled', 'queued', 'processing'))""",
            (list(page_ids), [message_uid(page_id, PAGE_SIZE - 1) for page_id in page_ids]),
        )
        return [page_id for (page_id,) in await cursor.fetchall()]


async def page_content(pool: Connections, page_id: UUID) -> bytes | None:
    """The content of a batch's page; ``None``: it was deleted, as each of its messages has an outcome."""
    async with pool.connection() as conn:
        row = await (await conn.execute("select content from batch_pages where page_id = %s", (page_id,))).fetchone()
        return row[0] if row else None


async def show_state(pool: Pool, batch_id: UUID, state: str) -> None:
    """Record a batch's state, unless it has ended."""
    async with pool.connection() as conn:
        await conn.execute(
            "update batches set state = %s where id = %s and state not in ('cancelled', 'completed')", (state, batch_id)
        )


async def finish(pool: Pool, batch_id: UUID, state: str) -> bool:
    """End a batch, as ``end`` does; unstarted messages of a cancelled one are cancelled."""
    async with long_transaction(pool) as conn:
        if state == "cancelled":
            await cancel_pending(conn, batch_id, "batch_cancelled", "the batch was cancelled")
        return await end(conn, batch_id, state)


async def cancel_pending(conn: AsyncConnection[TupleRow], batch_id: UUID, code: str, reason: str) -> list[UUID]:
    """Cancel the messages of a batch that were not started. Returns them."""
    cursor = await conn.execute(
        """update messages set state = 'cancelled', code = %s, reason = %s, credit = 'free',
               updated_at = clock_timestamp()
           where uid between %s and %s and credit = 'pending' returning uid""",
        (code, reason, *batch_range(batch_id)),
    )
    return [uid for (uid,) in await cursor.fetchall()]


# Messages that failed may be sent again: their pages' contents are kept for that, as long as Temporal keeps others.
_NOT_NEEDED = """not exists (
    select from failures f where f.uid between p.page_id and page_end(p.page_id)
        and (f.state = 'unknown' or (f.state <> 'cancelled' and f.at > clock_timestamp() - interval '7 days')))"""
_FORGET_PAGES = f"delete from batch_pages p where p.page_id between %s and %s and {_NOT_NEEDED}"  # noqa: S608 - a constant


async def end(conn: AsyncConnection[TupleRow], batch_id: UUID, state: str) -> bool:
    """End a batch if each of its messages has an outcome, and delete its pages' contents. Returns whether it has ended.

    A message without one belongs to a lost page: the workers' sweep recovers that page, and ends the batch.
    """
    bounds = batch_range(batch_id)
    cursor = await conn.execute(
        """select from messages where uid between %s and %s and state in ('scheduled', 'queued', 'processing')
           order by uid limit 1""",
        bounds,
    )
    if cursor.rowcount:
        if state == "cancelled":
            await conn.execute(
                "update batches set state = 'cancelling' where id = %s and finished_at is null", (batch_id,)
            )
        return False
    await conn.execute(_FORGET_PAGES, bounds)
    await conn.execute(
        "update batches set state = %s, finished_at = clock_timestamp() where id = %s and finished_at is null",
        (state, batch_id),
    )
    return True


async def delete_pages(pool: Pool) -> None:
    """Delete the contents of pages of ended batches, once no message in them may be sent again."""
    async with long_transaction(pool) as conn:
        await conn.execute(
            f"""delete from batch_pages p using batches b
                where b.id = batch_of(p.page_id) and b.finished_at is not null and {_NOT_NEEDED}"""  # noqa: S608 - a constant
        )


async def cancel_message(pool: Pool, uid: UUID) -> bool:
    """Cancel one message whose page was not started. Returns whether it was cancelled."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """update messages set state = 'cancelled', code = 'cancelled', reason = 'cancelled by the sender',
                   credit = 'free', updated_at = clock_timestamp()
               where uid = %s and credit = 'pending'""",
            (uid,),
        )
        return cursor.rowcount == 1


async def delete_unstarted(pool: Pool, batch_id: UUID) -> bool:
    """Delete a stored batch whose workflow has not started; one that starts after this has nothing to send.

    Returns whether it had not started.
    """
    bounds = batch_range(batch_id)
    async with long_transaction(pool) as conn:
        cursor = await conn.execute("delete from batches where id = %s and state = 'stored'", (batch_id,))
        if cursor.rowcount:
            await conn.execute("delete from batch_pages where page_id between %s and %s", bounds)
            await conn.execute("delete from messages where uid between %s and %s", bounds)
        return cursor.rowcount > 0


async def unstarted(pool: Pool, older_than_seconds: float) -> list[UUID]:
    """Batches that were stored but, according to the database, never started."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select id from batches
               where state = 'stored' and created_at < clock_timestamp() - %s * interval '1 second'
                 and not exists (select from campaign_slices s where s.batch_id = id)""",
            (older_than_seconds,),
        )
        return [batch_id for (batch_id,) in await cursor.fetchall()]
