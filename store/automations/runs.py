"""Contacts on their way through automations: where they are, what they did, and who was not let in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

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
    reason: str | None = None
    to_end: str | None = None
    """Why it is to end, as soon as somebody looks."""
    error: dict[str, Any] | None = None
    converted_at: datetime | None = None
    """When it reached the goal of the automation."""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step that a run has behind it."""

    number: int
    step: str
    at: datetime
    outcome: dict[str, Any]


_COLUMNS = """id, automation_id, account_id, contact_id, version, entry_key, trigger, event, vars, entered_at, hops,
              state, step, taken, since, until, reason, to_end, error, converted_at, ended_at"""


async def get(store: Connections, run_id: UUID, *, lock: bool = False) -> Run | None:
    """A run."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(
            f"select {_COLUMNS} from automation_runs where id = %s {'for update' if lock else ''}",  # noqa: S608
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


async def look(store: Connections, run_id: UUID) -> Looked | None:
    """A run, locked until the transaction ends; ``None``: there is none."""
    columns = ", ".join(f"r.{name.strip()}" for name in _COLUMNS.split(","))
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"""select a.key, a.state, clock_timestamp(), a.moves_to,
                       (select max(v.revision) from automation_versions v
                        where v.automation_id = r.automation_id and v.version = r.version), {columns}
                from automation_runs r join automations a on a.id = r.automation_id
                where r.id = %s for update of r""",  # noqa: S608 - a constant of ours
            (run_id,),
        )
        row = await cursor.fetchone()
    if row is None:
        return None
    key, state, now, moves_to, revision, *values = row
    return Looked(Run(*values), key, state, revision, now, moves_to)


async def page(
    store: Connections, automation_id: UUID, state: str | None, before: UUID | None, limit: int
) -> Sequence[Run]:
    """Runs of an automation, the newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from automation_runs
                where automation_id = %(of)s and (%(before)s::uuid is null or id < %(before)s)
                  and (%(state)s::text is null or state = %(state)s)
                order by id desc limit %(limit)s""",  # noqa: S608 - a constant of ours
            {"of": automation_id, "state": state, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def add(store: Connections, run: Run) -> None:
    """Begin a run."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_runs (id, automation_id, account_id, contact_id, version, entry_key, trigger,
                                            event, vars, entered_at, hops)
               values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            (
                *(run.id, run.automation_id, run.account_id, run.contact_id, run.version, run.entry_key),
                *(run.trigger, Jsonb(run.event), Jsonb(run.vars), run.entered_at, run.hops),
            ),
        )


async def write(store: Connections, run: Run, awaits: Sequence[str]) -> None:
    """Write where a run is. ``awaits``: events that it is to be woken for."""
    async with store.connection() as conn:
        await conn.execute(
            """update automation_runs set version = %s, vars = %s, state = %s, step = %s, taken = %s, since = %s,
                   until = %s, awaits = %s, reason = %s, error = %s, converted_at = %s, ended_at = %s where id = %s""",
            (
                *(run.version, Jsonb(run.vars), run.state, run.step, run.taken, run.since),
                *(run.until, list(awaits), run.reason, Jsonb(run.error) if run.error else None, run.converted_at),
                *(run.ended_at, run.id),
            ),
        )


async def note_step(store: Connections, run_id: UUID, taken: StepTaken) -> None:
    """Note a step that was taken."""
    async with store.connection() as conn:
        await conn.execute(
            "insert into automation_steps (run_id, number, step, at, outcome) values (%s, %s, %s, %s, %s)",
            (run_id, taken.number, taken.step, taken.at, Jsonb(taken.outcome)),
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


async def last_at(store: Connections, run_id: UUID, step_ids: Sequence[str]) -> datetime | None:
    """When a run took one of these steps last."""
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                "select max(at) from automation_steps where run_id = %s and step = any(%s)", (run_id, list(step_ids))
            )
        ).fetchone()
    return row[0] if row else None


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
