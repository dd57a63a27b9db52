"""The hot path: what one page of a send reads and writes. Every function here is one round trip."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.messages.receipts import MARKETING_OPTED_OUT
from store.audience import marketing, people
from store.pool import Pool
from store.workers import OF_LIVING_PROCESS
from store.workflow_checks import noting_late


@dataclass(frozen=True, slots=True)
class PageRows:
    """The messages of a page that are one account's, as columns: one entry per message in each list."""

    account_id: int
    channel: str
    uids: list[UUID]
    recipients: list[str]
    prices: list[int]
    """Credits to hold."""
    schedule_at: list[datetime | None]
    on_unknown: list[str | None]
    exempt: bool = False
    """Whether they may go to who wants no more messages."""


@dataclass(frozen=True, slots=True)
class Attempted:
    """The outcome of one try, on its way into the record."""

    uid: UUID
    attempt: int
    outcome: str
    provider_id: str | None = None
    receipts: bool = False
    code: str | None = None
    reason: str | None = None
    recipient_id: str | None = None
    """The provider's own id of the recipient, if it told one."""


@dataclass(frozen=True, slots=True)
class Intents:
    """Of messages that are about to leave, what became; those in no set have ended."""

    claimed: set[UUID]
    taken: set[UUID]
    """Another run has an intent for them, or had one a moment ago."""
    withheld: set[UUID]
    """Their account is not active: nobody has claimed them, and nobody may."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A final state that no gateway decided: no gateway was left, it was cancelled, it expired."""

    uid: UUID
    state: str
    code: str
    reason: str


async def hold(pool: Pool, *shares: PageRows) -> dict[UUID, str]:
    """Record a page's messages and hold their credits, once however often it is called.

    A page that several accounts share comes as one share for each. Returns the refused messages with their codes.
    """
    # In one order, because each share locks its account's wallet.
    ordered = sorted(shares, key=lambda share: share.account_id)
    async with pool.connection() as conn:
        if len(ordered) == 1:
            return await _hold(conn, ordered[0])
        async with conn.pipeline():
            refused: dict[UUID, str] = {}
            for codes in await asyncio.gather(*(_hold(conn, share) for share in ordered)):
                refused |= codes
            return refused


async def _hold(conn: AsyncConnection[TupleRow], share: PageRows) -> dict[UUID, str]:
    cursor = await conn.execute(
        *noting_late(
            share.uids,
            """select place, code
               from hold_page(%s, %s, %s::uuid[], %s::text[], %s::integer[], %s::timestamptz[], %s::text[], %s)""",
            (
                share.account_id,
                share.channel,
                share.uids,
                share.recipients,
                share.prices,
                share.schedule_at,
                share.on_unknown,
                share.exempt,
            ),
        )
    )
    return {share.uids[place]: code for place, code in await cursor.fetchall()}


async def hold_stored(pool: Pool, account_id: int, channel: str, first: UUID, last: UUID) -> set[UUID]:
    """Hold the credits of a batch's page, whose messages stand in the record already. Returns those not to send."""
    query, arguments = "select hold_stored_page(%s, %s, %s, %s)", (account_id, channel, first, last)
    async with pool.connection() as conn:
        cursor = await conn.execute(*noting_late([first], query, arguments))
        return {uid for (uid,) in await cursor.fetchall()}


_INTEND = """
with unwanted as (
    -- Credits may be held long before a message leaves: who wants no more of them by then gets none.
    update messages m set state = 'cancelled', code = 'opted_out', updated_at = clock_timestamp(),
                          reason = 'the recipient wants no more messages'
    from suppressions s
    where m.uid = any(%(uids)s::uuid[]) and m.state in ('scheduled', 'queued', 'processing') and not %(exempt)s
      and s.account_id = m.account_id and s.channel = m.channel
      and recipient_key(s.channel, s.recipient) = recipient_key(m.channel, m.recipient)
    returning m.uid
), needless as (
    update messages m set state = 'cancelled', code = 'needless', updated_at = clock_timestamp(),
                          reason = 'the message that it was to take the place of has arrived'
    from messages first
    where m.uid = any(%(uids)s::uuid[]) and m.state in ('scheduled', 'queued', 'processing')
      and first.fallback_uid = m.uid and is_needless(first.unless, first.state)
    returning m.uid
), wanted as (
    -- What was claimed before its account was suspended stays claimed, however often its run says so.
    select uid, account_id in (select active_accounts(array(
                 select distinct account_id from messages where uid = any(%(uids)s::uuid[]))))
             or (select true from attempts t where t.uid = m.uid and t.attempt = %(attempt)s) as may_leave
    from messages m
    where uid = any(%(uids)s::uuid[]) and state in ('scheduled', 'queued', 'processing', 'unknown')
      and uid not in (select uid from unwanted union all select uid from needless)
), claimed as (
    insert into attempts as a (uid, attempt, gateway_id, run_id)
    select uid, %(attempt)s, %(gateway)s, %(run)s from wanted where may_leave
    on conflict (uid, attempt) do update set run_id = a.run_id where a.run_id = excluded.run_id and a.outcome is null
    returning uid
)
select wanted.uid, case when claimed.uid is not null then 'claimed' when may_leave then 'taken' else 'withheld' end
from wanted left join claimed on claimed.uid = wanted.uid
"""


async def write_intents(
    pool: Pool, uids: Sequence[UUID], attempt: int, gateway_id: UUID, run_id: UUID, *, exempt: bool = False
) -> Intents:
    """Say in the record that these messages are about to leave, and that ``run_id`` sends them. Safe to repeat.

    ``exempt`` messages leave whatever their recipient said.
    """
    intent = {"uids": list(uids), "attempt": attempt, "gateway": gateway_id, "run": run_id, "exempt": exempt}
    async with pool.connection() as conn:
        found = await (await conn.execute(_INTEND, intent)).fetchall()
    return Intents(
        **{which: {uid for uid, what in found if what == which} for which in ("claimed", "taken", "withheld")}
    )


async def withdraw_intents(pool: Pool, uids: Sequence[UUID], attempt: int, run_id: UUID) -> set[UUID]:
    """Take back the intents of messages that ``run_id`` has not begun to send after all. Safe to repeat.

    Returns those that have an intent still: another run has judged them meanwhile.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """with withdrawn as (
                   delete from attempts
                   where uid = any(%(uids)s::uuid[]) and attempt = %(attempt)s and run_id = %(run)s and outcome is null
                   returning uid
               )
               select uid from attempts where uid = any(%(uids)s::uuid[]) and attempt = %(attempt)s
                   and uid not in (select uid from withdrawn)""",
            {"uids": list(uids), "attempt": attempt, "run": run_id},
        )
        return {uid for (uid,) in await cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class Earlier:
    """An intent of an earlier run."""

    outcome: str | None
    run_id: UUID
    has_process: bool
    """Whether the process of that run says that it lives."""


async def earlier_outcomes(pool: Pool, uids: Sequence[UUID], attempt: int) -> dict[UUID, Earlier]:
    """Of these messages, those whose intent an earlier run wrote."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"""select uid, outcome, run_id, outcome is null and {OF_LIVING_PROCESS}
                from attempts where uid = any(%s::uuid[]) and attempt = %s""",  # noqa: S608 - a constant of ours
            (list(uids), attempt),
        )
        return {uid: Earlier(*found) for uid, *found in await cursor.fetchall()}


# Counts the rows of `tries`. It stands before whatever moves messages, so that its row is locked last and only for as
# long as the commit takes: of statements that write, PostgreSQL runs the later ones first.
_COUNTED = """counted as (
    insert into gateway_minutes as g
        (gateway_id, minute, slot, accepted, refused, retry_later, gateway_down, unknown, accepted_at)
    select gateway_id, date_trunc('minute', clock_timestamp()), mod(pg_backend_pid(), 64),
           count(*) filter (where outcome = 'accepted'), count(*) filter (where outcome = 'refused'),
           count(*) filter (where outcome = 'retry_later'), count(*) filter (where outcome = 'gateway_down'),
           count(*) filter (where outcome = 'unknown'), max(clock_timestamp()) filter (where outcome = 'accepted')
    from tries group by gateway_id
    on conflict (gateway_id, minute, slot) do update set
        accepted = g.accepted + excluded.accepted, refused = g.refused + excluded.refused,
        retry_later = g.retry_later + excluded.retry_later, gateway_down = g.gateway_down + excluded.gateway_down,
        unknown = g.unknown + excluded.unknown, accepted_at = coalesce(excluded.accepted_at, g.accepted_at)
)"""

_FLUSH = f"""
with outcomes as (
    select * from unnest(%s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::boolean[], %s::text[], %s::text[])
        as o (uid, attempt, outcome, provider_id, receipts, code, reason)
), doubtful as (
    select count(*) as n from messages m join outcomes o using (uid) where m.state = 'unknown'
), tries as (
    update attempts a set outcome = o.outcome, provider_id = o.provider_id, code = o.code, reason = o.reason,
                          ended_at = clock_timestamp()
    from outcomes o where a.uid = o.uid and a.attempt = o.attempt
        and (a.outcome is null or (a.outcome = 'unknown' and o.outcome <> 'unknown'))
    returning a.uid, a.attempt, a.gateway_id, o.outcome, o.provider_id, o.receipts, o.code, o.reason
), findable as (
    insert into receipt_ids (gateway_id, provider_id, uid)
    select gateway_id, provider_id, uid from tries
        where outcome = 'accepted' and receipts and provider_id is not null
    on conflict do nothing
), {_COUNTED}, moved as (
    -- One try's no is the message's no only if no other try may have been taken, or still can be.
    update messages m set
        state = case when t.outcome = 'accepted' then 'sent'
                     when t.outcome = 'refused' and not exists (
                         select from attempts other where other.uid = t.uid and other.attempt <> t.attempt
                             and coalesce(other.outcome, 'unknown') = 'unknown') then 'rejected'
                     when t.outcome = 'unknown' or m.state = 'unknown' then 'unknown' else 'processing' end,
        gateway_id = t.gateway_id, provider_id = t.provider_id, receipts = t.receipts, code = t.code,
        reason = t.reason, updated_at = clock_timestamp()
    from tries t where m.uid = t.uid and m.state in ('scheduled', 'queued', 'processing', 'unknown')
    returning m.account_id, m.channel, m.recipient, m.state, m.code
), unwanted as (
    insert into suppressions (account_id, channel, recipient, reason)
    select account_id, channel, recipient, code from moved where state = 'rejected' and code = 'opted_out'
    on conflict do nothing
)
select n > 0 from doubtful
"""  # noqa: S608 - a constant of ours


async def flush_outcomes(pool: Pool, done: Sequence[Attempted]) -> bool:
    """Write outcomes into the record. A lost answer that turns up after all replaces ``unknown``; nothing else moves.

    Returns whether any of the messages was ``unknown``: its page may have been settled without it.
    """
    async with pool.connection() as conn:
        if no_marketing := [o.uid for o in done if o.code == MARKETING_OPTED_OUT]:
            await marketing.note_refused(conn, no_marketing)
        cursor = await conn.execute(
            _FLUSH,
            (
                [o.uid for o in done],
                [o.attempt for o in done],
                [o.outcome for o in done],
                [o.provider_id for o in done],
                [o.receipts for o in done],
                [o.code for o in done],
                [o.reason for o in done],
            ),
        )
        row = await cursor.fetchone()
        if told := {o.uid: o.recipient_id for o in done if o.recipient_id is not None}:
            await people.note_recipients(conn, told)
        return bool(row and row[0])


async def settle(pool: Pool, first: UUID, last: UUID) -> bool:
    """Capture or release the credits of the final messages from ``first`` to ``last``.

    Returns whether there is any customer who wants to be told of messages, so that nobody else pays for the question.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select settle_page(%s, %s), exists (select from callback_endpoints where enabled)", (first, last)
        )
        row = await cursor.fetchone()
        return bool(row and row[1])


_GIVE_VERDICTS = f"""
with verdicts as (
    select * from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) as v (uid, state, code, reason)
), tries as (
    update attempts a set outcome = 'unknown', reason = 'the dispatch was given up', ended_at = clock_timestamp()
    from verdicts v where a.uid = v.uid and a.outcome is null
    returning a.uid, a.gateway_id, a.outcome
), {_COUNTED}
update messages m set
    state = case when t.uid is null then v.state else 'unknown' end,
    code = case when t.uid is null then v.code else 'dispatch_given_up' end,
    reason = case when t.uid is null then v.reason else 'its worker died, and nobody can find out: ' || v.reason end,
    gateway_id = coalesce(t.gateway_id, m.gateway_id), updated_at = clock_timestamp()
from verdicts v left join tries t on t.uid = v.uid
where m.uid = v.uid and m.state in ('scheduled', 'queued', 'processing')
"""  # noqa: S608 - a constant of ours


async def give_verdicts(pool: Pool, verdicts: Sequence[Verdict]) -> None:
    """Record verdicts on messages that are not final yet.

    A message with an open intent may have left: whatever the verdict, it is ``unknown``. So is one that is cancelled
    after its dispatch died with its worker, before another dispatch found out.
    """
    async with pool.connection() as conn:
        await conn.execute(
            _GIVE_VERDICTS,
            (
                [v.uid for v in verdicts],
                [v.state for v in verdicts],
                [v.code for v in verdicts],
                [v.reason for v in verdicts],
            ),
        )


_GIVE_UP = f"""
with tries as (
    update attempts set outcome = 'unknown', reason = 'the dispatch was given up', ended_at = clock_timestamp()
    where uid = any(%(uids)s::uuid[]) and attempt = %(attempt)s and outcome is null
    returning uid, gateway_id, outcome
), {_COUNTED}
update messages m set
    state = case when t.uid is null then 'failed' else 'unknown' end,
    gateway_id = coalesce(t.gateway_id, m.gateway_id), code = 'dispatch_given_up',
    reason = 'no worker could finish the dispatch within its time', updated_at = clock_timestamp()
from unnest(%(uids)s::uuid[]) as u (uid) left join tries t on t.uid = u.uid
where m.uid = u.uid and m.state in ('scheduled', 'queued', 'processing')
"""  # noqa: S608 - a constant of ours


async def give_up(pool: Pool, uids: Sequence[UUID], attempt: int) -> None:
    """End what a dispatch left behind that Temporal gave up: ``unknown`` where an intent is open, else ``failed``."""
    async with pool.connection() as conn:
        await conn.execute(_GIVE_UP, {"uids": list(uids), "attempt": attempt})


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
