"""Without an attack nothing is felt: the measure itself is sound."""

import asyncio

from tests.abuse.target import Target


async def test_nothing_is_felt_of_a_user_who_asks_for_the_health_now_and_then(target: Target):
    async def ask() -> None:
        await target.stack.http.get("/health/live")
        await asyncio.sleep(0.5)

    (await target.under("none (health asked for)", ask, 4)).check()
