"""What is told of sources: whose turn it is, and which alarms are due."""

from uuid import UUID

from store.pool import Connections


async def take_turn(store: Connections, source_id: UUID) -> int:
    """The number of a lead that somebody is told of in turn. Others of the source wait until the transaction ends, so
    that none is left out."""
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                "update lead_sources set turns = turns + 1 where id = %s returning turns - 1", (source_id,)
            )
        ).fetchone()
    assert row is not None, "a source is not deleted while a lead of it is taken"
    return int(row[0])
