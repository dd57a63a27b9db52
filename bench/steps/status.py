"""How fast a status is read, beside the bare Temporal query that answers it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from bench.figure import Figure
from bench.install import Install
from bench.load import in_turn, p50, run_in_flight
from bench.record import until_settled
from bench.tenant import contact, new_tenant
from domain.ids import page_of, send_workflow_id

_READS = 150
_BESIDE = "bare Temporal query"


async def measure(install: Install, scale: float) -> list[Figure]:
    """``GET`` of a waiting message, which asks its workflow, then of a sent one, which is read from the record."""
    tenant = await new_tenant(install)
    count = max(20, int(_READS * scale))
    sent = (await tenant.send([contact()])).uids[0]
    await until_settled(tenant, 1)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    waiting = (await tenant.send([contact(schedule_at=tomorrow.isoformat())])).uids[0]
    handle = install.temporal.get_workflow_handle(send_workflow_id(page_of(waiting)))

    async def read(uid: UUID) -> None:
        async with install.http.get(f"/api/get/sms/{uid}", headers={"Api-key": tenant.key}) as answer:
            answer.raise_for_status()
            await answer.read()

    async def query(_: int) -> None:
        await handle.query("status", str(waiting))

    live, bare = await in_turn(
        lambda: run_in_flight(lambda _: read(waiting), count, 1), lambda: run_in_flight(query, count, 1), p50
    )
    await handle.terminate()
    done = await run_in_flight(lambda _: read(sent), count, 1)
    return [
        Figure(
            "status of a waiting message, p50",
            live.spread.p50_ms,
            "ms",
            "The query's way through the engine to the worker and back.",
            bare.spread.p50_ms,
            _BESIDE,
        ),
        Figure(
            "status of a sent message, p50",
            done.spread.p50_ms,
            "ms",
            "The API's Python and two statements: the key's and the message's.",
            bare.spread.p50_ms,
            _BESIDE,
        ),
    ]
