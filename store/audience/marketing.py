"""Opt-outs of marketing messages. They stop only messages that are declared as marketing."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.messages.receipts import MARKETING_OPTED_OUT
from store.pool import Pool
from store.schema.partitions import among


async def cancel_opted_out(pool: Pool, uids: Sequence[UUID]) -> None:
    """Cancel those of these marketing messages whose recipients have opted out. Idempotent."""
    async with pool.connection() as conn:
        await conn.execute(
            """update messages m set state = 'cancelled', code = %(code)s, updated_at = clock_timestamp(),
                                     reason = 'the recipient wants no more marketing messages'
               from marketing_opt_outs o
               where m.uid = any(%(uids)s::uuid[]) and m.uid between %(first)s and %(last)s
                 and m.state in ('scheduled', 'queued', 'processing')
                 and o.account_id = m.account_id and o.channel = m.channel
                 and recipient_key(o.channel, o.recipient) = recipient_key(m.channel, m.recipient)""",
            {**among(uids), "code": MARKETING_OPTED_OUT},
        )


async def note_refused(conn: AsyncConnection[TupleRow], uids: Sequence[UUID]) -> None:
    """Note that the recipients of these messages opted out of marketing, as a provider reported."""
    await conn.execute(
        """insert into marketing_opt_outs (account_id, channel, recipient)
           select distinct account_id, channel, recipient from messages
           where uid = any(%(uids)s::uuid[]) and uid between %(first)s and %(last)s
           order by account_id, channel, recipient on conflict do nothing""",
        among(uids),
    )


async def choose(
    conn: AsyncConnection[TupleRow],
    gateway_id: UUID,
    channel: str,
    names: Sequence[str],
    chosen: Literal["stop", "resume"],
) -> None:
    """Opt a person, by all known addresses, out of or into marketing of all accounts that send through a gateway."""
    whom = {"gateway": gateway_id, "channel": channel, "names": list(names)}
    if chosen == "stop":
        await conn.execute(
            """insert into marketing_opt_outs (account_id, channel, recipient)
               select distinct a, %(channel)s, name from unnest(%(names)s::text[]) as name
               cross join lateral accounts_heard(%(gateway)s, %(channel)s, name) as a
               on conflict do nothing""",
            whom,
        )
        return
    await conn.execute(
        """delete from marketing_opt_outs using unnest(%(names)s::text[]) as name
           where account_id in (select accounts_heard(%(gateway)s, %(channel)s, name)) and channel = %(channel)s
             and recipient_key(channel, recipient) = recipient_key(%(channel)s, name)""",
        whom,
    )
