"""The hot path: reads and writes of one page. Every function here is one round trip."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.messages.page import KeyTerms
from store.audience.templates import sent
from store.messages.attempts import COUNTED
from store.pool import Pool
from store.schema.partitions import among
from store.workflow_checks import noting_late


@dataclass(frozen=True, slots=True)
class PageRows:
    """One account's messages of a page, as columns: one entry per message in each list."""

    account_id: int
    channel: str
    uids: list[UUID]
    recipients: list[str]
    prices: list[int]
    """Credits to hold."""
    schedule_at: list[datetime | None]
    on_unknown: list[str | None]
    exempt: bool = False
    """Whether they are sent despite opt-outs."""
    key: KeyTerms | None = None
    """Their key, if it demands something."""
    purposes: list[str | None] | None = None
    """What each is for; ``None``, of one or of all: transactional."""


@dataclass(frozen=True, slots=True)
class FinalState:
    """A final state not decided by a gateway: no gateway was left, it was cancelled, it expired."""

    uid: UUID
    state: str
    code: str
    reason: str


async def hold(
    pool: Pool, *shares: PageRows, templates: tuple[UUID, Mapping[str, list[int]]] | None = None
) -> dict[UUID, str]:
    """Record a page's messages and hold their credits. Idempotent.

    A page that several accounts or keys share is passed as one share for each. ``templates``: the page, and its
    messages that were made from templates, by the version's id. Returns the refused messages with their codes.
    """
    # In one order, because each share locks its account's wallet, and what its key has spent.
    ordered = sorted(shares, key=lambda share: (share.account_id, share.key.id if share.key else ""))
    async with pool.connection() as conn:
        if len(ordered) == 1 and not templates:
            return await _hold(conn, ordered[0])
        async with conn.pipeline():
            refused: dict[UUID, str] = {}
            page_id, versions = templates or (None, {})
            notes = [conn.execute(*sent.noting(page_id, int(one), indexes)) for one, indexes in versions.items()]
            held, _ = await asyncio.gather(
                asyncio.gather(*(_hold(conn, share) for share in ordered)), asyncio.gather(*notes)
            )
            for codes in held:
                refused |= codes
            return refused


_COLUMNS = "%s, %s, %s::uuid[], %s::text[], %s::integer[], %s::timestamptz[], %s::text[], %s"
_HOLD = f"select place, code from hold_page({_COLUMNS})"  # noqa: S608 - a constant of ours
_HOLD_PURPOSED = f"select place, code from hold_purposed_page({_COLUMNS}, %s, %s, %s::text[])"  # noqa: S608 - as above


async def _hold(conn: AsyncConnection[TupleRow], share: PageRows) -> dict[UUID, str]:
    arguments: tuple[Any, ...] = (
        share.account_id,
        share.channel,
        share.uids,
        share.recipients,
        share.prices,
        share.schedule_at,
        share.on_unknown,
        share.exempt,
    )
    statement = _HOLD
    if share.key is not None or share.purposes is not None:
        of_key = (share.key.id, share.key.test) if share.key else (None, False)
        statement, arguments = _HOLD_PURPOSED, (*arguments, *of_key, share.purposes)
    cursor = await conn.execute(*noting_late(share.uids, statement, arguments))
    return {share.uids[place]: code for place, code in await cursor.fetchall()}


async def hold_stored(pool: Pool, account_id: int, channel: str, first: UUID, last: UUID) -> set[UUID]:
    """Hold the credits of a batch's page, whose messages are stored already. Returns those not to send."""
    query, arguments = "select hold_stored_page(%s, %s, %s, %s)", (account_id, channel, first, last)
    async with pool.connection() as conn:
        cursor = await conn.execute(*noting_late([first], query, arguments))
        return {uid for (uid,) in await cursor.fetchall()}


async def settle(pool: Pool, first: UUID, last: UUID) -> bool:
    """Capture or release the credits of the final messages from ``first`` to ``last``.

    Returns whether any callback endpoint is enabled, to save the query for callbacks otherwise.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select settle_page(%s, %s), exists (select from callback_endpoints where enabled)", (first, last)
        )
        row = await cursor.fetchone()
        return bool(row and row[1])


_GIVE_VERDICTS = f"""
with verdicts as (
    select * from unnest(%(uids)s::uuid[], %(states)s::text[], %(codes)s::text[], %(reasons)s::text[])
        as v (uid, state, code, reason)
), tries as (
    update attempts a set outcome = 'unknown', reason = 'the dispatch was given up', ended_at = clock_timestamp()
    from verdicts v where a.uid = v.uid and a.uid between %(first)s and %(last)s and a.outcome is null
    returning a.uid, a.gateway_id, a.outcome
), {COUNTED}
update messages m set
    state = case when t.uid is null then v.state else 'unknown' end,
    code = case when t.uid is null then v.code else 'dispatch_given_up' end,
    reason = case when t.uid is null then v.reason else 'its worker died, and its outcome is unknown: ' || v.reason end,
    gateway_id = coalesce(t.gateway_id, m.gateway_id), updated_at = clock_timestamp()
from verdicts v left join tries t on t.uid = v.uid
where m.uid = v.uid and m.uid between %(first)s and %(last)s and m.state in ('scheduled', 'queued', 'processing')
"""  # noqa: S608 - a constant of ours


async def record_final_states(pool: Pool, verdicts: Sequence[FinalState]) -> None:
    """Record final states of messages that are not final yet.

    A message with an open intent may have been sent: it becomes ``unknown`` in any case. So does one that is cancelled
    after its dispatch died with its worker, before another dispatch took over.
    """
    async with pool.connection() as conn:
        await conn.execute(
            _GIVE_VERDICTS,
            {
                **among([v.uid for v in verdicts]),
                "states": [v.state for v in verdicts],
                "codes": [v.code for v in verdicts],
                "reasons": [v.reason for v in verdicts],
            },
        )


_GIVE_UP = f"""
with tries as (
    update attempts set outcome = 'unknown', reason = 'the dispatch was given up', ended_at = clock_timestamp()
    where uid = any(%(uids)s::uuid[]) and uid between %(first)s and %(last)s and attempt = %(attempt)s
      and outcome is null
    returning uid, gateway_id, outcome
), {COUNTED}
update messages m set
    state = case when t.uid is null then 'failed' else 'unknown' end,
    gateway_id = coalesce(t.gateway_id, m.gateway_id), code = 'dispatch_given_up',
    reason = 'no worker could finish the dispatch within its time', updated_at = clock_timestamp()
from unnest(%(uids)s::uuid[]) as u (uid) left join tries t on t.uid = u.uid
where m.uid = u.uid and m.uid between %(first)s and %(last)s and m.state in ('scheduled', 'queued', 'processing')
"""  # noqa: S608 - a constant of ours


async def give_up(pool: Pool, uids: Sequence[UUID], attempt: int) -> None:
    """End the messages of a dispatch that timed out finally: ``unknown`` where an intent is open, else ``failed``."""
    async with pool.connection() as conn:
        await conn.execute(_GIVE_UP, {**among(uids), "attempt": attempt})


async def reschedule(pool: Pool, uid: UUID, at: datetime) -> float:
    """Move the time of a message that still waits for it. Returns the time of the database (Unix seconds)."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """with moved as (
                   update messages set schedule_at = %(at)s, updated_at = clock_timestamp(),
                       state = case when %(at)s > clock_timestamp() then 'scheduled' else 'queued' end
                   where uid = %(uid)s and state in ('scheduled', 'queued'))
               select extract(epoch from clock_timestamp())::float8""",
            {"at": at, "uid": uid},
        )
        row = await cursor.fetchone()
        assert row is not None
        now: float = row[0]
        return now
