"""Messages from people that are old."""

from store.pool import Pool, long_transaction

AT_A_TIME = 5_000
"""Rows of a transaction."""

# It goes by when a message came, not by when its provider says that it was written. Order and condition are those of an
# index, so that only rows are read that go: `clock_timestamp()` could not be found by it.
_DELETE = """
delete from inbound_messages where id = any(array(
    select id from inbound_messages
    where received_at < statement_timestamp() - %s * interval '1 day' order by received_at, id limit %s))
"""


async def delete_older_than(pool: Pool, days: int) -> int:
    """Delete those that came more than ``days`` ago, some at a time. Returns how many."""
    deleted, last = 0, AT_A_TIME
    while last == AT_A_TIME:
        async with long_transaction(pool) as conn:
            last = (await conn.execute(_DELETE, (days, AT_A_TIME))).rowcount
        deleted += last
    return deleted
