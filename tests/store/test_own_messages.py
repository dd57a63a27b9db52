"""Keys, each with a message of its account: what is another's is as if it did not exist."""

from uuid import UUID, uuid4

import pytest

from domain.access.api_keys import KeyKind
from store.accounts import api_keys
from store.messages import attempts, messages, pages
from store.messages.own_messages import Wanted, find_own
from store.pool import Pool
from tests.store.builders import find_key, flush, new_account, new_gateway, new_page


class Sender:
    """An account with a key and two messages that were sent."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def begin(self) -> "Sender":
        self.id = await new_account(self.pool, 100)
        self.key = (await api_keys.create(self.pool, KeyKind.USER, self.id)).id
        self.page = new_page(self.id, [1, 1])
        await pages.hold(self.pool, self.page)
        await attempts.write_intents(self.pool, self.page.uids, 1, await new_gateway(self.pool), uuid4())
        await flush(self.pool, self.page, "accepted", "refused")
        return self

    def wants(self, uid: UUID | None, channel: str = "sms") -> Wanted:
        return self.key, channel, uid


@pytest.fixture
async def sender(pool: Pool) -> Sender:
    return await Sender(pool).begin()


async def test_a_key_and_its_message_are_as_each_by_itself(pool: Pool, sender: Sender):
    uid = sender.page.uids[1]
    ((key, message),) = (await find_own(pool, [sender.wants(uid)])).values()
    assert key == await find_key(pool, sender.key, None)
    assert message == await messages.find(pool, sender.id, "sms", uid)
    assert message is not None
    assert [attempt.outcome for attempt in message.attempts] == ["refused"]


async def test_many_are_each_as_alone(pool: Pool, sender: Sender):
    other = await Sender(pool).begin()
    wanted = [
        *(sender.wants(uid) for uid in sender.page.uids),
        sender.wants(other.page.uids[0]),
        other.wants(other.page.uids[0]),
        other.wants(other.page.uids[0], "email"),
        other.wants(None),
        other.wants(uuid4()),
    ]
    together = await find_own(pool, wanted)
    alone = [await find_own(pool, [one]) for one in wanted]
    assert together == {name: value for found in alone for name, value in found.items()}
    assert [message is not None for _, message in together.values()] == [True, True, False, True, False, False, False]
    assert [key.principal.account_id for key, _ in together.values()] == [sender.id] * 3 + [other.id] * 4


async def test_nothing_is_found_without_a_key(pool: Pool, sender: Sender):
    unknown = ("nosuchkey000", "sms", sender.page.uids[0])
    assert await find_own(pool, [unknown]) == {}
    assert list(await find_own(pool, [unknown, sender.wants(None)])) == [sender.wants(None)]


async def test_a_fallback_is_named_once_it_is_recorded(pool: Pool, sender: Sender):
    first, second = sender.page.uids
    async with pool.connection() as conn:
        await conn.execute("update messages set fallback_uid = %s where uid = %s", (second, first))
        await conn.execute("update messages set fallback_uid = %s where uid = %s", (uuid4(), second))
    found = await find_own(pool, [sender.wants(first), sender.wants(second)])
    assert [message and message.fallback_uid for _, message in found.values()] == [second, None]
