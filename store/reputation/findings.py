"""What the reputation guard found: warnings and pauses, each once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from domain.reputation.rules import Level, Limit
from store.pool import Connections, Pool
from store.reputation.bad_reports import Subject

BY = "reputation guard"
"""Who paused it, as pauses of sending show."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was found about something before."""

    is_paused: bool
    resumed_at: datetime | None
    """When its last pause ended: only what came since counts."""
    was_warned: bool
    """Whether there was a warning in the last days."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A warning or a pause."""

    id: UUID
    at: datetime
    subject: str
    account_id: int
    gateway_id: UUID | None
    batch_id: UUID | None
    channel: str
    level: Level
    signal: str
    hours: int | None
    bad: int
    sent: int
    sentence: str
    ended_at: datetime | None


_COLUMNS = """f.id, f.at, f.subject, f.account_id, f.gateway_id, f.batch_id, f.channel, f.level, f.signal, f.hours,
              f.bad, f.sent, f.sentence, f.ended_at"""
_IS_ABOUT = {
    "account": "f.account_id = %(account)s and f.channel = %(channel)s and f.subject = 'account'",
    "gateway": "f.gateway_id = %(gateway)s",
    "batch": "f.batch_id = %(batch)s",
}


async def earlier(conn: Connections, subject: Subject, warn_every_days: int) -> Earlier:
    """What was found about this before."""
    async with conn.connection() as ours:
        cursor = await ours.execute(
            f"""select coalesce(bool_or(f.level = 'pause' and f.ended_at is null), false), max(f.ended_at),
                       coalesce(bool_or(f.level = 'warning'
                                        and f.at > clock_timestamp() - %(days)s * interval '1 day'), false)
                from reputation_findings f where {_IS_ABOUT[subject.kind]}""",  # noqa: S608
            {**_named(subject), "days": warn_every_days},
        )
        row = await cursor.fetchone()
    assert row is not None
    return Earlier(*row)


async def add(
    conn: Connections, subject: Subject, level: Level, limit: Limit, bad: int, sent: int, sentence: str
) -> None:
    """Note a finding; its mails are due."""
    async with conn.connection() as ours:
        await ours.execute(
            """insert into reputation_findings (subject, account_id, gateway_id, batch_id, channel, level, signal,
                                                hours, bad, sent, sentence, acted_at, mail_due)
               values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, case when %s then null else clock_timestamp() end,
                       clock_timestamp())""",
            (
                *(subject.kind, subject.account_id, subject.gateway_id, subject.batch_id, subject.channel),
                *(level, limit.signal, limit.hours, bad, sent, sentence),
                subject.kind == "batch",
            ),
        )


async def end(conn: Connections, subject: Subject) -> None:
    """Somebody has ended the pauses of this. Idempotent."""
    async with conn.connection() as ours:
        await ours.execute(
            f"""update reputation_findings f set ended_at = clock_timestamp()
                where {_IS_ABOUT[subject.kind]} and f.level = 'pause' and f.ended_at is null""",  # noqa: S608
            _named(subject),
        )


async def latest(pool: Connections, account_id: int, gateway_id: UUID | None, limit: int) -> list[Finding]:
    """Of a gateway; without one of an account and its batches. Newest first."""
    of_account, of_gateway = "f.account_id = %(account)s and f.subject <> 'gateway'", "f.gateway_id = %(gateway)s"
    which = of_account if gateway_id is None else of_gateway
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Finding)) as cursor:
        await cursor.execute(
            f"select {_COLUMNS} from reputation_findings f where {which} order by f.at desc, f.id limit %(limit)s",  # noqa: S608
            {"account": account_id, "gateway": gateway_id, "limit": limit},
        )
        return await cursor.fetchall()


async def paused_batches(pool: Pool, limit: int) -> list[Finding]:
    """Pauses of batches whose workflows were not told yet."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Finding)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from reputation_findings f
                where f.level = 'pause' and f.acted_at is null and f.ended_at is null order by f.id limit %s""",  # noqa: S608
            (limit,),
        )
        return await cursor.fetchall()


async def acted(pool: Pool, finding: Finding) -> None:
    """The batch's workflow was told, or has ended."""
    async with pool.connection() as conn:
        await conn.execute("update reputation_findings set acted_at = clock_timestamp() where id = %s", (finding.id,))


async def pause_of_batch(pool: Connections, batch_id: UUID) -> str | None:
    """Why the guard paused a batch; ``None``: it did not, or somebody has resumed it."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select sentence from reputation_findings
               where batch_id = %s and level = 'pause' and ended_at is null order by at desc limit 1""",
            (batch_id,),
        )
        row = await cursor.fetchone()
        return row[0] if row else None


def _named(subject: Subject) -> dict[str, object]:
    return {
        "account": subject.account_id,
        "gateway": subject.gateway_id,
        "batch": subject.batch_id,
        "channel": subject.channel,
    }
