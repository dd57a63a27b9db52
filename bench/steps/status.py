"""How fast a status is read, beside the bare Temporal query and the bare API."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from bench.figure import Figure
from bench.install import Install, running_bare_api
from bench.load import Run, in_turn, p50, rate, run_in_flight
from bench.record import until_settled
from bench.tenant import Tenant, contact, new_tenant
from domain.ids import page_of, send_workflow_id

_QUERIES = 150
_READS = ((1, 1_500), (16, 3_000))
"""Connections and reads."""
_BESIDE = "bare Temporal query"
_BARE_API = "bare FastAPI + one SELECT"

Read = Callable[[int], Awaitable[None]]


async def measure(install: Install, scale: float) -> list[Figure]:
    """``GET`` of a waiting message, which asks its workflow, and of a sent one, which is read from the record."""
    tenant = await new_tenant(install)
    waiting, query = await _waiting(tenant, max(20, int(_QUERIES * scale)))
    sent = (await tenant.send([contact()])).uids[0]
    await until_settled(tenant, 1)
    rates = [
        await _beside_bare_api(tenant, sent, connections, max(20, int(reads * scale))) for connections, reads in _READS
    ]
    return [
        Figure(
            "status of a waiting message, p50",
            waiting.spread.p50_ms,
            "ms",
            "The query's way through the engine to the worker and back.",
            query.spread.p50_ms,
            _BESIDE,
        ),
        Figure(
            "status of a sent message, p50",
            rates[0][0].spread.p50_ms,
            "ms",
            "The API's Python and one statement for the key and the message.",
            query.spread.p50_ms,
            _BESIDE,
        ),
        *(_rate(connections, *runs) for (connections, _), runs in zip(_READS, rates, strict=True)),
    ]


async def _waiting(tenant: Tenant, count: int) -> tuple[Run, Run]:
    """Reads of a message that waits, and bare queries of its workflow."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    uid = (await tenant.send([contact(schedule_at=tomorrow.isoformat())])).uids[0]
    handle = tenant.install.temporal.get_workflow_handle(send_workflow_id(page_of(uid)))

    async def query(_: int) -> None:
        await handle.query("status", str(uid))

    runs = await in_turn(
        partial(run_in_flight, _read(tenant, uid), count, 1), partial(run_in_flight, query, count, 1), p50
    )
    await handle.terminate()
    return runs


async def _beside_bare_api(tenant: Tenant, uid: UUID, connections: int, count: int) -> tuple[Run, Run]:
    async with running_bare_api(tenant.install.settings) as url:
        return await in_turn(
            partial(run_in_flight, _read(tenant, uid), count, connections),
            partial(run_in_flight, _get(tenant, f"{url}{uid}"), count, connections),
            rate,
        )


def _read(tenant: Tenant, uid: UUID) -> Read:
    return _get(tenant, f"/api/get/sms/{uid}")


def _get(tenant: Tenant, url: str) -> Read:
    """The same client for the product and the bare API, so that it costs both the same."""

    async def get(_: int) -> None:
        async with tenant.install.http.get(url, headers={"Api-key": tenant.key}) as answer:
            answer.raise_for_status()
            await answer.read()

    return get


def _rate(connections: int, run: Run, bare: Run) -> Figure:
    return Figure(
        f"status of a sent message, {connections} connection{'s' * (connections > 1)}",
        run.per_second,
        "reads/s",
        "The API's Python for each request, and its statements.",
        bare.per_second,
        _BARE_API,
        at_least=0.8,
    )
