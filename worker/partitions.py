"""Partitions are made before their month begins, and dropped after their retention."""

from datetime import datetime, timedelta

import structlog

from services.audience.campaigns.keeping import keep_results
from store.audience.templates import sent
from store.pool import Pool
from store.schema.old_partitions import drop_attempts, drop_days, drop_messages
from store.schema.partitions import ahead, database_now, make_ahead, month_at

log = structlog.get_logger()


async def make_partitions(pool: Pool) -> None:
    """Make missing partitions; log an error if few exist afterwards."""
    async with pool.connection() as conn:
        try:
            if made := await make_ahead(conn):
                log.info("partitions made", names=made)
        finally:
            if (found := await ahead(conn)).is_short:
                log.error(
                    "few months or days have partitions: what comes after them goes into …_other",
                    months_ahead=found.months,
                    days_ahead=found.days,
                    remedy="see the error above this; xsender migrate makes them, too",
                )


async def drop_months(pool: Pool, keep_months: int | None) -> None:
    """Drop messages that are older than the retention, and what else is kept of them."""
    if keep_months is None:
        return
    await keep_results(pool, await _months_ago(pool, keep_months))
    async with pool.connection() as conn:
        _say(await drop_messages(conn, keep_months))
    while await sent.delete_older_than(pool, keep_months):
        pass


async def drop_months_of_attempts(pool: Pool, months: int | None) -> None:
    """Drop attempts and receipts that are older than their retention, of messages that are kept for longer."""
    if months is not None:
        await keep_results(pool, await _months_ago(pool, months))
        async with pool.connection() as conn:
            _say(await drop_attempts(conn, months))


async def drop_events(pool: Pool, days: int) -> None:
    """Drop events of contacts that are older than the retention."""
    async with pool.connection() as conn:
        before = await database_now(conn) - timedelta(days=days)
    await keep_results(pool, before)
    await drop_by_time(pool, "contact_events", days)


async def drop_by_time(pool: Pool, table: str, days: int) -> None:
    """Drop partitions of a table by time that are older than the retention."""
    async with pool.connection() as conn:
        _say(await drop_days(conn, table, days))


async def _months_ago(pool: Pool, months: int) -> datetime:
    async with pool.connection() as conn:
        return month_at(await database_now(conn), -months)


def _say(dropped: list[str]) -> None:
    if dropped:
        log.info("partitions dropped", names=dropped)
