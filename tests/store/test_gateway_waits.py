"""Pages that wait for a paused gateway are signalled when it is resumed, each at least once."""

from uuid import UUID, uuid4

import pytest

from domain.ids import new_page_id
from domain.keyring import CREDENTIALS, Keyring
from domain.messages.routing import Mode
from store.gateways import gateways
from store.gateways.gateway_waits import note, signal_resumed
from store.pool import Pool
from store.waking import AT_A_TIME

KEYRING = Keyring.parse(Keyring.generate(), CREDENTIALS)


async def paused_gateway(pool: Pool) -> UUID:
    new = gateways.NewGateway(0, "sms", f"gw-{uuid4().hex}", "sandbox", {})
    gateway_id = await gateways.add(pool, KEYRING, new)
    await gateways.set_mode(pool, gateway_id, Mode.PAUSED)
    return gateway_id


async def told(pool: Pool) -> list[UUID]:
    """The pages that are signalled now."""
    found: list[UUID] = []

    async def tell(page_id: UUID) -> None:
        found.append(page_id)

    while await signal_resumed(pool, tell):
        pass
    return found


async def test_each_page_is_told_once_when_its_gateway_is_resumed(fresh_pool: Pool):
    gateway_id, other = await paused_gateway(fresh_pool), await paused_gateway(fresh_pool)
    page_ids = [new_page_id() for _ in range(AT_A_TIME + 10)]
    for page_id in page_ids:
        await note(fresh_pool, page_id, [gateway_id])
        await note(fresh_pool, page_id, [gateway_id])
    await note(fresh_pool, new_page_id(), [other])
    assert await told(fresh_pool) == []
    await gateways.set_mode(fresh_pool, gateway_id, Mode.DRAINING)
    assert await told(fresh_pool) == []
    await gateways.set_mode(fresh_pool, gateway_id, Mode.ACTIVE)
    assert sorted(await told(fresh_pool)) == sorted(page_ids)
    assert await told(fresh_pool) == []


async def test_a_page_that_waits_for_any_of_several_is_told_of_the_first(fresh_pool: Pool):
    first, second, page_id = await paused_gateway(fresh_pool), await paused_gateway(fresh_pool), new_page_id()
    await note(fresh_pool, page_id, [first, second])
    await gateways.set_mode(fresh_pool, second, Mode.ACTIVE)
    assert await told(fresh_pool) == [page_id]


async def test_pages_that_could_not_be_told_are_told_again(fresh_pool: Pool):
    gateway_id, page_id = await paused_gateway(fresh_pool), new_page_id()
    await note(fresh_pool, page_id, [gateway_id])
    await gateways.set_mode(fresh_pool, gateway_id, Mode.ACTIVE)

    async def fail(page_id: UUID) -> None:
        raise RuntimeError("Temporal is away")

    with pytest.raises(RuntimeError):
        await signal_resumed(fresh_pool, fail)
    assert await told(fresh_pool) == [page_id]
