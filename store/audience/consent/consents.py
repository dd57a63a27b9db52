"""Consent of addresses: the current state of each purpose, and all that was ever recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from psycopg.rows import class_row

from domain.audience.consents import NewConsent
from store.audience.events.recording import KEPT_DAYS
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Consent:
    """What is recorded of an address and a purpose: now, or at some time."""

    channel: str
    recipient: str
    purpose: str
    state: str
    source: str
    text_shown: str | None
    ip: str | None
    proof: dict[str, Any] | None
    at: datetime


_COLUMNS = "channel, recipient, purpose, state, source, text_shown, host(ip) as ip, proof, at"

# What was chosen later counts, whatever is recorded later; a request that waits for its confirmation changes no choice.
_RECORD = """
with given as (
    select u.*, recipient_key(u.channel, u.recipient) as key, least(u.given_at, clock_timestamp()) as at
    from unnest(%(channels)s::text[], %(recipients)s::text[], %(purposes)s::text[], %(states)s::text[],
                %(sources)s::text[], %(texts)s::text[], %(ips)s::inet[], %(proofs)s::jsonb[], %(at)s::timestamptz[])
        with ordinality as u (channel, recipient, purpose, state, source, text_shown, ip, proof, given_at, n)
), asks as (
    update accounts set asks_consent = true where id = %(account)s and not asks_consent
), written as (
    insert into consent_events
        (account_id, channel, recipient_key, purpose, state, recipient, source, text_shown, ip, proof, at)
    select %(account)s, channel, key, purpose, state, recipient, source, text_shown, ip, proof, at
    from given order by n
), noted as (
    insert into contact_events (account_id, contact_id, name, at, data, source)
    select %(account)s, c.id, 'consent.' || g.state, g.at,
           jsonb_build_object('channel', g.channel, 'purpose', g.purpose, 'source', g.source),
           md5(concat_ws('|', 'consent', g.channel, g.key, g.purpose, g.state, g.at))::uuid
    from given g cross join lateral contacts_at(%(account)s, g.channel, g.key) as found (id)
    join contacts c on c.id = found.id
    where g.state in ('granted', 'withdrawn') and g.at > clock_timestamp() - %(kept_days)s * interval '1 day'
    order by g.n for key share of c
    on conflict do nothing
)
insert into consents as c
    (account_id, channel, recipient_key, purpose, state, recipient, source, text_shown, ip, proof, at)
select distinct on (channel, key, purpose)
    %(account)s, channel, key, purpose, state, recipient, source, text_shown, ip, proof, at
from given order by channel, key, purpose, at desc, state = 'pending', n desc
on conflict (account_id, channel, recipient_key, purpose) do update set
    state = excluded.state, recipient = excluded.recipient, source = excluded.source, text_shown = excluded.text_shown,
    ip = excluded.ip, proof = excluded.proof, at = excluded.at
where case when excluded.state = 'pending' then c.state = 'pending' and excluded.at >= c.at
           else c.state = 'pending' or excluded.at >= c.at end
"""

# Who wants nothing any more takes back what was granted before, also where that is recorded later.
_WITHDRAW_OTHERS = """
update consents c set state = 'withdrawn', source = a.source, at = a.at
from consents a
where a.account_id = %(account)s and a.purpose = '*' and a.state = 'withdrawn'
  and (a.channel, a.recipient_key) in (
      select u.channel, recipient_key(u.channel, u.recipient)
      from unnest(%(channels)s::text[], %(recipients)s::text[]) as u (channel, recipient))
  and c.account_id = a.account_id and c.channel = a.channel and c.recipient_key = a.recipient_key
  and c.purpose <> '*' and c.state <> 'withdrawn' and c.at <= a.at
"""


async def record(store: Connections, account_id: int, new: Sequence[NewConsent]) -> None:
    """Record choices. Holds and dispatches of the account ask for consent from then on. In a transaction."""
    values = {
        "account": account_id,
        "kept_days": KEPT_DAYS,
        "channels": [one.channel for one in new],
        "recipients": [one.recipient for one in new],
        "purposes": [one.purpose for one in new],
        "states": [one.state for one in new],
        "sources": [one.source for one in new],
        "texts": [one.text_shown for one in new],
        "ips": [one.ip for one in new],
        "proofs": [None if one.proof is None else orjson.dumps(one.proof).decode() for one in new],
        "at": [one.at for one in new],
    }
    async with store.connection() as conn:
        await conn.execute(_RECORD, values)
        if late := [one for one in new if one.at is not None or (one.purpose == "*" and one.state == "withdrawn")]:
            whose = [one.channel for one in late], [one.recipient for one in late]
            await conn.execute(_WITHDRAW_OTHERS, {"account": account_id, "channels": whose[0], "recipients": whose[1]})


async def current(store: Connections, account_id: int, channel: str, recipient: str) -> list[Consent]:
    """What is recorded of an address now, in any of its spellings."""
    return await _read(store, "consents", "purpose", account_id, channel, recipient)


async def history(store: Connections, account_id: int, channel: str, recipient: str) -> list[Consent]:
    """All that was ever recorded of an address, the newest first; at most the last 200."""
    return await _read(store, "consent_events", "id desc limit 200", account_id, channel, recipient)


async def _read(
    store: Connections, table: str, order: str, account_id: int, channel: str, recipient: str
) -> list[Consent]:
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Consent)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from {table} where account_id = %(account)s and channel = %(channel)s
                    and recipient_key = recipient_key(%(channel)s, %(recipient)s) order by {order}""",  # noqa: S608
            {"account": account_id, "channel": channel, "recipient": recipient},
        )
        return await cursor.fetchall()


Place = tuple[datetime, str, str, str]
"""Where one stands in the list of an account: its time, channel, recipient's key and purpose."""


async def pause(store: Connections, account_id: int, channel: str, recipient: str, length: timedelta) -> None:
    """Send an address nothing but transactional messages for some time."""
    async with store.connection() as conn:
        await conn.execute(
            """with asks as (update accounts set asks_consent = true where id = %(account)s and not asks_consent)
               insert into consent_pauses (account_id, channel, recipient_key, until)
               values (%(account)s, %(channel)s, recipient_key(%(channel)s, %(recipient)s), now() + %(length)s)
               on conflict (account_id, channel, recipient_key) do update set until = excluded.until""",
            {"account": account_id, "channel": channel, "recipient": recipient, "length": length},
        )


async def end_pause(store: Connections, account_id: int, channel: str, recipient: str) -> None:
    """End a pause, if there is one."""
    async with store.connection() as conn:
        await conn.execute(
            """delete from consent_pauses where account_id = %(account)s and channel = %(channel)s
                   and recipient_key = recipient_key(%(channel)s, %(recipient)s)""",
            {"account": account_id, "channel": channel, "recipient": recipient},
        )


async def paused_until(store: Connections, account_id: int, channel: str, recipient: str) -> datetime | None:
    """Until when an address gets nothing but transactional messages; ``None``: it is not paused."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select until from consent_pauses where account_id = %(account)s and channel = %(channel)s
                   and recipient_key = recipient_key(%(channel)s, %(recipient)s) and until > clock_timestamp()""",
            {"account": account_id, "channel": channel, "recipient": recipient},
        )
        row = await cursor.fetchone()
        return row[0] if row else None
