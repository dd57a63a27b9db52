"""What phones report of the messages that they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.devices.reporting import Held
from domain.ids import PAGE_SIZE, message_uid, page_of
from store.callbacks import callbacks
from store.connection import Connection
from store.messages import attempts, pages
from store.messages.attempts import Attempted
from store.pool import InTransaction, Pool
from store.waking import Signal, signal_taken


async def held(conn: Connection, device_id: UUID, uids: Sequence[UUID]) -> list[Held]:
    """The attempts at these messages that the device has or had, locked."""
    cursor = await conn.execute(
        """select uid, attempt, sim, parts, state = 'handed', outcome, taken_at is not null, is_cancelling,
                  sent_parts, delivered_parts
           from device_messages where device_id = %s and uid = any(%s) order by uid, attempt for update""",
        (device_id, list(uids)),
    )
    rows = await cursor.fetchall()
    return [
        Held(of, attempt, sim, parts, with_phone, outcome, is_taken, is_cancelling, set(sent), set(delivered))
        for of, attempt, sim, parts, with_phone, outcome, is_taken, is_cancelling, sent, delivered in rows
    ]


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt by a phone ends."""

    uid: UUID
    attempt: int
    outcome: str
    code: str | None = None
    reason: str | None = None
    retry_after: float | None = None


USES_DAYS = 31
"""Recipients count for 30 days."""

_RECORDED = {
    "accepted": "accepted",
    "refused": "refused",
    "unknown": "unknown",
    "retry_later": "retry_later",
    "expired": "retry_later",
    "returned": "gateway_down",
}
"""How ends are recorded as outcomes of attempts. What was taken back leaves no attempt."""


async def write_progress(conn: Connection, changed: Sequence[Held]) -> None:
    """Write what is new of messages that a phone has or had: that it has them, and which parts it sent."""
    await conn.execute(
        """update device_messages m set
               taken_at = coalesce(m.taken_at, case when c.taken then clock_timestamp() end),
               sent_parts = c.sent::smallint[], delivered_parts = c.delivered::smallint[]
           from unnest(%s::uuid[], %s::smallint[], %s::boolean[], %s::text[], %s::text[])
               as c (uid, attempt, taken, sent, delivered)
           where m.uid = c.uid and m.attempt = c.attempt""",
        (
            [one.uid for one in changed],
            [one.attempt for one in changed],
            [one.is_taken for one in changed],
            [_array(one.sent) for one in changed],
            [_array(one.delivered) for one in changed],
        ),
    )


def _array(parts: set[int]) -> str:
    return "{" + ",".join(map(str, sorted(parts))) + "}"


async def write_ends(conn: Connection, ends: Sequence[End]) -> bool:
    """End attempts, with their outcomes in the record of their messages.

    Returns whether a message was ``unknown`` until now: ``settle_late`` is to be called for it.
    """
    await conn.execute(
        """update device_messages m set state = 'ended', outcome = e.outcome, code = e.code, reason = e.reason,
               retry_after = e.retry_after, recipient = '', body = null, ended_at = clock_timestamp(),
               told_at = null
           from unnest(%s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::text[], %s::float8[])
               as e (uid, attempt, outcome, code, reason, retry_after)
           where m.uid = e.uid and m.attempt = e.attempt""",
        (
            [one.uid for one in ends],
            [one.attempt for one in ends],
            [one.outcome for one in ends],
            [one.code for one in ends],
            [one.reason for one in ends],
            [one.retry_after for one in ends],
        ),
    )
    if taken_back := [(one.uid, one.attempt) for one in ends if one.outcome == "cancelled"]:
        await conn.execute(
            """delete from attempts a using unnest(%s::uuid[], %s::smallint[]) as t (uid, attempt)
               where a.uid = t.uid and a.attempt = t.attempt and a.outcome is null""",
            ([uid for uid, _ in taken_back], [attempt for _, attempt in taken_back]),
        )
    outcomes = [
        Attempted(one.uid, one.attempt, _RECORDED[one.outcome], None, receipts=True, code=one.code, reason=one.reason)
        for one in ends
        if one.outcome in _RECORDED
    ]
    return bool(outcomes) and await attempts.flush_outcomes(InTransaction(conn), outcomes)


async def settle_late(pool: Pool, uids: Sequence[UUID]) -> None:
    """Settle messages that were ``unknown`` until now: their pages may have ended."""
    for page_id in {page_of(uid) for uid in uids}:
        last = message_uid(page_id, PAGE_SIZE - 1)
        if await pages.settle(pool, page_id, last):
            await callbacks.queue_page(pool, page_id, last)  # maintenance wakes the endpoints


async def note_uses(conn: Connection, sent: Sequence[Held], unsent: Sequence[Held]) -> None:
    """What SIMs sent counts for their caps from now; what surely never left does not count."""
    await conn.execute(
        """update sim_uses u set at = clock_timestamp() from unnest(%s::uuid[], %s::smallint[]) as s (uid, attempt)
           where u.uid = s.uid and u.attempt = s.attempt""",
        ([one.uid for one in sent], [one.attempt for one in sent]),
    )
    if unsent:
        await conn.execute(
            """delete from sim_uses u using unnest(%s::uuid[], %s::smallint[]) as s (uid, attempt)
               where u.uid = s.uid and u.attempt = s.attempt""",
            ([one.uid for one in unsent], [one.attempt for one in unsent]),
        )


async def cool(conn: Connection, device_id: UUID, sim: str, code: str, seconds: float) -> None:
    """A SIM failed by itself: it is left alone, for twice as long with each failure in a row, up to an hour."""
    await conn.execute(
        """update device_sims set failures = least(failures + 1, 20), cooling_code = %s,
               cooling_until = clock_timestamp() + least(3600, %s * power(2, least(failures, 10))) * interval '1 second'
           where device_id = %s and uid = %s""",
        (code, seconds, device_id, sim),
    )


async def works(conn: Connection, device_id: UUID, sims: Sequence[str]) -> None:
    """These SIMs sent something."""
    await conn.execute(
        """update device_sims set failures = 0, cooling_until = null, cooling_code = null
           where device_id = %s and uid = any(%s) and (failures > 0 or cooling_until is not null)""",
        (device_id, list(sims)),
    )


async def to_cancel(conn: Connection, device_id: UUID) -> list[UUID]:
    """Messages that the device is to give back, unless it has begun."""
    cursor = await conn.execute(
        "select uid from device_messages where device_id = %s and state = 'handed' and is_cancelling", (device_id,)
    )
    return [uid for (uid,) in await cursor.fetchall()]


SLACK = 900.0
"""Seconds that a phone's clock may be behind ours, or its report late, before a message counts as ``unknown``."""


async def end_overdue(pool: Pool, most: int) -> int:
    """End messages whose time is over, and return those that no phone took in time, or whose gateway was disabled or
    deleted. Returns how many."""
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute(
            """select m.uid, m.attempt, m.state = 'handed', m.valid_until <= clock_timestamp()
               from device_messages m
               where m.state = 'waiting' and m.gateway_id = any(array(
                         select id from gateways where type = 'android' and not (enabled and deleted_at is null)))
                  or m.state = 'waiting' and m.give_back_at <= clock_timestamp()
                  or m.state = 'waiting' and m.valid_until <= clock_timestamp()
                  or m.state = 'handed' and m.valid_until <= clock_timestamp() - %s * interval '1 second'
               order by m.uid, m.attempt limit %s for update skip locked""",
            (SLACK, most),
        )
        rows = await cursor.fetchall()
        ends = [_overdue(*row) for row in rows]
        if ends:
            await write_ends(conn, ends)
        return len(ends)


def _overdue(uid: UUID, attempt: int, is_handed: bool, is_late: bool) -> End:
    if is_handed:
        return End(uid, attempt, "unknown", "device_silent", "the phone that has it reported nothing in time")
    if is_late:
        return End(uid, attempt, "expired", "device_expired", "no phone took it before its time was over")
    return End(uid, attempt, "returned", "no_device", "no phone of the gateway took it in time, or the gateway is gone")


_UNTOLD = """
update device_messages set told_at = clock_timestamp() where (uid, attempt) in (
    select uid, attempt from device_messages where state = 'ended' and told_at is null
    order by ended_at limit 500 for update skip locked)
returning page_of(uid)
"""


async def tell_pages(pool: Pool, signal: Signal) -> bool:
    """Tell pages that attempts of theirs have ended. Returns whether there were any."""
    return await signal_taken(pool, _UNTOLD, (), signal)


async def delete_old(pool: Pool, days: float) -> int:
    """Delete attempts that have ended, and what SIMs sent, once no report is awaited and no cap counts them."""
    async with pool.connection() as conn:
        ended = await conn.execute(
            """delete from device_messages
               where state = 'ended' and ended_at < clock_timestamp() - %s * interval '1 day'""",
            (days,),
        )
        await conn.execute("delete from sim_uses where at < clock_timestamp() - %s * interval '1 day'", (USES_DAYS,))
        return ended.rowcount
