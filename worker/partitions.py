"""Partitions are made before their month begins, and dropped after their retention."""

import structlog

from store.audience.templates import sent
from store.pool import Pool
from store.schema.partitions import FEW, drop_older, make_ahead, months_ahead

log = structlog.get_logger()


async def make_partitions(pool: Pool) -> None:
    """Make missing partitions; log an error if few exist afterwards."""
    async with pool.connection() as conn:
        try:
            if made := await make_ahead(conn):
                log.info("partitions made", names=made)
        finally:
            if (ahead := await months_ahead(conn)) < FEW:
                log.error(
                    "few months have partitions: what comes after them goes into …_other",
                    months_ahead=ahead,
                    remedy="see the error above this; xsender migrate makes them, too",
                )


async def drop_partitions(pool: Pool, keep_months: int | None) -> None:
    """Drop partitions that are older than the retention, and what else is kept of their messages."""
    if keep_months is None:
        return
    async with pool.connection() as conn:
        if dropped := await drop_older(conn, keep_months):
            log.info("partitions dropped", names=dropped)
    while await sent.delete_older_than(pool, keep_months):
        pass
