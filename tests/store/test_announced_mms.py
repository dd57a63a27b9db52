"""An MMS that a phone reports when it is announced and when it is downloaded is one message."""

import asyncio
import time
from uuid import UUID, uuid4

import orjson
import pytest

from domain.messages.receipts import Inbound
from domain.text.keywords import Keyword
from store.audience import inbound, inbound_lists
from store.pool import Pool
from tests.store.builders import new_account, new_gateway

PHONE, OTHER_PHONE = uuid4(), uuid4()
SENDER = "+4915198765432"


@pytest.fixture
async def account(pool: Pool) -> int:
    return await new_account(pool)


@pytest.fixture
async def gateway(pool: Pool, account: int) -> UUID:
    return await new_gateway(pool, account)


def announced(phone: UUID = PHONE, sender: str = SENDER) -> Inbound:
    return _mms("mms_announced", "", phone, sender)


def downloaded(body: str = "Look", phone: UUID = PHONE, sender: str = SENDER) -> Inbound:
    return _mms("mms", body, phone, sender)


def _mms(kind: str, body: str, phone: UUID, sender: str) -> Inbound:
    content = orjson.dumps({"subject": "Photo", "device": str(phone)}).decode()
    return Inbound(uuid4().hex, time.time(), sender, "+4915112340000", body, kind=kind, content=content)


async def take(pool: Pool, gateway: UUID, *messages: Inbound) -> list[inbound.Taken | None]:
    return [await inbound.take(pool, gateway, "sms", message, None, 10) for message in messages]


async def stored(pool: Pool, account: int) -> list[tuple[str, str]]:
    return sorted((one.type, one.body) for one in await inbound_lists.own(pool, account, None, None, None, 10))


@pytest.mark.parametrize("is_announced_first", [True, False])
async def test_both_reports_are_one_message_in_any_order_and_again(
    pool: Pool, account: int, gateway: UUID, is_announced_first: bool
):
    first, second = announced(), downloaded()
    both = (first, second) if is_announced_first else (second, first)
    await take(pool, gateway, *both)
    assert await stored(pool, account) == [("mms", "Look")]
    await take(pool, gateway, *both)
    assert await stored(pool, account) == [("mms", "Look")]


async def test_an_announcement_whose_text_is_known_has_no_effect(pool: Pool, gateway: UUID):
    text, known = await take(pool, gateway, downloaded("STOP"), announced())
    assert text is not None
    assert text.keyword is Keyword.STOP
    assert known is None


@pytest.mark.parametrize("message", [announced(), downloaded()])
async def test_one_that_comes_alone_stays(pool: Pool, account: int, gateway: UUID, message: Inbound):
    await take(pool, gateway, message)
    assert await stored(pool, account) == [(message.kind, message.body)]


async def test_several_of_a_sender_stay_as_many(pool: Pool, account: int, gateway: UUID):
    await take(pool, gateway, downloaded("one"), downloaded("two"), announced(), announced(), announced())
    assert await stored(pool, account) == [("mms", "one"), ("mms", "two"), ("mms_announced", "")]
    await take(pool, gateway, downloaded("three"), downloaded("four"))
    assert await stored(pool, account) == [("mms", "four"), ("mms", "one"), ("mms", "three"), ("mms", "two")]


@pytest.mark.parametrize("other", [{"phone": OTHER_PHONE}, {"sender": "+4915198765433"}])
async def test_those_of_another_phone_or_sender_are_others(pool: Pool, account: int, gateway: UUID, other: dict):
    await take(pool, gateway, downloaded(**other), announced(), downloaded("mine"))
    assert await stored(pool, account) == [("mms", "Look"), ("mms", "mine")]
    await take(pool, gateway, announced(), downloaded("yours", **other))
    assert await stored(pool, account) == [("mms", "Look"), ("mms", "mine"), ("mms", "yours"), ("mms_announced", "")]


async def test_old_ones_are_others(pool: Pool, account: int, gateway: UUID):
    await take(pool, gateway, downloaded("old"))
    await _age(pool, account)
    await take(pool, gateway, announced())
    await _age(pool, account)
    await take(pool, gateway, downloaded("new"))
    assert await stored(pool, account) == [("mms", "new"), ("mms", "old"), ("mms_announced", "")]


async def test_both_at_once_are_one_message(pool: Pool, account: int, gateway: UUID):
    pairs = [(announced(sender=f"+49151987654{n}"), downloaded(sender=f"+49151987654{n}")) for n in range(10, 15)]
    await asyncio.gather(*(take(pool, gateway, message) for pair in pairs for message in pair))
    assert [kind for kind, _ in await stored(pool, account)] == ["mms"] * 5


async def _age(pool: Pool, account: int) -> None:
    async with pool.connection() as conn:
        await conn.execute(
            "update inbound_messages set received_at = received_at - interval '25 hours' where account_id = %s",
            (account,),
        )
