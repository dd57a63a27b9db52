"""How many SMS went to ranges of numbers, by the hour."""

from collections.abc import Mapping
from datetime import UTC, datetime

from store.pool import Pool


async def add(pool: Pool, hour: float, counts: Mapping[tuple[int, str], int]) -> dict[tuple[int, str], int]:
    """Add to the counts of an hour (Unix seconds of its beginning), by account and range. Returns what they are now."""
    places = sorted(counts)
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """insert into prefix_sends as p (account_id, prefix, hour, messages)
               select u.account_id, u.prefix, %s, u.messages
               from unnest(%s::bigint[], %s::text[], %s::integer[]) as u (account_id, prefix, messages)
               on conflict (account_id, prefix, hour) do update set messages = p.messages + excluded.messages
               returning account_id, prefix, messages""",
            (
                datetime.fromtimestamp(hour, UTC),
                [account_id for account_id, _ in places],
                [prefix for _, prefix in places],
                [counts[place] for place in places],
            ),
        )
        return {(account_id, prefix): messages for account_id, prefix, messages in await cursor.fetchall()}
