"""A process that has runs take their steps, and watches for failures meanwhile: ``failing_process URL RUN…``."""

import asyncio
import sys
from uuid import UUID

from services.automations.results.watching import Watch
from services.automations.runs.running import Running
from store.pool import open_pool


async def main(url: str, runs: list[UUID]) -> None:
    pool = await open_pool(url, 4, "test")
    running, watch = Running(pool), Watch(pool)

    async def go_on(mine: list[UUID]) -> None:
        for run in mine:
            await running.go_on(run)

    async def look() -> None:
        for _ in range(40):
            await watch.run()
            await asyncio.sleep(0.02)

    await asyncio.gather(go_on(runs[::2]), go_on(runs[1::2]), look())
    await watch.run()
    await pool.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], [UUID(run) for run in sys.argv[2:]]))
