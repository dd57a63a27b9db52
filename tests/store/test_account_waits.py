"""Pages that wait for a suspended account are signalled when it is resumed or deleted, each at least once."""

from uuid import UUID

import pytest

from domain.ids import new_page_id
from store.accounts import accounts
from store.accounts.waits import note, signal_resumed
from store.pool import Pool
from store.waking import AT_A_TIME
from tests.store.builders import new_account


@pytest.fixture(autouse=True)
def at_once(monkeypatch) -> None:
    monkeypatch.setattr("store.accounts.waits.NOTED_FOR", 0.0)


async def suspended(pool: Pool) -> int:
    account = await new_account(pool)
    await accounts.suspend(pool, account)
    return account


async def told(pool: Pool) -> list[UUID]:
    """The pages that are signalled now."""
    found: list[UUID] = []

    async def tell(page_id: UUID) -> None:
        found.append(page_id)

    while await signal_resumed(pool, tell):
        pass
    return found


async def test_each_page_is_told_once_when_its_account_is_resumed(fresh_pool: Pool):
    earlier, account, later = [await suspended(fresh_pool) for _ in range(3)]
    page_ids = [new_page_id() for _ in range(AT_A_TIME + 10)]
    for page_id in page_ids:
        await note(fresh_pool, page_id, [account])
        await note(fresh_pool, page_id, [account])
    for other in (earlier, later):
        await note(fresh_pool, new_page_id(), [other])
    assert await told(fresh_pool) == []
    await accounts.resume(fresh_pool, account)
    assert sorted(await told(fresh_pool)) == sorted(page_ids)
    assert await told(fresh_pool) == []


async def test_a_page_that_several_accounts_share_is_told_of_each(fresh_pool: Pool):
    one, other, page_id = await suspended(fresh_pool), await suspended(fresh_pool), new_page_id()
    await note(fresh_pool, page_id, [one, other])
    await accounts.resume(fresh_pool, other)
    assert await told(fresh_pool) == [page_id]
    await accounts.resume(fresh_pool, one)
    assert await told(fresh_pool) == [page_id]


async def test_pages_of_an_account_that_was_deleted_are_told_too(fresh_pool: Pool):
    account, page_id = await suspended(fresh_pool), new_page_id()
    await note(fresh_pool, page_id, [account])
    await accounts.delete(fresh_pool, account)
    assert await told(fresh_pool) == [page_id]


async def test_a_page_is_told_only_when_it_had_time_to_wait(fresh_pool: Pool, monkeypatch):
    monkeypatch.setattr("store.accounts.waits.NOTED_FOR", 600.0)
    account, page_id = await suspended(fresh_pool), new_page_id()
    await note(fresh_pool, page_id, [account])
    await accounts.resume(fresh_pool, account)
    assert await told(fresh_pool) == []
    async with fresh_pool.connection() as conn:
        await conn.execute("update account_waits set noted_at = noted_at - interval '601 seconds'")
    assert await told(fresh_pool) == [page_id]


async def test_pages_that_could_not_be_told_are_told_again(fresh_pool: Pool):
    account, page_id = await suspended(fresh_pool), new_page_id()
    await note(fresh_pool, page_id, [account])
    await accounts.resume(fresh_pool, account)

    async def fail(page_id: UUID) -> None:
        raise RuntimeError("Temporal is away")

    with pytest.raises(RuntimeError):
        await signal_resumed(fresh_pool, fail)
    assert await told(fresh_pool) == [page_id]
