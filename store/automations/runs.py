"""Contacts on their way through automations: where they are, what they did, and who was not let in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.automations.entries import EarlierRun
from domain.errors import ConflictError
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


@dataclass(frozen=True, slots=True)
class EntryNoted:
    """Somebody who was let in, or was not."""

    id: UUID
    contact_id: UUID | None
    trigger: str
    entry_key: str
    outcome: str
    run_id: UUID | None
    at: datetime


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


async def look(store: Connections, run_id: UUID) -> Looked | None:
    """A run, locked until the transaction ends; ``None``: there is none."""
    columns = ", ".join(f"r.{name.strip()}" for name in _COLUMNS.split(","))
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"""select a.key, a.state, clock_timestamp(),
                       (select max(v.revision) from automation_versions v
                        where v.automation_id = r.automation_id and v.version = r.version), {columns}
                from automation_runs r join automations a on a.id = r.automation_id
                where r.id = %s for update of r""",  # noqa: S608 - a constant of ours
            (run_id,),
        )
        row = await cursor.fetchone()
    if row is None:
        return None
    key, state, now, revision, *values = row
    return Looked(Run(*values), key, state, revision, now)


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


async def lock_entries(store: Connections, automation_id: UUID, contact_id: UUID) -> None:
    """Let nobody else have this contact enter this automation until the transaction ends."""
    async with store.connection() as conn:
        await conn.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"automation {automation_id} {contact_id}",)
        )


async def before(store: Connections, automation_id: UUID, contact_id: UUID, limit: int = 1_000) -> Sequence[EarlierRun]:
    """A contact's runs of an automation, the newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(EarlierRun)) as cursor:
        await cursor.execute(
            """select entry_key as key, entered_at, ended_at from automation_runs
               where automation_id = %s and contact_id = %s order by entered_at desc limit %s""",
            (automation_id, contact_id, limit),
        )
        return await cursor.fetchall()


async def update_event(
    store: Connections, automation_id: UUID, contact_id: UUID, entry_key: str, event: Mapping[str, Any]
) -> UUID | None:
    """Give the open run of an entry new data. Returns it."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update automation_runs set event = event || %s
               where automation_id = %s and contact_id = %s and entry_key = %s and ended_at is null returning id""",
            (Jsonb(dict(event)), automation_id, contact_id, entry_key),
        )
        row = await cursor.fetchone()
        return row[0] if row else None


async def end_entry(
    store: Connections, automation_id: UUID, contact_id: UUID, entry_key: str, reason: str, at: datetime
) -> UUID | None:
    """End the open run of an entry, as another one takes its place. Returns it."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update automation_runs set state = 'exited', reason = %s, ended_at = %s, until = null, awaits = '{}'
               where automation_id = %s and contact_id = %s and entry_key = %s and ended_at is null returning id""",
            (reason, at, automation_id, contact_id, entry_key),
        )
        row = await cursor.fetchone()
        return row[0] if row else None


async def note_entry(store: Connections, automation_id: UUID, account_id: int, entry: EntryNoted) -> None:
    """Note that somebody was let in, or why not."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_entries (id, automation_id, account_id, contact_id, trigger, entry_key, outcome,
                                               run_id, at)
               values (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            (
                *(entry.id, automation_id, account_id, entry.contact_id, entry.trigger, entry.entry_key),
                *(entry.outcome, entry.run_id, entry.at),
            ),
        )


async def entries(
    store: Connections, automation_id: UUID, outcome: str | None, before: UUID | None, limit: int
) -> Sequence[EntryNoted]:
    """Who came to an automation, the latest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(EntryNoted)) as cursor:
        await cursor.execute(
            """select id, contact_id, trigger, entry_key, outcome, run_id, at from automation_entries
               where automation_id = %(of)s and (%(before)s::uuid is null or id < %(before)s)
                 and (%(outcome)s::text is null or outcome = %(outcome)s)
               order by id desc limit %(limit)s""",
            {"of": automation_id, "outcome": outcome, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def entered_since(store: Connections, automation_id: UUID, since: datetime, most: int) -> int:
    """How many were let in since a moment, counted up to ``most``."""
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                """select count(*)::integer from (
                       select from automation_runs where automation_id = %s and entered_at > %s limit %s) as r""",
                (automation_id, since, most),
            )
        ).fetchone()
    assert row is not None
    found: int = row[0]
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


async def awaiting(store: Connections, account_id: int, contact_id: UUID, name: str) -> Sequence[UUID]:
    """Runs of a contact that an event of this name matters to."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from automation_runs
               where account_id = %s and contact_id = %s and ended_at is null and %s = any(awaits)""",
            (account_id, contact_id, name),
        )
        return [run_id for (run_id,) in await cursor.fetchall()]


async def ask_to_end(
    store: Connections, account_id: int, contact_id: UUID, key: str | None, but: UUID | None, reason: str
) -> Sequence[UUID]:
    """Have a contact's runs of an automation (``None``: of all) end when they are looked at next. Returns them."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update automation_runs r set to_end = %(reason)s, until = clock_timestamp()
               from automations a
               where a.id = r.automation_id and r.account_id = %(account)s and r.contact_id = %(contact)s
                 and r.ended_at is null and (%(key)s::text is null or a.key = %(key)s)
                 and (%(but)s::uuid is null or r.id <> %(but)s) returning r.id""",
            {"account": account_id, "contact": contact_id, "key": key, "but": but, "reason": reason},
        )
        return [run_id for (run_id,) in await cursor.fetchall()]


async def reopen(store: Connections, run_id: UUID) -> bool:
    """Have a run that failed go on at its step. Returns whether it had failed.

    Raises:
        ConflictError: the contact has entered again meanwhile.
    """
    try:
        async with store.connection() as conn:
            cursor = await conn.execute(
                """update automation_runs set state = 'running', ended_at = null, reason = null, error = null,
                       since = null, until = clock_timestamp() where id = %s and state = 'failed'""",
                (run_id,),
            )
            return cursor.rowcount == 1
    except UniqueViolation:
        raise ConflictError("already_inside", "the contact has entered again meanwhile: that run goes on") from None


async def leave(store: Connections, run_id: UUID, reason: str) -> bool:
    """Have a run end when it is looked at next. Returns whether it has not ended."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update automation_runs set to_end = %s, until = clock_timestamp()
               where id = %s and ended_at is null""",
            (reason, run_id),
        )
        return cursor.rowcount == 1


async def look_soon(store: Connections, automation_id: UUID) -> None:
    """Have all runs of an automation be looked at by the sweep: it was archived, or a patch moves their waits."""
    async with store.connection() as conn:
        await conn.execute(
            """update automation_runs set until = clock_timestamp()
               where automation_id = %s and ended_at is null and (until is null or until > clock_timestamp())""",
            (automation_id,),
        )


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


async def overdue(store: Connections, older_than_seconds: float, limit: int) -> Sequence[UUID]:
    """Runs of active automations that should have gone on, or ended, so long ago."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select r.id from automation_runs r join automations a on a.id = r.automation_id
               where r.ended_at is null and r.until < clock_timestamp() - %s * interval '1 second'
                 and (a.state <> 'paused' or r.to_end is not null)
               order by r.until limit %s""",
            (older_than_seconds, limit),
        )
        return [run_id for (run_id,) in await cursor.fetchall()]


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


async def unstarted(store: Connections, older_than_seconds: float, limit: int) -> Sequence[UUID]:
    """Runs that no workflow has begun with."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from automation_runs where step is null and ended_at is null
                 and entered_at < clock_timestamp() - %s * interval '1 second' order by entered_at limit %s""",
            (older_than_seconds, limit),
        )
        return [run_id for (run_id,) in await cursor.fetchall()]
