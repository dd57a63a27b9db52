"""How fast requests of 500 contacts are, beside the bare HTTP client."""

from functools import partial

from bench.bare import BARE_CLIENT, loop_bare_client
from bench.figure import Figure
from bench.install import Install
from bench.load import Run, in_turn, rate, run_in_flight
from bench.record import until_settled
from bench.tenant import contact, new_tenant

_REQUESTS = 6
_CONTACTS = 500


async def measure(install: Install, scale: float) -> list[Figure]:
    """One request at a time, each brought to its end before the next."""
    count = max(2, int(_REQUESTS * scale))
    run, bare = await in_turn(
        partial(_one_by_one, install, count), partial(loop_bare_client, install, count * _CONTACTS), rate
    )
    return [
        Figure(
            "requests of 500 contacts, one at a time",
            run.per_second * _CONTACTS,
            "messages/s",
            "CPU of one worker process, idle while the API reads the next request and the engine starts its page.",
            bare.per_second,
            BARE_CLIENT,
            at_least=0.6,
        )
    ]


async def _one_by_one(install: Install, count: int) -> Run:
    tenant = await new_tenant(install)

    async def send(number: int) -> None:
        await tenant.post([contact() for _ in range(_CONTACTS)])
        await until_settled(tenant, (number + 1) * _CONTACTS)

    return await run_in_flight(send, count, 1)
