"""One connection, one send after the other: the cost of group commit without concurrent requests."""

import time
from functools import partial

from bench.bare import run_floor_workflow
from bench.figure import Figure
from bench.install import Install
from bench.load import ROUNDS, Spread, median
from bench.record import seconds_until_recorded
from bench.tenant import Tenant, contact, new_tenant
from domain.ids import page_of, send_workflow_id

_SENDS = 50


async def measure(install: Install, scale: float) -> list[Figure]:
    """p50 of post to record, beside a request that never shares its page (one of two contacts) and the floor."""
    tenant = await new_tenant(install)
    count = max(5, int(_SENDS * scale))
    works = [
        partial(_floors, install, count),
        partial(_sends, tenant, count, contacts=2),
        partial(_sends, tenant, count, contacts=1),
    ]
    for work in works:
        await work()
    rounds = [[await work() for work in works] for _ in range(ROUNDS)]
    floor, unshared, shared = (median([r[i] for r in rounds], lambda s: s.p50_ms).p50_ms for i in range(len(works)))
    return [
        Figure(
            "one connection, p50 of post to record",
            shared,
            "ms",
            "The engine: starting the page, its workflow tasks and its dispatch follow one another.",
            unshared,
            "a request of two, which never shares its page",
            at_most=1.05,
        ),
        Figure(
            "one connection, p50 of post to record",
            shared,
            "ms",
            "As above; the floor has one activity and no HTTP exchange, no SQL and no API before it.",
            floor,
            "floor workflow, alone",
        ),
    ]


async def _floors(install: Install, count: int) -> Spread:
    times = []
    for _ in range(count):
        begun = time.time()
        await run_floor_workflow(install)
        times.append(time.time() - begun)
    return Spread.of(times)


async def _sends(tenant: Tenant, count: int, contacts: int) -> Spread:
    """Each is brought to its end before the next; a request is recorded when the last of its contacts is."""
    times = []
    for _ in range(count):
        begun = time.time()
        uids = (await tenant.send([contact() for _ in range(contacts)])).uids
        page = send_workflow_id(page_of(uids[0]))
        await tenant.install.temporal.get_workflow_handle(page).result()
        times.append(max(await seconds_until_recorded(tenant.install.pool, dict.fromkeys(uids, begun))))
    return Spread.of(times)
