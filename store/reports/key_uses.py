"""When keys were last used, and from where. Apart from the keys, which every request reads."""

from collections.abc import Mapping
from datetime import datetime

from store.pool import Pool

Use = tuple[datetime, str]
"""When, and from which address."""


async def note(pool: Pool, uses: Mapping[str, Use]) -> None:
    """Note the last uses of keys; what is older than what is known changes nothing."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into key_uses as u (key_id, last_used_at, last_used_ip)
                   select n.* from unnest(%s::text[], %s::timestamptz[], %s::text[]) as n (id, at, ip)
                   join api_keys k on k.id = n.id order by n.id  -- against deadlocks
               on conflict (key_id) do update
                   set last_used_at = excluded.last_used_at, last_used_ip = excluded.last_used_ip
                   where u.last_used_at < excluded.last_used_at""",
            (list(uses), [at for at, _ in uses.values()], [ip for _, ip in uses.values()]),
        )
