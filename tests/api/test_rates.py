"""Rates of plans: what messages cost by channel, number and category, from the next request on in every process."""

import json
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.sending.parse_request import read_request
from domain.channels import Channel
from domain.messages.prices import Rate, priced
from services.contacts.read import Terms
from store.accounts import credits
from tests.api.admin import Staff, admin
from tests.api.answers import EMAIL, SMS, WHATSAPP, assert_error
from tests.api.batches import ended
from tests.api.test_inbound import says, sms_user
from tests.stack import Stack, User, serve_api

RATES = [
    {"channel": "sms", "credits": 2},
    {"channel": "sms", "prefix": "+49", "credits": 3},
    {"channel": "sms", "prefix": "+49151", "credits": 4},
    {"channel": "sms", "prefix": "+33", "credits": 0},
    {"channel": "email", "credits": 5},
    {"channel": "whatsapp", "category": "marketing", "credits": 6},
    {"channel": "whatsapp", "category": "service", "credits": 0},
    {"channel": "whatsapp", "prefix": "+49", "credits": 7},
]
TEMPLATE = {"name": "offer", "language": "en"}


async def plan_with(staff: Staff, rates: list[dict[str, Any]]) -> dict[str, Any]:
    granted = {channel: {"credits": 5000} for channel in ("email", "sms", "whatsapp")}
    return await staff.data("POST", "/plans", {"name": uuid4().hex, "channels": granted, "rates": rates})


async def user_on(stack: Stack, staff: Staff, plan: dict[str, Any]) -> User:
    user = await staff.user(plan=plan["id"])
    for channel in ("email", "sms", "whatsapp"):
        await stack.gateway(user["id"], channel, "sandbox", {})
    return User(user["id"], (await staff.data("POST", "/keys", {"user": user["id"]}))["key"])


async def prices(stack: Stack, user: User, channel: str, *contacts: dict[str, Any]) -> list[int]:
    answer = await stack.send(user, channel, *contacts)
    assert answer.status_code == 200, answer.text
    return [item["credits"] for item in answer.json()["data"]]


@pytest.mark.parametrize(
    ("channel", "contacts", "expected"),
    [
        ("sms", [SMS, SMS | {"body": "x" * 200}], [2, 4]),
        ("sms", [SMS | {"number": number} for number in ("+4930123456", "+4915112345678", "+33612345678")], [3, 4, 0]),
        ("email", [EMAIL, EMAIL | {"cc": ["bob@example.com", "eve@example.com"]}], [5, 15]),
        ("whatsapp", [WHATSAPP, WHATSAPP | {"number": "+4915112345678"}], [0, 7]),
        (
            "whatsapp",
            [
                {"number": WHATSAPP["number"], "template": TEMPLATE | more}
                for more in ({"category": "MARKETING"}, {"category": "utility"}, {})
            ],
            [6, 1, 6],
        ),
        (
            "whatsapp",
            [
                WHATSAPP | {"template_if_closed": TEMPLATE | {"category": category}}
                for category in ("marketing", "utility")
            ],
            [6, 1],
        ),
    ],
)
async def test_messages_cost_what_the_most_specific_rate_says(stack: Stack, channel, contacts, expected):
    staff = await admin(stack)
    user = await user_on(stack, staff, await plan_with(staff, RATES))
    assert await prices(stack, user, channel, *contacts) == expected


async def test_what_is_charged_is_what_was_answered_and_the_ledger_agrees(stack: Stack):
    staff = await admin(stack)
    user = await user_on(stack, staff, await plan_with(staff, RATES))
    numbers = ["+4930123456", "+33612345678", SMS["number"]]
    answer = await stack.send(user, "sms", *[SMS | {"number": number} for number in numbers])
    ends = [await stack.final(user, "sms", item["uid"]) for item in answer.json()["data"]]
    assert [(end["credit"]["amount"], end["credit"]["state"]) for end in ends] == [
        (3, "captured"),
        (0, "free"),
        (2, "captured"),
    ]
    wallet = (await credits.show(stack.pool, user.id))["sms"]
    assert (wallet.available, wallet.held, wallet.spent) == (4995, 0, 5)
    assert await credits.audit(stack.pool) == []


def test_fallbacks_are_priced_by_the_rates_of_their_own_channels():
    prices = priced([Rate("sms", "", None, 2), Rate("email", "", None, 5)])
    terms = Terms("UTC", None, 1, None, prices=prices)
    steps = [
        {"channel": "email", "after": "1s", **EMAIL, "cc": ["bob@example.com"]},
        {"channel": "whatsapp", "after": "1s", "message": "Hi"},
        {"channel": "sms", "after": "1s", "body": "x" * 200},
    ]
    read = read_request(json.dumps({"contact": [SMS | {"fallback": steps}]}).encode(), Channel.SMS, terms)
    (message,) = read.contacts.content.messages
    assert [message.price, *(step.price for step in message.fallback)] == [2, 10, 1, 4]


async def test_a_batch_is_priced_by_the_same_rule(stack: Stack):
    staff = await admin(stack)
    user = await user_on(stack, staff, await plan_with(staff, RATES))
    answer = (await stack.send(user, "sms", *[SMS | {"number": f"+49151{n:08}"} for n in range(501)])).json()
    assert {item["credits"] for item in answer["data"]} == {4}
    await ended(stack, user, answer["batch"])
    assert (await credits.show(stack.pool, user.id))["sms"].spent == 4 * 501


async def test_a_copy_that_is_not_sent_is_not_charged_at_the_rate(stack: Stack):
    staff = await admin(stack)
    user = await user_on(stack, staff, await plan_with(staff, RATES))
    async with stack.pool.connection() as conn:
        await conn.execute("insert into suppressions values (%s, 'email', 'bob@example.com', 'x')", (user.id,))
    answer = await stack.send(user, "email", EMAIL | {"cc": ["bob@example.com", "eve@example.com"]})
    await stack.final(user, "email", answer.json()["data"][0]["uid"])
    assert (await credits.show(stack.pool, user.id))["email"].spent == 10


async def test_an_empty_wallet_still_sends_what_is_free(stack: Stack):
    staff = await admin(stack)
    plan = await staff.data("POST", "/plans", {"name": uuid4().hex, "rates": RATES})
    user = await user_on(stack, staff, plan)
    assert await prices(stack, user, "sms", SMS | {"number": "+33612345678"}) == [0]
    assert_error(await stack.send(user, "sms", SMS), 402, "no_credit")


async def test_admin_keys_pay_nothing_whatever_the_rates(stack: Stack):
    await stack.gateway(0, "sms", "sandbox", {})
    assert await prices(stack, await stack.admin(), "sms", SMS | {"body": "x" * 200}) == [0]


async def test_a_confirmation_of_stop_costs_the_rate(stack: Stack):
    staff = await admin(stack)
    user, gateway = await sms_user(stack)
    plan = await staff.data("POST", "/plans", {"name": uuid4().hex, "rates": [{"channel": "sms", "credits": 9}]})
    await staff.data("PUT", f"/users/{user.id}/plan", {"plan": plan["id"]})
    await stack.http.put("/api/inbound/keywords", json={"replies": {"stop": "Bye."}}, headers=user.headers)
    await says(stack, gateway, "stop")
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select reply_page from inbound_messages where account_id = %s", (user.id,))
        ((uid,),) = await cursor.fetchall()
    assert (await stack.final(user, "sms", str(uid)))["credit"]["amount"] == 9


async def test_changed_rates_count_from_the_next_request_on_in_every_process(stack: Stack):
    staff = await admin(stack)
    plan = await plan_with(staff, [])
    user = await user_on(stack, staff, plan)
    async with serve_api(stack.settings) as url, httpx.AsyncClient(base_url=url) as http:
        for price in (1, 2, 3, 2, 1):
            rates = [{"channel": "sms", "credits": price}] if price > 1 else []
            await staff.data("PATCH", f"/plans/{plan['id']}", {"rates": rates})
            for client in (http, stack.http):
                answer = await client.post("/api/sms/send", json={"contact": [SMS]}, headers=user.headers)
                assert answer.json()["data"][0]["credits"] == price


WRONG = [
    ({"channel": "fax", "credits": 1}, "enum", "/rates/1/channel"),
    ({"channel": "sms"}, "missing", "/rates/1/credits"),
    ({"channel": "sms", "credits": -1}, "greater_than_equal", "/rates/1/credits"),
    ({"channel": "sms", "credits": 100_001}, "less_than_equal", "/rates/1/credits"),
    ({"channel": "sms", "credits": True}, "int_type", "/rates/1/credits"),
    ({"channel": "sms", "credits": 1, "prefix": "49"}, "string_pattern_mismatch", "/rates/1/prefix"),
    ({"channel": "sms", "credits": 1, "prefix": "+"}, "string_pattern_mismatch", "/rates/1/prefix"),
    ({"channel": "sms", "credits": 1, "prefix": "+0"}, "string_pattern_mismatch", "/rates/1/prefix"),
    ({"channel": "sms", "credits": 1, "prefix": "+49\n"}, "string_pattern_mismatch", "/rates/1/prefix"),
    ({"channel": "sms", "credits": 1, "prefix": "+" + "1" * 16}, "string_pattern_mismatch", "/rates/1/prefix"),
    ({"channel": "sms", "credits": 1, "category": "marketing"}, "rate_category", "/rates/1/category"),
    ({"channel": "whatsapp", "credits": 1, "category": "spam"}, "literal_error", "/rates/1/category"),
    ({"channel": "email", "credits": 1, "prefix": "+49"}, "rate_prefix", "/rates/1/prefix"),
    ({"channel": "sms", "credits": 1, "country": "DE"}, "extra_forbidden", "/rates/1/country"),
    ({"channel": "sms", "prefix": "+49", "credits": 2}, "rate_repeated", "/rates/1"),
]


@pytest.mark.parametrize(("rate", "code", "pointer"), WRONG)
async def test_a_rate_that_cannot_be_is_refused_where_it_stands(stack: Stack, rate, code, pointer):
    staff = await admin(stack)
    rates = [{"channel": "sms", "prefix": "+49", "credits": 1}, rate]
    assert_error(await staff.call("POST", "/plans", {"name": uuid4().hex, "rates": rates}), 422, code, pointer)
    plan = await plan_with(staff, RATES)
    assert_error(await staff.call("PATCH", f"/plans/{plan['id']}", {"rates": rates}), 422, code, pointer)
    assert await staff.data("GET", f"/plans/{plan['id']}") == plan


async def test_a_plan_takes_2000_rates_and_no_more(stack: Stack):
    staff = await admin(stack)
    rates = [{"channel": "sms", "prefix": f"+{n}", "credits": 2} for n in range(1000, 3001)]
    plan = await plan_with(staff, rates[:-1])
    assert len(plan["rates"]) == 2000
    user = await user_on(stack, staff, plan)
    begun = time.process_time()
    assert await prices(stack, user, "sms", SMS | {"number": "+15005550006"}) == [2]
    assert time.process_time() - begun < 5
    refused = await staff.call("PATCH", f"/plans/{plan['id']}", {"rates": rates})
    assert_error(refused, 422, "too_long", "/rates")


async def test_the_log_tells_which_rates_went_and_came(stack: Stack):
    staff = await admin(stack)
    plan = await plan_with(staff, RATES)
    await staff.data("PATCH", f"/plans/{plan['id']}", {"rates": [*RATES[1:], {"channel": "sms", "credits": 9}]})
    (event,) = (await staff.call("GET", "/audit?action=plan.updated&limit=1")).json()["data"]
    (change,) = event["changes"]
    assert [rate["credits"] for rate in change["from"] + change["to"]] == [2, 9]
    assert (event["metadata"]["rates_removed"], event["metadata"]["rates_added"]) == (1, 1)
