"""When people last wrote to a gateway's number: WhatsApp takes texts for them for a while after that."""

from collections.abc import Sequence
from uuid import UUID

from store.pool import Pool
from store.schema.partitions import among

# A provider's clock may be ahead of ours, so a message counts from when it came at the latest. Numbers have several
# spellings, and what people chose about marketing is no message. `statement_timestamp()` can be found by the index on
# the sender, `clock_timestamp()` cannot.
_CLOSING = """
select m.uid, extract(epoch from wrote.at)::float8 + %(seconds)s
from messages m cross join lateral (
    select max(least(i.at, i.received_at)) as at from inbound_messages i
    where i.sender = any(spellings(m.channel, m.recipient))
      and i.received_at > statement_timestamp() - %(seconds)s * interval '1 second'
      and i.gateway_id = %(gateway)s and i.kind is distinct from 'user_preferences'
) as wrote
where m.uid = any(%(uids)s::uuid[]) and m.uid between %(first)s and %(last)s and wrote.at is not null
  and not exists (
      select from attempts t where t.uid = m.uid and t.uid between %(first)s and %(last)s
          and t.gateway_id = %(gateway)s and t.code = %(refused)s)
"""


async def closing(
    pool: Pool, gateway_id: UUID, uids: Sequence[UUID], seconds: float, refused: str
) -> dict[UUID, float]:
    """When the windows of the recipients of these messages close, in Unix seconds by the database's clock.

    Those of recipients who have not written for longer than ``seconds`` are left out. So are messages that the
    gateway's provider refused with the code ``refused``: it knows better.
    """
    values = {**among(uids), "gateway": gateway_id, "seconds": seconds, "refused": refused}
    async with pool.connection() as conn:
        return dict(await (await conn.execute(_CLOSING, values)).fetchall())
