"""Several worker processes under one parent: a Python process uses one core, so a worker scales by processes.

Each child is a whole worker with its own event loop, pool and Temporal client, started by its own command line, so that
it is found, measured and killed like any other.
"""

import asyncio
import os
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence

import structlog

from domain.errors import FaultError
from runtime.children import die_with_parent, own_command
from runtime.logs import configure_logs
from runtime.settings import Settings

log = structlog.get_logger()

STOP_WITHIN = 40.0
"""Seconds that a child has to stop: its time to drain (``worker.build.DRAIN``), and a margin."""

_STEADY_AFTER = 10.0
"""Seconds after which an exit is no longer a failed start."""
_FIRST_PAUSE = 0.2
_MOST_FAILED_STARTS = 8
"""In a row, with doubling pauses: about a minute, in which the database or Temporal may come back."""


class WorkersFailedError(FaultError):
    """The worker processes cannot be kept running, or do not stop."""


def run(settings: Settings, queues: Sequence[str], count: int) -> None:
    """Keep ``count`` workers of ``queues`` running until SIGTERM or SIGINT, then let them drain.

    Raises:
        WorkersFailedError: one dies repeatedly at its start, or had to be killed when it should stop.
    """
    configure_logs(settings.log_level, settings.log_json)
    addresses = [settings.with_metrics_port(number) for number in range(count)]
    environments = [os.environ | {"XSENDER_METRICS_ADDRESS": address} for address in addresses]
    asyncio.run(keep(own_command("worker", "--queues", ",".join(queues)), environments))


async def keep(command: Sequence[str], environments: Sequence[Mapping[str, str]]) -> None:
    """Keep a process of one command line running in each environment, as ``run`` does. Must be called in the main
    thread."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with asyncio.TaskGroup() as group:
            slots = [group.create_task(_keep_one(command, environment)) for environment in environments]
            await stop.wait()
            for slot in slots:
                slot.cancel()
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _keep_one(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run the command, restarting it whenever it ends; when cancelled, stop it."""
    failed_starts = 0
    while True:
        began = time.monotonic()
        process = await _start(command, environment)
        try:
            code = await process.wait()
        finally:
            await _stop(process)
        failed_starts = 0 if time.monotonic() - began > _STEADY_AFTER else failed_starts + 1
        if failed_starts == _MOST_FAILED_STARTS:
            raise WorkersFailedError("worker", f"A worker process died {failed_starts} times in a row at its start.")
        log.warning("worker process died, restarting it", pid=process.pid, code=code)
        await asyncio.sleep(_FIRST_PAUSE * 2**failed_starts)


async def _start(command: Sequence[str], environment: Mapping[str, str]) -> Process:
    return await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        # Its own session: Ctrl-C reaches the parent alone, which then stops all in one way.
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )


async def _stop(process: Process) -> None:
    """Let a process drain, unless it has ended."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_WITHIN)
    except TimeoutError:
        process.kill()
        await process.wait()
        message = f"Worker process {process.pid} did not stop within {STOP_WITHIN:.0f} s and was killed."
        raise WorkersFailedError("worker", message) from None
