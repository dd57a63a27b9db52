"""Many phones in one process."""

import asyncio
from collections.abc import Sequence

from phones.faults import Crashed
from phones.network import Refused, SessionEnded
from phones.phone import Phone
from phones.profile import Event, Log


async def run_fleet(phones: Sequence[Phone], log: Log) -> None:
    """Run all of them, until each has been refused. One that crashes is started again, as Android does."""
    async with asyncio.TaskGroup() as group:
        for phone in phones:
            group.create_task(_keep_running(phone, log))


async def _keep_running(phone: Phone, log: Log) -> None:
    while True:
        try:
            await phone.run()
        except Crashed as crash:
            log(Event(phone.profile.name, "crashed", {"where": str(crash)}))
            await asyncio.sleep(phone.timings.scale * phone.timings.restart)
        except (SessionEnded, Refused) as error:
            log(Event(phone.profile.name, "stopped", {"error": str(error)}))
            return
