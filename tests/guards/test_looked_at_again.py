"""Guards where a message is handed over: what did not leave does not count, and what was allowed may be so no more."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from domain.audience.guards.settings import GuardSettings
from store import sending_pauses
from store.audience import suppressions
from store.audience.guards import settings
from store.pool import Pool
from tests.guards.model import Message
from tests.guards.world import Sent, World
from tests.segments import new_contact

BEN = {"sms": "+4915112345678", "email": "ben@example.com"}


async def guarded(world: World, guards: GuardSettings) -> int:
    """An account with these guards, gateways for SMS and email, and a contact."""
    account = await world.account()
    for channel in BEN:
        await world.gateway(account, channel, f"gw-{uuid4().hex[:8]}")
    await new_contact(world.pool, account, phone=BEN["sms"], email=BEN["email"])
    await settings.put(world.pool, account, guards)
    return account


async def held(world: World, account: int, channel: str, purpose: str | None = "marketing") -> Sent:
    page, refused = await world.hold(
        [Message(account, channel, BEN[channel], purpose)], "transactional", datetime.now(UTC)
    )
    assert not refused
    return page


async def test_what_ends_before_it_is_handed_over_does_not_count_towards_the_cap(pool: Pool):
    world = World(pool)
    account = await guarded(world, GuardSettings(per_day=1))
    first, second = await held(world, account, "sms"), await held(world, account, "email")
    await world.choose(first, [0])
    await suppressions.add(pool, account, "sms", BEN["sms"], "complained")
    assert await world.deliver(first, first.routes[0]) == (set(), set())
    assert not (await world.choose(second, [0])).none
    assert await world.deliver(second, second.routes[0]) == ({0}, set())


async def test_what_waits_again_does_not_count_towards_the_cap(pool: Pool):
    world = World(pool)
    account = await guarded(world, GuardSettings(per_day=1))
    first, second = await held(world, account, "sms"), await held(world, account, "email")
    await world.choose(first, [0])
    await sending_pauses.add(pool, account, "sms", "a test", "staff")
    assert await world.deliver(first, first.routes[0]) == (set(), {0})
    assert not (await world.choose(second, [0])).none


async def test_a_country_that_is_no_longer_allowed_stops_what_chose_its_gateway_before(pool: Pool):
    world = World(pool)
    account = await guarded(world, GuardSettings(frozenset({"DE"})))
    page = await held(world, account, "sms", None)
    await world.choose(page, [0])
    await settings.put(pool, account, GuardSettings(frozenset({"FR"})))
    page.routes = [replace(page.routes[0], judged_at=page.routes[0].judged_at - 60)]
    assert await world.deliver(page, page.routes[0]) == (set(), {0})
    assert [none.code for none in (await world.choose(page, [0])).none] == ["country_not_allowed"]
