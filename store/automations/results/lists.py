"""Lists of runs and of who came, filtered. Each filter has an index, in which rows are in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg.rows import class_row

from store.automations.entries import EntryNoted
from store.automations.runs import COLUMNS, Run
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs."""

    state: str | None = None
    step: str | None = None
    """Where they are, or ended."""
    version: int | None = None
    contact: UUID | None = None
    reason: str | None = None
    """Why they ended."""
    code: str | None = None
    """Why they failed."""
    since: datetime | None = None
    """They entered at this time or later."""
    until: datetime | None = None
    """They entered before it."""


_OF_RUNS: dict[str, LiteralString] = {
    "state": "state = %(state)s",
    "step": "step = %(step)s",
    "version": "version = %(version)s",
    "contact": "contact_id = %(contact)s",
    "reason": "reason = %(reason)s and ended_at is not null",
    "code": "reason = %(code)s and ended_at is not null and state = 'failed'",
    "since": "id >= uid_at(%(since)s)",
    "until": "id < uid_at(%(until)s)",
}


async def runs(
    store: Connections, automation_id: UUID, wanted: RunFilter, before: UUID | None, limit: int
) -> Sequence[Run]:
    """Runs of an automation, the newest first."""
    where, values = _chosen(_OF_RUNS, wanted, automation_id, before, limit)
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(
            f"select {COLUMNS} from automation_runs where {where} order by id desc limit %(limit)s",  # noqa: S608 - ours
            values,
        )
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which of those who came."""

    outcome: str | None = None
    contact: UUID | None = None
    since: datetime | None = None
    """They came at this time or later."""
    until: datetime | None = None
    """They came before it."""


_OF_ENTRIES: dict[str, LiteralString] = {
    "outcome": "outcome = %(outcome)s",
    "contact": "contact_id = %(contact)s",
    "since": "id >= uid_at(%(since)s)",
    "until": "id < uid_at(%(until)s)",
}


async def entries(
    store: Connections, automation_id: UUID, wanted: EntryFilter, before: UUID | None, limit: int
) -> Sequence[EntryNoted]:
    """Who came to an automation, the latest first."""
    where, values = _chosen(_OF_ENTRIES, wanted, automation_id, before, limit)
    async with store.connection() as conn, conn.cursor(row_factory=class_row(EntryNoted)) as cursor:
        await cursor.execute(
            f"""select id, contact_id, trigger, entry_key, outcome, run_id, at from automation_entries
                where {where} order by id desc limit %(limit)s""",  # noqa: S608 - constants of ours
            values,
        )
        return await cursor.fetchall()


def _chosen(
    clauses: dict[str, LiteralString],
    wanted: RunFilter | EntryFilter,
    automation_id: UUID,
    before: UUID | None,
    limit: int,
) -> tuple[LiteralString, dict[str, object]]:
    """Only what is asked for stands in the statement: so it is planned for that."""
    given = {name: value for name in clauses if (value := getattr(wanted, name)) is not None}
    where: LiteralString = "automation_id = %(of)s" + "".join(f" and {clauses[name]}" for name in given)
    if before is not None:
        where += " and id < %(beyond)s"
    return where, given | {"of": automation_id, "beyond": before, "limit": limit}


@dataclass(frozen=True, slots=True)
class Credited:
    """What a conversion is credited to."""

    version: int
    step: str | None
    """The step that sent the last message before it; ``None``: there was none."""


async def credited(store: Connections, run: Run) -> Credited | None:
    """What the conversion of a run is credited to; ``None``: it has none."""
    if run.converted_at is None:
        return None
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Credited)) as cursor:
        await cursor.execute(
            """select version_of_run(%(run)s, %(version)s, coalesce(s.at, %(at)s)) as version, s.step
               from (select) as always left join lateral (
                   select l.step, l.at from automation_sends l
                   where l.run_id = %(run)s and l.code is null and l.at <= %(at)s order by l.number desc limit 1
               ) as s on true""",
            {"run": run.id, "version": run.version, "at": run.converted_at},
        )
        return await cursor.fetchone()
