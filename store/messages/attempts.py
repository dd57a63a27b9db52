"""Attempts at messages: the intent before a message is sent, and its outcome. Every function is one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.messages.receipts import MARKETING_OPTED_OUT
from store.audience import marketing, people
from store.pool import Connections, Pool
from store.schema.partitions import among
from store.whatsapp import forms
from store.whatsapp.forms import SentForm
from store.workers import PROCESS_IS_ALIVE


@dataclass(frozen=True, slots=True)
class Attempted:
    """The outcome of one attempt, to be written."""

    uid: UUID
    attempt: int
    outcome: str
    provider_id: str | None = None
    receipts: bool = False
    code: str | None = None
    reason: str | None = None
    recipient_id: str | None = None
    """The provider's id of the recipient, if it returned one."""
    form: SentForm | None = None
    """What was sent, where there was a choice."""


@dataclass(frozen=True, slots=True)
class Intents:
    """The result of writing intents; messages in no set have ended."""

    claimed: set[UUID]
    taken: set[UUID]
    """Another run has an intent for them, or had one a moment ago."""
    withheld: set[UUID]
    """Unclaimed, because their account is not active, or its sending is paused."""


# Only of messages that may have a purpose: others pay nothing for this.
_WITHOUT_CONSENT = """), no_consent as (
    update messages m set state = 'cancelled', code = refused.code, updated_at = clock_timestamp(),
                          reason = 'the recipient does not want messages of this purpose'
    from (select of.uid, case when (select a.asks_consent from accounts a where a.id = of.account_id)
                              then consent_code(of.account_id, of.channel, of.recipient, of.purpose) end as code
          from messages of
          where of.uid = any(%(uids)s::uuid[]) and of.uid between %(first)s and %(last)s and of.purpose is not null
          offset 0) as refused
    where refused.code is not null and m.uid = refused.uid and m.uid between %(first)s and %(last)s
      and m.state in ('scheduled', 'queued', 'processing') and not %(exempt)s
      and m.uid not in (select uid from opted_out)
    returning m.uid
"""

_INTEND = """
with opted_out as (
    -- Credits may be held long before a message is sent: recipients may have opted out since.
    update messages m set state = 'cancelled', code = 'opted_out', updated_at = clock_timestamp(),
                          reason = 'the recipient wants no more messages'
    from suppressions s
    where m.uid = any(%(uids)s::uuid[]) and m.uid between %(first)s and %(last)s
      and m.state in ('scheduled', 'queued', 'processing') and not %(exempt)s
      and s.account_id = m.account_id and s.channel = m.channel
      and recipient_key(s.channel, s.recipient) = recipient_key(m.channel, m.recipient)
      and (s.until is null or s.until > clock_timestamp())
    returning m.uid
{consent}), superseded as (
    update messages m set state = 'cancelled', code = 'needless', updated_at = clock_timestamp(),
                          reason = 'the message that it was to take the place of has arrived'
    from messages first
    where m.uid = any(%(uids)s::uuid[]) and m.uid between %(first)s and %(last)s
      and m.state in ('scheduled', 'queued', 'processing')
      and first.fallback_uid between %(first)s and %(last)s and first.fallback_uid = m.uid
      and is_needless(first.unless, first.state)
    returning m.uid
), wanted as (
    -- Messages claimed before their account was suspended, or sending paused, stay claimed, also when the claim is
    -- repeated.
    select uid, account_id in (select active_accounts(array(
                 select distinct account_id from messages
                 where uid = any(%(uids)s::uuid[]) and uid between %(first)s and %(last)s)))
             and not exists (select from sending_pauses p where (p.account_id is null or p.account_id = m.account_id)
                             and (p.channel is null or p.channel = m.channel)
                             and (m.purpose is not null or not p.spares_transactional)){held}
             and (%(judged)s or m.test or not exists (
                 select from accounts a where a.id = m.account_id and (a.guards_all{guarded})))
             or (select true from attempts t where t.uid = m.uid and t.attempt = %(attempt)s) as may_refuse
    from messages m
    where uid = any(%(uids)s::uuid[]) and uid between %(first)s and %(last)s
      and state in ('scheduled', 'queued', 'processing', 'unknown')
      and uid not in (select uid from opted_out union all select uid from superseded{refused})
), claimed as (
    insert into attempts as a (uid, attempt, gateway_id, run_id)
    select uid, %(attempt)s, %(gateway)s, %(run)s from wanted where may_refuse
    on conflict (uid, attempt) do update set run_id = a.run_id where a.run_id = excluded.run_id and a.outcome is null
    returning uid
)
select uid, case when uid in (select uid from claimed) then 'claimed' when may_refuse then 'taken' else 'withheld' end
from wanted
"""
# The reputation guard holds only what is not transactional.
_HELD = """
             and (m.purpose is null or not exists (select from gateway_pauses g where g.gateway_id = %(gateway)s))"""
_INTEND_TRANSACTIONAL = _INTEND.format(consent="", refused="", held="", guarded="")
_INTEND_ANY = _INTEND.format(
    consent=_WITHOUT_CONSENT,
    refused=" union all select uid from no_consent",
    held=_HELD,
    guarded=" or a.guards_marketing and m.purpose is not null",
)


async def write_intents(
    pool: Pool,
    uids: Sequence[UUID],
    attempt: int,
    gateway_id: UUID,
    run_id: UUID,
    *,
    exempt: bool = False,
    transactional: bool = False,
    judged: bool = False,
) -> Intents:
    """Record that ``run_id`` is about to send these messages. Idempotent.

    ``exempt`` messages are sent despite opt-outs. ``transactional``: all of them are, so no consent is asked.
    ``judged``: the guards of their accounts let them pass; if not, those of accounts with guards are withheld.
    """
    intent = {
        **among(uids),
        **{"attempt": attempt, "gateway": gateway_id, "run": run_id, "exempt": exempt, "judged": judged},
    }
    statement = _INTEND_TRANSACTIONAL if transactional else _INTEND_ANY
    async with pool.connection() as conn:
        found = await (await conn.execute(statement, intent)).fetchall()
    return Intents(
        **{which: {uid for uid, what in found if what == which} for which in ("claimed", "taken", "withheld")}
    )


async def withdraw_intents(pool: Pool, uids: Sequence[UUID], attempt: int, run_id: UUID) -> set[UUID]:
    """Take back the intents of messages that ``run_id`` has not sent. Idempotent.

    Returns those that still have an intent: another run has settled them in the meantime.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """with withdrawn as (
                   delete from attempts
                   where uid = any(%(uids)s::uuid[]) and uid between %(first)s and %(last)s
                     and attempt = %(attempt)s and run_id = %(run)s and outcome is null
                   returning uid
               )
               select uid from attempts where uid = any(%(uids)s::uuid[]) and uid between %(first)s and %(last)s
                   and attempt = %(attempt)s
                   and uid not in (select uid from withdrawn)""",
            {**among(uids), "attempt": attempt, "run": run_id},
        )
        return {uid for (uid,) in await cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class Earlier:
    """An intent of an earlier run."""

    outcome: str | None
    run_id: UUID
    has_process: bool
    """Whether the process of that run is alive."""


async def earlier_outcomes(pool: Pool, uids: Sequence[UUID], attempt: int) -> dict[UUID, Earlier]:
    """Which of these messages have an intent of an earlier run."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"""select uid, outcome, run_id, outcome is null and {PROCESS_IS_ALIVE}
                from attempts where uid = any(%(uids)s::uuid[]) and uid between %(first)s and %(last)s
                    and attempt = %(attempt)s""",  # noqa: S608 - a constant of ours
            {**among(uids), "attempt": attempt},
        )
        return {uid: Earlier(*found) for uid, *found in await cursor.fetchall()}


# Counts the rows of `tries`. It precedes the updates of messages, so that its row is locked last and only for as
# long as the commit takes: of statements that write, PostgreSQL runs the later ones first.
COUNTED = """counted as (
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
    select * from unnest(%(uids)s::uuid[], %(attempts)s::smallint[], %(outcomes)s::text[], %(provider_ids)s::text[],
                         %(receipts)s::boolean[], %(codes)s::text[], %(reasons)s::text[])
        as o (uid, attempt, outcome, provider_id, receipts, code, reason)
), was_unknown as (
    select count(*) as n from messages m join outcomes o using (uid)
    where m.uid between %(first)s and %(last)s and m.state = 'unknown'
), tries as (
    update attempts a set outcome = o.outcome, provider_id = o.provider_id, code = o.code, reason = o.reason,
                          ended_at = clock_timestamp()
    from outcomes o where a.uid = o.uid and a.uid between %(first)s and %(last)s and a.attempt = o.attempt
        and (a.outcome is null or (a.outcome = 'unknown' and o.outcome <> 'unknown'))
    returning a.uid, a.attempt, a.gateway_id, o.outcome, o.provider_id, o.receipts, o.code, o.reason
), findable as (
    insert into receipt_ids (gateway_id, provider_id, uid)
    select gateway_id, provider_id, uid from tries
        where outcome = 'accepted' and receipts and provider_id is not null
    on conflict do nothing
), {COUNTED}, moved as (
    -- One refused attempt fails the message only if no other attempt was or can still be accepted.
    update messages m set
        state = case when t.outcome = 'accepted' then 'sent'
                     when t.outcome = 'refused' and not exists (
                         select from attempts other where other.uid = t.uid and other.uid between %(first)s and %(last)s
                             and other.attempt <> t.attempt
                             and coalesce(other.outcome, 'unknown') = 'unknown') then 'rejected'
                     when t.outcome = 'unknown' or m.state = 'unknown' then 'unknown' else 'processing' end,
        gateway_id = t.gateway_id, provider_id = t.provider_id, receipts = t.receipts, code = t.code,
        reason = t.reason, updated_at = clock_timestamp()
    from tries t where m.uid = t.uid and m.uid between %(first)s and %(last)s
        and m.state in ('scheduled', 'queued', 'processing', 'unknown')
    returning m.uid, m.account_id, m.channel, m.recipient, m.state, m.code
), opted_out as (
    insert into suppressions (account_id, channel, recipient, reason, uid)
    select account_id, channel, recipient, code, uid from moved where state = 'rejected' and code = 'opted_out'
    on conflict do nothing
), noted as (
    select note_sent(array_agg(account_id), array_agg(uid), array_agg(channel), array_agg(recipient)) as contacts
    from moved where state = 'sent'
)
select n > 0, (select contacts from noted) from was_unknown
"""  # noqa: S608 - a constant of ours


async def flush_outcomes(pool: Connections, done: Sequence[Attempted]) -> bool:
    """Write outcomes. A lost answer that arrives later replaces ``unknown``; other states do not change.

    Returns whether any of the messages was ``unknown``: its page may have been settled without it.
    """
    async with pool.connection() as conn:
        if no_marketing := [o.uid for o in done if o.code == MARKETING_OPTED_OUT]:
            await marketing.note_refused(conn, no_marketing)
        if chosen := [o.form for o in done if o.form is not None]:
            await forms.note(conn, chosen)
        cursor = await conn.execute(
            _FLUSH,
            {
                **among([o.uid for o in done]),
                "attempts": [o.attempt for o in done],
                "outcomes": [o.outcome for o in done],
                "provider_ids": [o.provider_id for o in done],
                "receipts": [o.receipts for o in done],
                "codes": [o.code for o in done],
                "reasons": [o.reason for o in done],
            },
        )
        row = await cursor.fetchone()
        if ids := {o.uid: o.recipient_id for o in done if o.recipient_id is not None}:
            await people.note_recipients(conn, ids)
        return bool(row and row[0])
