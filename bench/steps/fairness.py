"""Two tenants with equal batches: neither waits for the other's end."""

import asyncio
import time

from bench.figure import Figure
from bench.install import Install
from bench.load import ROUNDS, median
from bench.record import until_settled
from bench.tenant import Tenant, list_of, new_tenant

_SIZE = 10_000


async def measure(install: Install, scale: float) -> list[Figure]:
    """When the later one ends, beside the earlier one; posted together."""
    ends = [await _ends(install, int(_SIZE * scale)) for _ in range(ROUNDS)]
    earlier, later = median(ends, lambda both: both[1] / both[0])
    return [
        Figure(
            "two tenants' equal batches: end of the later one",
            later,
            "s",
            "Temporal's fairness between tenants on the bulk queues; the later one is also accepted later.",
            earlier,
            "end of the earlier one",
            at_most=1.2,
        )
    ]


async def _ends(install: Install, count: int) -> tuple[float, float]:
    tenants = [await new_tenant(install) for _ in range(2)]
    bodies = [list_of(count) for _ in tenants]
    begun = time.perf_counter()

    async def run(tenant: Tenant, body: bytes) -> float:
        await tenant.post_raw(body)
        await until_settled(tenant, count)
        return time.perf_counter() - begun

    first, second = sorted(await asyncio.gather(*map(run, tenants, bodies)))
    return first, second
