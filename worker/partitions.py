"""Partitions are made before their month begins, and dropped when nobody wants what they hold."""

import structlog

from store.pool import Pool
from store.schema.partitions import drop_older, make_ahead, months_ahead

log = structlog.get_logger()

FEW = 2
"""With fewer months ahead than this, there may be none before somebody looks into why they are not made."""


async def make_partitions(pool: Pool) -> None:
    """Make those that are missing; say loudly if few are there afterwards."""
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
    """Drop what is older than it is to be kept."""
    if keep_months is None:
        return
    async with pool.connection() as conn:
        if dropped := await drop_older(conn, keep_months):
            log.info("partitions dropped", names=dropped)
