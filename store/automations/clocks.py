"""When automations look for contacts by themselves, and whom they find."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.errors import QueryCanceled
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.audience.conditions.tree import Condition
from domain.errors import UnavailableError
from store import clock
from store.audience.segments.matching import condition_sql, planning_for_many
from store.audience.segments.operands import TIME_COLUMNS
from store.audience.segments.zones import known_zones
from store.automations.queue import MOST_TRIES, Noted
from store.pool import Connections, Pool, long_transaction

SECONDS = 30.0
"""How long finding a page of contacts may take."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A trigger that looks for contacts at its times."""

    automation_id: UUID
    place: int
    """The trigger's, in the definition."""
    account_id: int
    next_at: datetime
    done_until: datetime
    """What was due up to then has been looked for."""
    round_at: datetime | None = None
    """Up to when it looks now; ``None``: it does not."""
    after: UUID | None = None
    """The last contact that it has looked at in this round."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A contact with a date, and what decides where it is."""

    id: UUID
    value: str
    time_zone: str | None
    number: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """A contact that is to enter."""

    contact_id: UUID
    source: UUID
    data: dict[str, Any]


_COLUMNS: LiteralString = "automation_id, place, account_id, next_at, done_until, round_at, after"


async def replace(
    store: Connections, automation_id: UUID, account_id: int, wanted: Sequence[tuple[int, str, datetime]], now: datetime
) -> None:
    """Have an automation look at these times: by place the rule, and when it looks first. Rules that stay go on."""
    places = [place for place, _, _ in wanted]
    async with store.connection() as conn:
        await conn.execute(
            "delete from automation_clocks where automation_id = %s and not place = any(%s::smallint[])",
            (automation_id, places),
        )
        await conn.execute(
            """insert into automation_clocks as c (automation_id, place, account_id, rule, next_at, done_until)
               select %s, w.place, %s, w.rule, w.next_at, %s
               from unnest(%s::smallint[], %s::text[], %s::timestamptz[]) as w (place, rule, next_at)
               on conflict (automation_id, place) do update set rule = excluded.rule, next_at = excluded.next_at,
                   done_until = excluded.done_until, round_at = null, after = null where c.rule <> excluded.rule""",
            (automation_id, account_id, now, places, [rule for _, rule, _ in wanted], [at for _, _, at in wanted]),
        )


async def stop(store: Connections, automation_id: UUID) -> None:
    """Have an automation look for nobody that is not active: it was paused because its runs fail."""
    async with store.connection() as conn:
        await conn.execute(
            """with stopped as materialized (
                   select id from automations where id = %s and state <> 'active' for update
               ) delete from automation_clocks where automation_id in (select id from stopped)""",
            (automation_id,),
        )


async def due(store: Connections, limit: int) -> tuple[datetime, Sequence[Clock]]:
    """The time by the database's clock, and the clocks that are to look, or are ahead of it, as it was wrong.

    Those of accounts that have ``limit`` events waiting to be looked at are not among them: they go on later.
    """
    at = await clock.now(store)
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Clock)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from automation_clocks c
                where (next_at <= %(now)s or done_until > %(now)s + interval '1 minute')
                  and (select count(*) from (select from automation_events e where e.account_id = c.account_id
                       and e.tries < %(tries)s limit %(limit)s) as waiting) < %(limit)s
                order by next_at limit 500""",  # noqa: S608 - a constant of ours
            {"now": at, "limit": limit, "tries": MOST_TRIES},
        )
        return at, await cursor.fetchall()


async def page(store: Connections, after: tuple[datetime, UUID, int] | None, limit: int) -> Sequence[Clock]:
    """Those of all accounts after one, by when they look next. ``None``: from the first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Clock)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from automation_clocks
                where %(first)s or (next_at, automation_id, place) > (%(at)s, %(automation)s, %(place)s)
                order by next_at, automation_id, place limit %(limit)s""",  # noqa: S608 - a constant of ours
            dict(zip(("at", "automation", "place"), after or (None, None, None), strict=True))
            | {"first": after is None, "limit": limit},
        )
        return await cursor.fetchall()


async def move(store: Connections, before: Clock, after: Clock) -> bool:
    """Write where a clock is. Returns whether it was where we took it to be: nobody else has moved it."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update automation_clocks set next_at = %s, done_until = %s, round_at = %s, after = %s
               where automation_id = %s and place = %s and next_at = %s and done_until = %s
                 and round_at is not distinct from %s and after is not distinct from %s""",
            (
                *(after.next_at, after.done_until, after.round_at, after.after),
                *(before.automation_id, before.place, before.next_at, before.done_until, before.round_at, before.after),
            ),
        )
        return cursor.rowcount == 1


async def put(store: Connections, account_id: int, name: str, found: Sequence[Found]) -> None:
    """Have these contacts be looked at, as events of this name."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_events (account_id, source, contact_id, name, at, data)
               select %s, f.source, f.contact_id, %s, clock_timestamp(), f.data
               from unnest(%s::uuid[], %s::uuid[], %s::jsonb[]) as f (source, contact_id, data)
               on conflict do nothing""",
            (
                *(account_id, name, [one.source for one in found], [one.contact_id for one in found]),
                [Jsonb(one.data) for one in found],
            ),
        )


async def have_come(store: Connections, looked_for: Sequence[Noted]) -> set[UUID]:
    """The sources of those who have a run already that began by the same."""
    if not looked_for:
        return set()
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select l.source from unnest(%s::uuid[], %s::uuid[], %s::jsonb[]) as l (source, contact_id, data)
               where exists (
                   select from automation_runs r where r.automation_id = (l.data ->> 'automation')::uuid
                     and r.contact_id = l.contact_id and r.trigger = l.data ->> 'trigger'
                     and r.event = l.data -> 'event')""",
            (
                *([one.source for one in looked_for], [one.contact_id for one in looked_for]),
                [Jsonb(dict(one.data)) for one in looked_for],
            ),
        )
        return {source for (source,) in await cursor.fetchall()}


async def dated(
    pool: Pool, account_id: int, field: str, days: Sequence[str], after: UUID | None, limit: int
) -> tuple[Sequence[Dated], tuple[str, ...]]:
    """Contacts after one of them whose field begins with one of these days, or, where these have no year, goes on so.

    Also returns the time zones that the database knows, and Python too.
    """
    value: LiteralString = "c.fields ->> %(field)s"
    for column in sorted(TIME_COLUMNS):
        if field == column:
            value = f"""to_char(c.{column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    part: LiteralString = "left(v.value, 10)" if len(days[0]) == len("2026-11-28") else "substr(v.value, 6, 5)"
    async with (
        long_transaction(pool, SECONDS) as conn,
        conn.cursor(row_factory=class_row(Dated)) as cursor,
    ):
        for setting in (
            "enable_seqscan",
            "enable_bitmapscan",
            "jit",
        ):  # so that a page is read until it is full
            await conn.execute("select set_config(%s, 'off', true)", (setting,))
        await cursor.execute(
            f"""select c.id, v.value, c.time_zone, coalesce(c.phone, c.whatsapp) as number
                from contacts c cross join lateral (select {value} as value) as v
                where c.account_id = %(account)s and {part} = any(%(days)s)
                  and (%(after)s::uuid is null or c.id > %(after)s)
                order by c.id limit %(limit)s""",  # noqa: S608 - constants of ours
            {"account": account_id, "field": field, "days": list(days), "after": after, "limit": limit},
        )
        return await cursor.fetchall(), await known_zones(conn)


@dataclass(frozen=True, slots=True)
class Whom:
    """Contacts that a schedule brings: those who meet a condition and are not shut out by runs that they have."""

    automation_id: UUID
    account_id: int
    condition: Condition
    runs: str | None
    """``open``: whoever has a run that goes on is not asked; ``any``: nor is who had one; ``None``: all are."""


_OF_RUNS: dict[str | None, LiteralString] = {
    None: "",
    "open": "and not exists (select from automation_runs r where r.automation_id = %(automation)s"
    " and r.contact_id = c.id and r.ended_at is null)",
    "any": "and not exists (select from automation_runs r where r.automation_id = %(automation)s"
    " and r.contact_id = c.id)",
}


async def audience(pool: Pool, whom: Whom, now: datetime, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Contacts whom a schedule brings, by their ids, after one of them.

    Raises:
        UnavailableError: finding them takes too long.
    """
    try:
        async with long_transaction(pool, SECONDS) as conn:
            await planning_for_many(conn)
            where, parameters = await condition_sql(conn, whom.account_id, whom.condition, now)
            cursor = await conn.execute(
                f"""select c.id from contacts c where {where} {_OF_RUNS[whom.runs]}
                    and (%(after)s::uuid is null or c.id > %(after)s) order by c.id limit %(limit)s""",  # noqa: S608
                {**parameters, "automation": whom.automation_id, "after": after, "limit": limit},
            )
            return [contact_id for (contact_id,) in await cursor.fetchall()]
    except QueryCanceled as error:
        raise UnavailableError("segment_too_slow", "this audience takes too long to find") from error


async def count(store: Connections, account_id: int, condition: Condition, now: datetime) -> int | None:
    """How many contacts meet a condition, also in a transaction that has begun; ``None``: counting takes too long."""
    try:
        async with store.connection() as conn, conn.transaction(force_rollback=True):  # with its settings
            with conn.answering_within(SECONDS + 1):
                settings = {"statement_timeout": f"{SECONDS}s", "enable_hashjoin": "on", "enable_seqscan": "on"}
                for name, value in settings.items():
                    await conn.execute("select set_config(%s, %s, true)", (name, value))
                await planning_for_many(conn)
                where, parameters = await condition_sql(conn, account_id, condition, now)
                cursor = await conn.execute(f"select count(*) from contacts c where {where}", parameters)  # noqa: S608
                row = await cursor.fetchone()
    except QueryCanceled:
        return None
    assert row is not None
    found: int = row[0]
    return found
