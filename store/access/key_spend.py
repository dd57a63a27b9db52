"""What the messages of keys with a daily limit have taken; ``take_keyed_credits`` counts it when credits are held."""

from store.pool import Pool

_TODAY = """
select coalesce((
    select s.credits from key_spend s
    where s.key_id = k.id and s.day = (now() at time zone a.time_zone)::date), 0)
from api_keys k join accounts a on a.id = k.account_id where k.id = %s
"""


async def today(pool: Pool, key_id: str) -> int:
    """Credits that a key's messages have taken since the day began in its account's time zone."""
    async with pool.connection() as conn:
        row = await (await conn.execute(_TODAY, (key_id,))).fetchone()
        return int(row[0]) if row else 0


async def delete_old(pool: Pool, days: int) -> None:
    """Forget what was spent more than so many days ago."""
    async with pool.connection() as conn:
        await conn.execute("delete from key_spend where day < current_date - %s::integer", (days,))
