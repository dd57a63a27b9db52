"""Accounts and pages for tests of the store."""

import time
from uuid import UUID, uuid4

from domain.ids import message_uid, new_page_id
from store.accounts import accounts
from store.accounts.credits import show, top_up
from store.messages import pages
from store.messages.pages import PageRows
from store.pool import Pool


async def new_account(pool: Pool, credit: int = 0, plan: str | None = None) -> int:
    """The id of a new account with this much credit for SMS."""
    account = await accounts.create(pool, f"{uuid4().hex}@example.com", "Test", plan, uuid4())
    if credit:
        await top_up(pool, account.id, "sms", credit, "test", uuid4())
    return account.id


def new_page(account_id: int, prices: list[int], age: float = 0.0) -> PageRows:
    """A page of text messages at these prices, accepted so many seconds ago."""
    page_id = new_page_id(int((time.time() - age) * 1000))
    size = len(prices)
    return PageRows(
        account_id=account_id,
        channel="sms",
        uids=[message_uid(page_id, index) for index in range(size)],
        recipients=[f"+1202555{index:04}" for index in range(size)],
        prices=prices,
        schedule_at=[None] * size,
        on_unknown=[None] * size,
    )


async def held(pool: Pool, page: PageRows) -> dict[int, str]:
    """Hold the page; returns the refused messages: place in the page → code."""
    refused = await pages.hold(pool, page)
    return {page.uids.index(uid): code for uid, code in refused.items()}


async def states(pool: Pool, page: PageRows) -> list[tuple[str, str | None, str]]:
    """State, code and credit of the page's messages."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select state, code, credit from messages where uid = any(%s::uuid[]) order by uid", (page.uids,)
        )
        return await cursor.fetchall()


async def set_states(pool: Pool, uids: list[UUID], state: str) -> None:
    """Move messages to a state, as a receipt would."""
    async with pool.connection() as conn:
        await conn.execute("update messages set state = %s where uid = any(%s::uuid[])", (state, uids))


async def sms_wallet(pool: Pool, account_id: int) -> tuple[int, int, int, int]:
    """Available, held, spent, granted."""
    wallet = (await show(pool, account_id))["sms"]
    return wallet.available, wallet.held, wallet.spent, wallet.granted
