"""The process ``xsender worker``: serves task queues until it is stopped, then drains."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
import uvloop
from temporalio.client import Client
from temporalio.worker import Worker

from activities.dependencies import DRAIN_SECONDS, open_dependencies
from activities.dispatching.unfinished import Unfinished
from domain.keyring import CREDENTIALS, Keyring
from runtime.garbage import freeze_startup_objects
from runtime.logs import configure_logs
from runtime.metrics.serving import metrics_served
from runtime.settings import Settings
from runtime.temporal import connect, worker_version
from runtime.traces.tracing import traces_sent
from store.pool import Pool, open_pool
from worker.build import build_workers
from worker.home import Home
from worker.leader import PeriodicTask
from worker.listener_events import ListenerEvents
from worker.maintenance import NOTHING_SET, maintenance
from worker.namespace import register_search_attributes, warn_of_short_retention
from worker.priority import lower_priority
from worker.runners.foreign_starts import warn_of_unsealed_payloads
from worker.sweeps.mails.alerts import alert_tasks
from worker.table import table
from workflows.policy import AUTOMATIONS_QUEUE, BULK_QUEUES

log = structlog.get_logger()

_ANSWERS_WITHIN = 10.0
"""Seconds; it takes a few milliseconds."""
_BUILD_APART = 0.25
"""Seconds between the starts of two queues of a worker with a build: Temporal registers each with the build, and all
at once would keep a core busy for a second, in which messages wait."""


def run(settings: Settings, queues: Sequence[str]) -> None:
    """Serve ``queues`` until SIGTERM or SIGINT, then let running work finish."""
    configure_logs(settings.log_level, settings.log_json)
    if set(queues) <= set(BULK_QUEUES):
        lower_priority()
    freeze_startup_objects()
    with metrics_served(settings.metrics_address), traces_sent("worker"):
        uvloop.run(_serve(settings, queues))


async def _serve(settings: Settings, queues: Sequence[str]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    pool = await open_pool(
        settings.database_url, settings.database_pool_size, "xsender-worker", settings.database_direct_url
    )
    async with contextlib.AsyncExitStack() as opened:  # also on errors: a process with an open pool would not end
        opened.push_async_callback(pool.close)
        client = await _connect(settings)
        await warn_of_short_retention(client)
        await register_search_attributes(client)
        warn_of_unsealed_payloads(settings)
        environment = settings.for_install
        dependencies = open_dependencies(pool, settings.keys.get_secret_value(), ListenerEvents(client), environment)
        opened.push_async_callback(dependencies.aclose)
        rows = table(pool, dependencies, queues)
        if AUTOMATIONS_QUEUE in rows:
            await opened.enter_async_context(dependencies.calls.looking())
        workers, unfinished = build_workers(client, rows, worker_version(settings)), dependencies.unfinished
        keyring = Keyring.parse(settings.keys.get_secret_value(), CREDENTIALS)
        await serve_until(
            *(stop, workers, pool, list(queues), environment, unfinished),
            home=Home(pool, client, rows, dependencies.gateways),
            dns_servers=settings.dns_servers,
            keyring=keyring,
            more=alert_tasks(pool, client, settings, keyring),
            apart=_BUILD_APART if settings.build_id else 0.0,
        )


async def _connect(settings: Settings) -> Client:
    """Connect to Temporal. A starting server may accept the call and never answer it: then the call is retried.

    Raises:
        RuntimeError: it is unavailable; the process is to be restarted.
    """
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWERS_WITHIN):
                return await connect(settings)
        log.warning("Temporal does not answer")


async def serve_until(
    stop: asyncio.Event,
    workers: Sequence[Worker],
    pool: Pool,
    queues: list[str],
    environment: Mapping[str, Any] = NOTHING_SET,
    unfinished: Unfinished | None = None,
    *,
    home: Home,
    dns_servers: str = "",
    keyring: Keyring | None = None,
    more: Sequence[PeriodicTask] = (),
    apart: float = 0.0,
) -> None:
    """Run workers until ``stop`` is set. A worker that fails ends all, so that the process is restarted.

    ``apart``: seconds between the starts of two of them.
    """
    async with maintenance(pool, home.client, queues, environment, dns_servers, keyring, more):
        home.start()
        running = []
        for worker in workers:
            running.append(asyncio.create_task(worker.run()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), apart)
                break
        stopping = asyncio.create_task(stop.wait())
        log.info("worker started", queues=queues)
        await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        log.info("worker draining")
        ends_by = time.monotonic() + DRAIN_SECONDS
        ending = [worker.shutdown() for worker, run in zip(workers, running, strict=False) if not run.done()]
        await asyncio.gather(home.aclose(), *ending)
        try:
            await asyncio.gather(*running)
        finally:
            # Afterwards, as workers begin some until they have ended; others think these dead once this one signs off.
            if unfinished is not None:
                await unfinished.aclose(max(0.0, ends_by - time.monotonic()))
