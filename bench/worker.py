"""The product's transactional worker process, with the floor workflow and its activity added to the same workers."""

import asyncio
import signal
from dataclasses import replace

import uvloop

from activities.dependencies import open_dependencies
from bench.floor import FloorWorkflow, floor_activity
from runtime.logs import configure_logs
from runtime.metrics.serving import metrics_served
from runtime.settings import Settings, load_settings
from runtime.temporal import connect
from runtime.traces.tracing import traces_sent
from store.pool import open_pool
from worker.build import build_workers
from worker.home import Home
from worker.listener_events import ListenerEvents
from worker.main import serve_until
from worker.table import table
from workflows.policy import DISPATCH_QUEUE, WORKFLOW_QUEUE


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    pool = await open_pool(
        settings.database_url, settings.database_pool_size, "xsender-worker", settings.database_direct_url
    )
    client = await connect(settings)
    dependencies = open_dependencies(
        pool, settings.keys.get_secret_value(), ListenerEvents(client), settings.for_install
    )
    product = table(pool, dependencies)
    flow, dispatch = product[WORKFLOW_QUEUE], product[DISPATCH_QUEUE]
    rows = {
        WORKFLOW_QUEUE: replace(flow, workflows=[*flow.workflows, FloorWorkflow]),
        DISPATCH_QUEUE: replace(dispatch, activities=[*dispatch.activities, floor_activity]),
        **{queue: row for queue, row in product.items() if row.at_home},
    }
    home = Home(pool, client, rows, dependencies.gateways)
    await serve_until(stop, build_workers(client, rows), pool, list(rows), home=home)
    await dependencies.aclose()
    await pool.close()


def main() -> None:
    """The process."""
    configure_logs("WARNING", as_json=False)
    settings = load_settings()
    with metrics_served(settings.metrics_address), traces_sent("worker"):
        uvloop.run(_main(settings))
