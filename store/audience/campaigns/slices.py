"""The batches of a campaign: each is stored together with its place, so that nobody is in two."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from store.batches import batches
from store.pool import Connections, Pool, long_transaction


@dataclass(frozen=True, slots=True)
class StoredSlice:
    """A slice that was stored."""

    batch_id: UUID | None
    size: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody who gets no message, and why."""

    contact_id: UUID
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class NewSlice:
    """Some people of a part, and the batch that was made for them."""

    run_id: UUID
    number: int
    part: int
    variant: str
    last: UUID
    """The last of its people."""
    left_out: Sequence[LeftOut]
    is_last: bool


async def find(store: Connections, run_id: UUID, number: int) -> StoredSlice | None:
    """A slice; ``None``: it was not stored."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select batch_id, size, is_last from campaign_slices where run_id = %s and number = %s", (run_id, number)
        )
        row = await cursor.fetchone()
    return StoredSlice(*row) if row else None


async def store(pool: Pool, made: NewSlice, batch: batches.NewBatch | None) -> bool:
    """Store a slice with its batch, if there is one. Returns whether it is new: another worker may have been faster."""
    async with long_transaction(pool) as conn:
        cursor = await conn.execute(
            """insert into campaign_slices (run_id, number, part, variant, last, size, left_out, is_last, batch_id)
               values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing""",
            (
                *(made.run_id, made.number, made.part, made.variant, made.last),
                *(batch.total if batch else 0, len(made.left_out), made.is_last, batch.id if batch else None),
            ),
        )
        if cursor.rowcount == 0:
            return False
        if batch is not None:
            await batches.write(conn, batch)
        async with conn.cursor().copy("copy campaign_left_out (run_id, contact_id, code, message) from stdin") as copy:
            for one in made.left_out:
                await copy.write_row((made.run_id, one.contact_id, one.code, one.message))
        return True


async def left_out(store: Connections, run_id: UUID, after: UUID | None, limit: int) -> Sequence[LeftOut]:
    """Who got no message in a run, and why."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select contact_id, code, message from campaign_left_out
               where run_id = %(run)s and (%(after)s::uuid is null or contact_id > %(after)s)
               order by contact_id limit %(limit)s""",
            {"run": run_id, "after": after, "limit": limit},
        )
        return [LeftOut(*row) for row in await cursor.fetchall()]


async def unfinished(store: Connections, run_id: UUID) -> int:
    """How many batches of a run have not ended."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select count(*)::integer from campaign_slices s join batches b on b.id = s.batch_id
               where s.run_id = %s and b.finished_at is null""",
            (run_id,),
        )
        row = await cursor.fetchone()
    assert row is not None
    found: int = row[0]
    return found


async def batch_ids(store: Connections, run_id: UUID) -> list[UUID]:
    """The batches of a run, in their order."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select batch_id from campaign_slices where run_id = %s and batch_id is not null order by number", (run_id,)
        )
        return [batch_id for (batch_id,) in await cursor.fetchall()]
