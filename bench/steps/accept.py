"""How fast one-contact sends are accepted, beside bare starts of a workflow."""

from bench.bare import start_floor_workflow
from bench.figure import Figure
from bench.install import Install
from bench.load import Run, Work, in_turn, p50, rate, run_in_flight
from bench.record import until_settled
from bench.tenant import contact, new_tenant

_BESIDE = "bare start_workflow"
_SENDS = 240
_ALONE = 50


async def measure(install: Install, scale: float) -> list[Figure]:
    """Rate at 16 connections, and the p50 of one send at a time; workers running, everything brought to its end.

    At 16 connections the workers fall behind, as they would; the p50 is taken with each send brought to its end before
    the next, so that it shows what the API adds and not what the workers take away.
    """
    tenant = await new_tenant(install)
    accepted = 0
    floors: list[str] = []

    async def send(_: int) -> None:
        nonlocal accepted
        await tenant.post([contact()])
        accepted += 1

    async def start(_: int) -> None:
        floors.append(await start_floor_workflow(install))

    async def drain() -> None:
        await until_settled(tenant, accepted)
        while floors:
            await install.temporal.get_workflow_handle(floors.pop()).result()

    async def flood(work: Work) -> Run:
        run = await run_in_flight(work, int(_SENDS * scale), 16)
        await drain()
        return run

    async def one_by_one(work: Work) -> Run:
        return await run_in_flight(work, max(5, int(_ALONE * scale)), 1, after=drain)

    many, many_floor = await in_turn(lambda: flood(send), lambda: flood(start), rate)
    alone, alone_floor = await in_turn(lambda: one_by_one(send), lambda: one_by_one(start), p50)
    return [
        Figure(
            "accepted sends, 16 connections",
            many.per_second,
            "sends/s",
            "The API's Python per request and, shared by a group of requests, the engine's durable start.",
            many_floor.per_second,
            _BESIDE,
            at_least=0.7,
        ),
        Figure(
            "what the API adds to the p50 of a start",
            alone.spread.p50_ms - alone_floor.spread.p50_ms,
            "ms",
            f"Reading, checking and one look at the wallet, before a start that alone takes "
            f"{alone_floor.spread.p50_ms:.1f} ms.",
            at_most=5,
        ),
    ]
