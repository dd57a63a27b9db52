"""Top-ups, deductions and the audit."""

import asyncio
from uuid import uuid4

import pytest

from domain.errors import ConflictError, InsufficientCreditError, InvalidError, NotFoundError
from store.accounts import accounts
from store.accounts.credits import Wallet, audit, deduct, show, top_up
from store.messages.pages import hold
from tests.store.builders import new_account, new_page, sms_wallet


@pytest.mark.parametrize("amount", [0, -1, 10**12 + 1, 10**30, True, 1.0, "5", None])
@pytest.mark.parametrize("book", [top_up, deduct])
async def test_only_whole_amounts_are_taken(pool, book, amount):
    account = await new_account(pool)
    with pytest.raises(InvalidError) as raised:
        await book(pool, account, "sms", amount, "", uuid4())
    assert (raised.value.code, raised.value.pointer) == ("amount", "/amount")


async def test_a_grant_counts_once(pool):
    account, grant = await new_account(pool), uuid4()
    wallets = await asyncio.gather(*(top_up(pool, account, "sms", 10**12, "", grant) for _ in range(8)))
    assert wallets == [Wallet(available=10**12, held=0, spent=0, granted=10**12)] * 8
    for other in ((account, "email", 10**12), (account, "sms", 1), (await new_account(pool), "sms", 10**12)):
        with pytest.raises(ConflictError):
            await top_up(pool, *other, "", grant)


async def test_a_deduction_counts_once_and_takes_only_what_is_available(pool):
    account, entry = await new_account(pool, credit=10), uuid4()
    await hold(pool, new_page(account, [4]))
    with pytest.raises(InsufficientCreditError):
        await deduct(pool, account, "sms", 7, "", uuid4())
    for _ in range(3):
        assert await deduct(pool, account, "sms", 6, "", entry) == Wallet(available=0, held=4, spent=0, granted=4)


async def test_deductions_at_once_never_overdraw(pool):
    account = await new_account(pool, credit=10)
    results = await asyncio.gather(
        *(deduct(pool, account, "sms", 3, "", uuid4()) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(result, InsufficientCreditError) for result in results) == 17
    assert await sms_wallet(pool, account) == (1, 0, 0, 1)


async def test_unknown_deleted_and_admin_accounts_have_nothing_to_book(pool):
    deleted = await new_account(pool, credit=5)
    await accounts.delete(pool, deleted)
    for account in (0, -1, 2**62, deleted):
        with pytest.raises(NotFoundError):
            await top_up(pool, account, "sms", 1, "", uuid4())
        with pytest.raises(NotFoundError):
            await deduct(pool, account, "sms", 1, "", uuid4())
    assert (await show(pool, deleted))["sms"].available == 5
    with pytest.raises(NotFoundError):
        await show(pool, 0)


async def test_the_audit_finds_a_wallet_that_was_tampered_with(pool):
    account = await new_account(pool, credit=5)
    change = "update wallets set granted = granted + %s, available = available + %s where account_id = %s"
    async with pool.connection() as conn:
        await conn.execute(change + " and channel = 'sms'", (1, 1, account))
    (found,) = [entry for entry in await audit(pool) if entry.account_id == account]
    assert (found.channel, found.wallet.available, found.journal.available) == ("sms", 6, 5)
    async with pool.connection() as conn:
        await conn.execute(change + " and channel = 'sms'", (-1, -1, account))
    assert [entry for entry in await audit(pool) if entry.account_id == account] == []
