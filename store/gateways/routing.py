"""Reads and writes of choose_gateway: usable gateways, their health, their rate slots."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from uuid import UUID

from domain.messages.routing import Candidate, Guarded, Sender, sandbox_identifier
from store.pool import Pool

_FOR_EVER = 1e9
"""Seconds, as an interval that the database can hold."""
LONGEST_OPEN = timedelta(minutes=10)
"""Breakers stay open for 5 minutes at most. Later times were written before the clock was set back, and are
over; ``gateway_candidates`` and ``store/gateways/gateways.py`` have the same rule."""


_CANDIDATES = """
select p.id, coalesce(p.spares_transactional, false),
       c.status = 'suspended' and (a.cancels_waiting), c.*,
       (select g.id from gateway_pauses g where g.gateway_id = c.gateway_id),
       (select w.id from warm_ups w where w.gateway_id = c.gateway_id),
       (select g.type = any(%(at_home)s::text[]) from gateways g where g.id = c.gateway_id),
       a.guards_all, a.guards_marketing, a.guards_version
from gateway_candidates(%(accounts)s::bigint[], %(channel)s) c left join lateral (
    select p.id, p.spares_transactional from sending_pauses p
    where (p.account_id is null or p.account_id = c.account_id) and (p.channel is null or p.channel = %(channel)s)
    order by p.spares_transactional limit 1) p on true
left join lateral (select * from accounts where id = c.account_id limit 1) a on true
"""


async def candidates(
    pool: Pool, accounts: Collection[int], channel: str, at_home: Collection[str] = ()
) -> dict[int, Sender]:
    """Each account with the enabled gateways that it may use, in the order in which they are tried.

    Own gateways come before shared ones (an own one hides a shared one of the same name), then by priority. An account
    that does not exist has the status ``unknown``. ``at_home``: types of gateways that one process sends through.
    """
    found = {account_id: Sender("unknown", []) for account_id in accounts}
    async with pool.connection() as conn:
        asked = {"accounts": list(accounts), "channel": channel, "at_home": list(at_home)}
        cursor = await conn.execute(_CANDIDATES, asked)
        rows = await cursor.fetchall()
        for pause_id, spares, cancels_waiting, account_id, status, *candidate, of_all, of_marketing, version in rows:
            sender = found[account_id]
            if sender.status != status:
                sender = found[account_id] = Sender(
                    status,
                    [],
                    pause_id=pause_id,
                    cancels_waiting=cancels_waiting,
                    spares_transactional=spares,
                    guarded=Guarded(version, of_all, of_marketing) if of_all or of_marketing else None,
                )
            if candidate[0] is not None:
                sender.candidates.append(Candidate(*candidate))
    return found


_SANDBOX = """
select g.id, g.identifier, g.version, false, g.per_second, g.on_unknown, coalesce(b.failures, 0), b.open_until,
       coalesce(b.open_until between clock_timestamp() and clock_timestamp() + interval '10 minutes', false),
       g.mode <> 'active'
from gateways g left join gateway_breakers b on b.gateway_id = g.id
where g.account_id = 0 and g.channel = %(channel)s and g.identifier = %(identifier)s and g.type = 'sandbox'
      and g.enabled and g.deleted_at is null
"""


async def sandbox(pool: Pool, channel: str) -> list[Candidate]:
    """The install's own sandbox gateway of a channel, by which messages of test keys go: at most one."""
    async with pool.connection() as conn:
        cursor = await conn.execute(_SANDBOX, {"channel": channel, "identifier": sandbox_identifier(channel)})
        return [Candidate(*row) for row in await cursor.fetchall()]


async def is_current(pool: Pool, gateway_id: UUID, version: int) -> bool:
    """Whether the gateway is as it was in this version: enabled, and configured as then."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select from gateways where id = %s and version = %s and enabled", (gateway_id, version)
        )
        return cursor.rowcount == 1


async def paused(pool: Pool, gateway_ids: Collection[UUID]) -> dict[UUID, int]:
    """Which of these gateways are paused, each with the version it has now."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select id, version from gateways where id = any(%s) and mode = 'paused'", (list(gateway_ids),)
        )
        return dict(await cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Slots:
    """Rate slots that were taken."""

    at: float
    """When the first of them begins, in Unix seconds of the database's clock."""
    wait: float
    """Seconds until then; negative: it has just begun."""


# When the database's clock is set back, slots that were taken before are as far in the future: nothing would
# be sent until it has caught up. The clock was at least at `asked_at`, so the difference to that moves the slots back.
_FREE_AT = "s.free_at - greatest(s.asked_at - clock_timestamp(), interval '0')"

_RESERVE = f"""
insert into gateway_slots as s (gateway_id, free_at, asked_at)
    values (%(id)s, clock_timestamp() + %(span)s * interval '1 second', clock_timestamp())
on conflict (gateway_id) do update
    set free_at = greatest({_FREE_AT}, clock_timestamp() - interval '0.1 second') + %(span)s * interval '1 second',
        asked_at = clock_timestamp()
    where {_FREE_AT} <= clock_timestamp() + %(within)s * interval '1 second'
returning extract(epoch from free_at)::float8 - %(span)s, extract(epoch from clock_timestamp())::float8
"""  # noqa: S608 - a constant of ours

# Slots that are refused as too far ahead must be moved back as well, or they would stay so.
_MOVE_BACK = f"""
update gateway_slots s set free_at = {_FREE_AT}, asked_at = clock_timestamp()
where gateway_id = %(id)s and asked_at > clock_timestamp()
"""  # noqa: S608 - a constant of ours


async def reserve_slots(
    pool: Pool, gateway_id: UUID, count: int, per_second: float, within: float = inf
) -> Slots | None:
    """Take the gateway's next ``count`` rate slots (GCRA), unless the first begins in more than ``within`` seconds.

    Free slots may be taken up to 0.1 s late: a dispatch that sends in slices would lose some with every slice.
    """
    asked = {"id": gateway_id, "span": count / per_second, "within": min(within, _FOR_EVER)}
    async with pool.connection() as conn:
        row = await (await conn.execute(_RESERVE, asked)).fetchone()
        if row is None and (await conn.execute(_MOVE_BACK, asked)).rowcount:
            row = await (await conn.execute(_RESERVE, asked)).fetchone()
        return Slots(row[0], row[0] - row[1]) if row else None


async def return_slots(pool: Pool, gateway_id: UUID, end: float, count: int, per_second: float) -> None:
    """Give back rate slots that will not be used: the last ``count`` before ``end`` (Unix seconds).

    If later ones were taken they stay unused.
    """
    async with pool.connection() as conn:
        await conn.execute(
            """update gateway_slots set free_at = free_at - %(span)s * interval '1 second'
               where gateway_id = %(id)s and abs(extract(epoch from free_at)::float8 - %(end)s) < 0.00001""",
            {"id": gateway_id, "span": count / per_second, "end": end},
        )


async def record_down(
    pool: Pool, gateway_id: UUID, reason: str, failures: int, threshold: int, pause: float, *, probe: bool = False
) -> None:
    """Count failures of the gateway itself; at ``threshold`` its breaker opens, and it stays out of use.

    The pause is ``pause`` seconds and doubles with each failed probe, up to 5 minutes. Failures of sends in
    flight when the breaker opened do not count.
    """
    async with pool.connection() as conn:
        await conn.execute(
            """insert into gateway_breakers as b (gateway_id, failures, last_error, open_until)
                   select g.id, least(%(n)s, %(threshold)s), %(reason)s, case when %(n)s >= %(threshold)s
                          then clock_timestamp() + %(pause)s * interval '1 second' end
                   from gateways g where g.id = %(id)s
               on conflict (gateway_id) do update set
                   failures = case when b.open_until is null then least(b.failures + %(n)s, %(threshold)s)
                                   else b.failures + 1 end,
                   open_until = case when b.open_until is not null then clock_timestamp() + interval '1 second'
                                         * least(300, %(pause)s * power(2, least(10, b.failures + 1 - %(threshold)s)))
                                     when b.failures + %(n)s >= %(threshold)s
                                     then clock_timestamp() + %(pause)s * interval '1 second' end,
                   last_error = %(reason)s, changed_at = clock_timestamp()
                   where b.open_until is null or %(probe)s""",
            {
                "id": gateway_id,
                "n": failures,
                "reason": reason,
                "threshold": threshold,
                "pause": pause,
                "probe": probe,
            },
        )


async def take_probe(pool: Pool, gateway_id: UUID, seconds: float) -> bool:
    """Claim the right to probe a gateway whose pause is over; for ``seconds`` no other process gets it.

    Returns whether it was claimed.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """update gateway_breakers set open_until = clock_timestamp() + %s * interval '1 second'
               where gateway_id = %s and (open_until <= clock_timestamp() or open_until > clock_timestamp() + %s)""",
            (seconds, gateway_id, LONGEST_OPEN),
        )
        return cursor.rowcount == 1


async def record_up(pool: Pool, gateway_id: UUID) -> None:
    """The gateway works again: close its breaker."""
    async with pool.connection() as conn:
        await conn.execute("delete from gateway_breakers where gateway_id = %s", (gateway_id,))
