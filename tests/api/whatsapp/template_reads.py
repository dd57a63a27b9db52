"""Has templates read as a worker does twice a minute."""

import asyncio

from activities.dependencies import open_gateways
from tests.stack import Stack
from worker.sweeps.template_sync import HOUR, read_due_templates

BEING_READ = """select from template_syncs
                where due_at > clock_timestamp() + interval '30 minutes'
                  and (synced_at is null or synced_at < due_at - %s * interval '1 second')"""
"""What was taken, and has neither been read since nor failed, which is tried again within minutes."""


async def read_templates(stack: Stack) -> None:
    """Read what is due, and wait for what the worker beside us has taken a moment before."""
    cache = open_gateways(stack.pool, stack.settings.keys.get_secret_value())
    try:
        await read_due_templates(stack.pool, cache)
    finally:
        await cache.aclose()
    async with asyncio.timeout(30), stack.pool.connection() as connection:
        while await (await connection.execute(BEING_READ, (HOUR,))).fetchone():
            await asyncio.sleep(0.02)
