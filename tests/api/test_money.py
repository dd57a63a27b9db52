"""Credits through the API: what is accepted is paid once, what is not paid is not sent."""

import asyncio
from collections import Counter

from store.accounts import credits
from tests.api.answers import SMS, count_messages, deliveries
from tests.stack import Stack


async def test_of_100_sends_at_once_on_10_credits_exactly_10_are_delivered_and_charged(stack: Stack):
    user = await stack.user(credit=10)
    await stack.gateway(user.id, "sms", "sandbox", {})
    answers = await asyncio.gather(*(stack.send(user, "sms", SMS) for _ in range(100)))
    codes = Counter(answer.status_code for answer in answers)
    assert set(codes) <= {200, 402}
    accepted = [answer.json()["data"][0]["uid"] for answer in answers if answer.status_code == 200]
    ends = [await stack.final(user, "sms", uid) for uid in accepted]
    outcomes = Counter((end["state"], end["code"], end["credit"]["state"]) for end in ends)
    assert outcomes[("sent", None, "captured")] == 10
    assert outcomes[("rejected", "no_credit", "free")] == len(accepted) - 10
    assert len(outcomes) <= 2
    wallet = (await credits.show(stack.pool, user.id))["sms"]
    assert (wallet.available, wallet.held, wallet.spent, wallet.granted) == (0, 0, 10, 10)
    assert await credits.audit(stack.pool) == []
    assert await count_messages(stack, user) == len(accepted)
    delivered = [uid for uid, end in zip(accepted, ends, strict=True) if end["state"] == "sent"]
    assert [len(await deliveries(stack, uid)) for uid in delivered] == [1] * 10


async def test_a_page_that_costs_more_than_there_is_passes_in_part(stack: Stack):
    user = await stack.user(credit=3)
    await stack.gateway(user.id, "sms", "sandbox", {})
    answer = await stack.send(user, "sms", *[SMS] * 5)
    assert answer.status_code == 200
    ends = [await stack.final(user, "sms", item["uid"]) for item in answer.json()["data"]]
    assert [end["state"] for end in ends] == ["sent"] * 3 + ["rejected"] * 2
    assert [end["status"] for end in ends] == ["delivered"] * 3 + ["fail"] * 2


async def test_a_long_text_costs_its_parts(stack: Stack):
    user = await stack.user(credit=10)
    await stack.gateway(user.id, "sms", "sandbox", {})
    answer = await stack.send(user, "sms", SMS | {"body": "x" * 161}, SMS | {"body": "ж" * 71, "sms_type": "plain"})
    items = answer.json()["data"]
    assert [item["credits"] for item in items] == [2, 2]
    for item in items:
        await stack.final(user, "sms", item["uid"])
    assert (await credits.show(stack.pool, user.id))["sms"].spent == 4


async def test_what_a_gateway_refused_costs_nothing(stack: Stack):
    user = await stack.user(credit=1)
    await stack.gateway(user.id, "sms", "sandbox", {})
    answer = await stack.send(user, "sms", SMS | {"number": "+15005550001"})
    end = await stack.final(user, "sms", answer.json()["data"][0]["uid"])
    assert end["credit"] == {"amount": 1, "state": "released"}
    assert (await credits.show(stack.pool, user.id))["sms"].available == 1
