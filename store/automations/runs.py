"""Contacts on their way through automations: where they are, what they did, and who was not let in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import orjson
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.pool import Connections, Pool, long_transaction

KEPT_DAYS = 400
"""How long runs are kept that have ended."""
_AT_A_TIME = 1_000


@dataclass(frozen=True, slots=True)
class Run:
    """A contact in an automation."""

    id: UUID
    automation_id: UUID
    account_id: int
    contact_id: UUID
    version: int
    entry_key: str
    trigger: str
    event: dict[str, Any]
    vars: dict[str, Any]
    entered_at: datetime
    hops: int = 0
    """How many automations have started each other to come here."""
    state: str = "running"
    step: str | None = None
    """Where it is; ``None``: it has not begun."""
    taken: int = 0
    """Steps so far."""
    since: datetime | None = None
    until: datetime | None = None
    """When it goes on at the latest."""
    held_until: datetime | None = None
    """The same of a run whose automation is paused: it waits for that to be resumed."""
    timer_at: datetime | None = None
    """When its workflow looks at it by itself; ``None``: nobody noted that it was started."""
    reason: str | None = None
    to_end: str | None = None
    """Why it is to end, as soon as somebody looks."""
    error: dict[str, Any] | None = None
    converted_at: datetime | None = None
    """When it reached the goal of the automation."""
    ended_at: datetime | None = None
    tries: int = 0
    """Of its step that failed."""
    again_at: datetime | None = None
    """When that is tried again."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    """To calls, by step."""


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step that a run has behind it."""

    number: int
    step: str
    at: datetime
    outcome: dict[str, Any]


COLUMNS: LiteralString = """id, automation_id, account_id, contact_id, version, entry_key, trigger, event, vars,
    entered_at, hops, state, step, taken, since, until, held_until, timer_at, reason, to_end, error, converted_at,
    ended_at, tries, again_at, answers"""
_WRITTEN = (
    *("id", "version", "vars", "state", "step", "taken", "since", "until", "held_until", "timer_at"),
    *("reason", "error", "converted_at", "ended_at", "tries", "again_at", "answers"),
)
"""What steps change of a run; ``to_end`` is others' to say."""
_BEGUN = (
    *("id", "automation_id", "account_id", "contact_id", "version", "entry_key", "trigger", "event", "vars"),
    *("entered_at", "hops"),
)


async def get(store: Connections, run_id: UUID, *, lock: bool = False) -> Run | None:
    """A run."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(
            f"select {COLUMNS} from automation_runs where id = %s {'for update' if lock else ''}",  # noqa: S608
            (run_id,),
        )
        return await cursor.fetchone()


@dataclass(frozen=True, slots=True)
class Looked:
    """A run that is about to take a step, and what decides about it."""

    run: Run
    key: str
    """The automation's."""
    state: str
    """The automation's."""
    revision: int
    """The newest of the run's version."""
    now: datetime
    """By the database's clock."""
    moves_to: int | None = None
    """The newest version that runs of older ones move to."""


_LOOK: LiteralString = f"""
select a.key, a.state, clock_timestamp(), a.moves_to,
       (select max(v.revision) from automation_versions v
        where v.automation_id = r.automation_id and v.version = r.version),
       {", ".join(f"r.{name.strip()}" for name in COLUMNS.split(","))}
from automation_runs r join automations a on a.id = r.automation_id
"""  # noqa: S608 - a constant of ours


async def look(store: Connections, run_ids: Sequence[UUID]) -> Sequence[Looked]:
    """These runs, locked until the transaction ends."""
    return await _look(store, "where r.id = any(%s) order by r.id for update of r", list(run_ids))


async def wait_briefly(store: Connections) -> None:
    """Have statements of the transaction wait no longer for what others have locked: many runs wait with it."""
    async with store.connection() as conn:
        await conn.execute("set local lock_timeout = '500ms'")


async def look_at_due(store: Connections, limit: int) -> Sequence[Looked]:
    """Runs whose time has come and that nobody has locked, those that waited longest first. They are locked until the
    transaction ends."""
    return await _look(
        store,
        """where r.ended_at is null and r.until <= (select clock_timestamp()) order by r.until limit %s
           for update of r skip locked""",
        limit,
    )


async def _look(store: Connections, which: LiteralString, value: object) -> Sequence[Looked]:
    async with store.connection() as conn:
        cursor = await conn.execute(_LOOK + which, (value,))
        return [
            Looked(Run(*values), key, state, revision, now, moves_to)
            for key, state, now, moves_to, revision, *values in await cursor.fetchall()
        ]


async def ended_without_goal(store: Connections, happened: Sequence[tuple[int, UUID, str]]) -> Sequence[UUID]:
    """Runs that have ended, of automations whose goal is such an event: events with their accounts and contacts."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select distinct r.id
               from unnest(%s::bigint[], %s::uuid[], %s::text[]) as e (account_id, contact_id, name)
               join automations a on a.account_id = e.account_id and a.goal = e.name
               join automation_runs r on r.automation_id = a.id and r.contact_id = e.contact_id
               where r.ended_at is not null and r.converted_at is null""",
            tuple([one[place] for one in happened] for place in range(3)),
        )
        return [run_id for (run_id,) in await cursor.fetchall()]


async def add(store: Connections, begun: Sequence[Run]) -> None:
    """Begin runs: they are due at once."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_runs (id, automation_id, account_id, contact_id, version, entry_key, trigger,
                                            event, vars, entered_at, hops, until)
               select id, automation_id, account_id, contact_id, version, entry_key, trigger, event, vars, entered_at,
                      hops, clock_timestamp()
               from json_to_recordset(%s::json) as b (
                   id uuid, automation_id uuid, account_id bigint, contact_id uuid, version integer, entry_key text,
                   trigger text, event jsonb, vars jsonb, entered_at timestamptz, hops integer)""",
            (_json(begun, _BEGUN),),
        )


async def write(store: Connections, written: Sequence[tuple[Run, Sequence[str]]]) -> None:
    """Write where runs are, each with the events that it is to be woken for."""
    async with store.connection() as conn:
        await conn.execute(
            """update automation_runs r set version = w.version, vars = w.vars, state = w.state, step = w.step,
                   taken = w.taken, since = w.since, until = w.until, held_until = w.held_until, timer_at = w.timer_at,
                   awaits = w.awaits, reason = w.reason, error = w.error,
                   converted_at = w.converted_at, ended_at = w.ended_at, tries = w.tries, again_at = w.again_at,
                   answers = w.answers
               from json_to_recordset(%s::json) as w (
                   id uuid, version integer, vars jsonb, state text, step text, taken integer, since timestamptz,
                   until timestamptz, held_until timestamptz, timer_at timestamptz, awaits text[], reason text,
                   error jsonb, converted_at timestamptz, ended_at timestamptz, tries integer,
                   again_at timestamptz, answers jsonb)
               where r.id = w.id""",
            (_json([run for run, _ in written], _WRITTEN, [{"awaits": list(awaits)} for _, awaits in written]),),
        )


def _json(written: Sequence[Run], names: Sequence[str], more: Sequence[Mapping[str, Any]] = ()) -> str:
    rows = [{name: getattr(run, name) for name in names} for run in written]
    for row, added in zip(rows, more, strict=bool(more)):
        row |= added
    return orjson.dumps(rows).decode()


async def note_steps(store: Connections, taken: Sequence[tuple[UUID, StepTaken]]) -> None:
    """Note steps that runs have taken."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_steps (run_id, number, step, at, outcome)
               select run_id, number, step, at, outcome
               from unnest(%s::uuid[], %s::integer[], %s::text[], %s::timestamptz[], %s::jsonb[])
                    as t (run_id, number, step, at, outcome)""",
            (
                *([run_id for run_id, _ in taken], [one.number for _, one in taken], [one.step for _, one in taken]),
                *([one.at for _, one in taken], [Jsonb(one.outcome) for _, one in taken]),
            ),
        )


async def steps(store: Connections, run_id: UUID, after: int = 0, limit: int = 1000) -> Sequence[StepTaken]:
    """The steps that a run has behind it, in their order."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(StepTaken)) as cursor:
        await cursor.execute(
            """select number, step, at, outcome from automation_steps where run_id = %s and number > %s
               order by number limit %s""",
            (run_id, after, limit),
        )
        return await cursor.fetchall()


async def taken_at(store: Connections, run_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, datetime]]:
    """When runs took each of their steps last."""
    found: dict[UUID, dict[str, datetime]] = {run_id: {} for run_id in run_ids}
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select run_id, step, max(at) from automation_steps where run_id = any(%s) group by 1, 2", (list(run_ids),)
        )
        for run_id, step, at in await cursor.fetchall():
            found[run_id][step] = at
    return found


async def inside(store: Connections, automation_id: UUID) -> Mapping[int, Mapping[str, int]]:
    """How many runs are at each step, by version."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select version, coalesce(step, ''), count(*)::integer from automation_runs
               where automation_id = %s and ended_at is null group by 1, 2""",
            (automation_id,),
        )
        found: dict[int, dict[str, int]] = {}
        for version, step, number in await cursor.fetchall():
            found.setdefault(version, {})[step] = number
        return found


async def open_runs(store: Connections, automation_id: UUID, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Runs of an automation that have not ended, in the order of their ids."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from automation_runs
               where automation_id = %(of)s and ended_at is null and (%(after)s::uuid is null or id > %(after)s)
               order by id limit %(limit)s""",
            {"of": automation_id, "after": after, "limit": limit},
        )
        return [run_id for (run_id,) in await cursor.fetchall()]


async def move(store: Connections, account_id: int, contact_id: UUID, to: UUID) -> None:
    """Have the runs of a contact be those of another one, unless that is in the same automation already."""
    async with store.connection() as conn:
        await conn.execute(
            """update automation_runs r set contact_id = %(to)s
               where r.account_id = %(account)s and r.contact_id = %(contact)s and not exists (
                   select from automation_runs o where o.automation_id = r.automation_id
                     and o.contact_id = %(to)s and o.entry_key = r.entry_key and o.ended_at is null)""",
            {"account": account_id, "contact": contact_id, "to": to},
        )


async def delete_old(pool: Pool) -> None:
    """Delete runs that ended long ago, and who came then."""
    for table, at in (("automation_runs", "ended_at"), ("automation_entries", "at")):
        deleted = _AT_A_TIME
        while deleted == _AT_A_TIME:
            async with long_transaction(pool) as conn:
                cursor = await conn.execute(
                    f"""delete from {table} where ctid = any(array(
                            select ctid from {table} where {at} < clock_timestamp() - %s * interval '1 day'
                            limit {_AT_A_TIME}))""",  # noqa: S608 - constants of ours
                    (KEPT_DAYS,),
                )
                deleted = cursor.rowcount
