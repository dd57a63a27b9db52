"""Recipients who opted out of an account's emails get no copies either, and those cost nothing."""

import asyncio
from datetime import UTC, datetime, timedelta

from activities.check_credit import CheckCredit
from domain.ids import new_page_id
from domain.messages.page import PageHeader
from store.accounts import credits
from store.pool import Pool
from tests.api.batches import ended
from tests.api.mail_stack import EMAIL, arrived, delivered, post, sender
from tests.stack import Stack, User

COPIES = ["bob@example.com", "eve@example.com"]


async def unsubscribed(pool: Pool, user: User, address: str) -> None:
    async with pool.connection() as conn:
        await conn.execute("insert into suppressions values (%s, 'email', %s, 'unsubscribed')", (user.id, address))


async def spent(stack: Stack, user: User) -> int:
    wallet = (await credits.show(stack.pool, user.id))["email"]
    assert wallet.held == 0
    return wallet.spent


async def test_one_in_cc_who_unsubscribed_gets_no_copy_and_costs_nothing(stack: Stack):
    user = await sender(stack)
    await unsubscribed(stack.pool, user, "Bob@Example.com")
    (mail,) = await delivered(stack, user, {"contact": [EMAIL | {"cc": COPIES}]})
    assert mail["cc"] == ["eve@example.com"]
    assert await spent(stack, user) == 2


async def test_messages_that_share_a_page_ask_each_for_their_own_account(stack: Stack):
    users = [await sender(stack) for _ in range(6)]
    for user in users[:3]:
        await unsubscribed(stack.pool, user, "bob@example.com")
    mails = await asyncio.gather(*(delivered(stack, user, {"contact": [EMAIL | {"cc": COPIES}]}) for user in users))
    assert [mail["cc"] for (mail,) in mails] == [COPIES[1:]] * 3 + [COPIES] * 3
    assert [await spent(stack, user) for user in users] == [2] * 3 + [3] * 3


async def test_in_a_batch_as_in_a_single_message(stack: Stack):
    user = await sender(stack, credit=2000)
    await unsubscribed(stack.pool, user, "bob@example.com")
    contacts = [EMAIL | {"email": f"{n}@example.com", "cc": COPIES if n % 2 else []} for n in range(502)]
    answer = (await post(stack, user, {"contact": contacts})).json()
    await ended(stack, user, answer["batch"])
    assert (await arrived(stack, user, answer["data"][1]["uid"]))["cc"] == ["eve@example.com"]
    assert await spent(stack, user) == 251 + 251 * 2


async def test_a_page_that_was_forgotten_when_its_batch_was_cancelled_holds_nothing(stack: Stack):
    user = await sender(stack)
    page = PageHeader(str(new_page_id()), user.id, "email", 1, stored=True)
    assert await CheckCredit(stack.pool).check_credit(page, b"") == []


async def test_who_unsubscribes_while_an_email_waits_gets_no_copy(stack: Stack):
    user = await sender(stack)
    soon = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    answer = await post(stack, user, {"contact": [EMAIL | {"cc": COPIES, "schedule_at": soon}]})
    await unsubscribed(stack.pool, user, "eve@example.com")
    assert (await arrived(stack, user, answer.json()["data"][0]["uid"]))["cc"] == ["bob@example.com"]
