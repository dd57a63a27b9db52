"""How fast one-contact sends are accepted, beside bare starts of a workflow."""

from bench.bare import start_floor_workflow
from bench.figure import Figure
from bench.install import Install
from bench.load import Run, Work, in_turn, rate, run_in_flight
from bench.record import until_settled
from bench.tenant import contact, new_tenant

_SENDS = 240


async def measure(install: Install, scale: float) -> list[Figure]:
    """Rate at 16 connections; the workers run and fall behind, as they would, and everything is brought to its end."""
    tenant = await new_tenant(install)
    accepted = 0
    floors: list[str] = []

    async def send(_: int) -> None:
        nonlocal accepted
        await tenant.post([contact()])
        accepted += 1

    async def start(_: int) -> None:
        floors.append(await start_floor_workflow(install))

    async def flood(work: Work) -> Run:
        run = await run_in_flight(work, int(_SENDS * scale), 16)
        await until_settled(tenant, accepted)
        while floors:
            await install.temporal.get_workflow_handle(floors.pop()).result()
        return run

    many, many_floor = await in_turn(lambda: flood(send), lambda: flood(start), rate)
    return [
        Figure(
            "accepted sends, 16 connections",
            many.per_second,
            "sends/s",
            "The API's Python per request and, shared by a group of requests, the engine's durable start.",
            many_floor.per_second,
            "bare start_workflow",
            at_least=0.7,
        )
    ]
