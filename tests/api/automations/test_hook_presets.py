"""Presets: a post of each known system, signed as that system does, lets somebody in, once."""

import asyncio
import json
from importlib.resources import files

import pytest

from api.automations.hooks.models import HookBody
from domain.automations.hooks.prepared import presets
from domain.automations.hooks.schemes import GIVEN_BY_PROVIDER
from tests.api.answers import assert_error
from tests.api.automations.automations import call, data, holder
from tests.api.automations.hooks import entered, failed, listened, made, post, signed
from tests.stack import Stack

GIVEN = "a-secret-of-the-provider"
ALWAYS = {"re_entry": {"mode": "always"}}
EXPECTED = {
    "generic": {"order_id": "A1023"},
    "woocommerce": {"order_id": 727, "total": "29.35", "topic": "order.created"},
    "shopify": {"order_name": "#9999", "total": "403.00", "topic": "orders/create"},
    "stripe": {"amount": 2935, "name": "Ada Lovelace", "topic": "checkout.session.completed"},
    "typeform": {"form": "sAmPlE", "topic": "form_response"},
    "calendly": {"meeting": "Demo", "starts_at": "2026-03-25T09:00:00.000000Z", "topic": "invitee.created"},
}


def headers_of(key: str, secret: str, raw: bytes) -> dict[str, str]:
    preset = presets()[key]
    style = preset.auth["style"]
    return {**preset.sample["headers"], **({} if style == "none" else signed(style, secret, raw))}


@pytest.mark.parametrize("key", EXPECTED)
async def test_a_post_of_a_known_system_lets_somebody_in_once(stack: Stack, key: str):
    user = await holder(stack)
    secret = {"secret": GIVEN} if key in GIVEN_BY_PROVIDER else {}
    hook = await made(stack, user, preset=key, **secret)
    await listened(stack, user, entry=ALWAYS)
    raw = json.dumps(presets()[key].sample["body"]).encode()
    headers = headers_of(key, hook.get("secret", GIVEN), raw)
    answers = [await post(stack, hook["path"], raw, headers) for _ in range(2)]
    assert answers[0].json() == {
        "success": True,
        "message": "Webhook processed",
        "workflows_triggered": 1,
        "contacts_enrolled": 1,
    }
    if key == "generic":
        return
    assert answers[1].json() == answers[0].json()
    (run,) = await entered(stack, user)
    assert {name: run["event"].get(name) for name in EXPECTED[key]} == EXPECTED[key]
    (contact,) = (await call(stack, user, "GET", "/contacts")).json()["data"]
    assert (contact["email"], contact["phone"] is not None) == ("ada@example.com", True)
    assert contact["first_name"] == (None if key == "stripe" else "Ada")


def test_every_preset_is_a_file_and_what_it_says_can_be_asked_for_by_hand():
    assert set(presets()) == set(EXPECTED)
    folder = files("domain.automations.hooks") / "presets"
    for key, preset in presets().items():
        given = {name: getattr(preset, name) for name in ("auth", "map", "delivery", "topic", "unusable")}
        HookBody.model_validate({"name": "x"} | {name: value for name, value in given.items() if value is not None})
        text = (folder / f"{key}.json").read_text()
        assert "@" not in text.replace("ada@example.com", ""), "the person in a sample is invented"


async def test_presets_are_listed(stack: Stack):
    user = await holder(stack)
    listed = (await call(stack, user, "GET", "/hooks/presets")).json()["data"]
    assert [one["key"] for one in listed] == sorted(EXPECTED)
    assert all(one["about"] and one["sample"]["body"] for one in listed)
    assert_error(await call(stack, user, "POST", "/hooks", {"name": "x", "preset": "etsy"}), 422, "preset", "/preset")
    assert_error(await call(stack, user, "POST", "/hooks", {"name": "Presets"}), 422, "hook_name", "/name")


async def test_what_woocommerce_posts_to_see_whether_anybody_answers_is_answered(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, preset="woocommerce")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    ping = await post(stack, hook["path"], b"webhook_id=1", form)
    assert (ping.status_code, ping.json()["contacts_enrolled"]) == (200, 0), ping.text
    forged = await post(stack, hook["path"], b"webhook_id=1&email=eve@example.com", form)
    assert_error(forged, 401, "hook_unauthorized")


async def test_two_orders_of_one_second_are_two_deliveries(stack: Stack):
    """WooCommerce makes the id of a delivery of the time in seconds."""
    user = await holder(stack)
    hook = await made(stack, user, preset="woocommerce")
    await listened(stack, user, entry=ALWAYS)
    for number in (727, 728):
        raw = json.dumps(presets()["woocommerce"].sample["body"] | {"id": number}).encode()
        answer = await post(stack, hook["path"], raw, headers_of("woocommerce", hook["secret"], raw))
        assert answer.json()["workflows_triggered"] == 1
    assert [run["event"]["order_id"] for run in await entered(stack, user)] == [728, 727]


async def test_a_shop_that_gives_up_after_refusals_is_never_refused_what_cannot_be_used(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, preset="shopify", secret=GIVEN)
    await listened(stack, user, entry=ALWAYS)

    async def order(number: int, **values: object):
        raw = json.dumps({"id": number} | values).encode()
        named = {"X-Shopify-Webhook-Id": str(number), "X-Shopify-Topic": "orders/create"}
        return await post(stack, hook["path"], raw, named | signed("shopify", GIVEN, raw))

    nobody = await order(1, email=None)
    assert (nobody.status_code, nobody.json()["message"]) == (200, "Webhook ignored")
    assert await failed(stack, user, 1) == "contact_missing"
    partly = await order(2, email="bob@example.com", phone="none", customer={"first_name": "Bob"})
    assert partly.json()["workflows_triggered"] == 1
    (contact,) = (await call(stack, user, "GET", "/contacts")).json()["data"]
    assert (contact["email"], contact["phone"], contact["first_name"]) == ("bob@example.com", None, "Bob")
    await data(stack, user, "PATCH", "/hooks/shop-cart", {"unusable": "refuse"})
    assert_error(await order(3, email=None), 422, "contact_missing")


@pytest.mark.parametrize("key", [key for key in EXPECTED if key != "generic"])
def test_the_order_of_headers_and_their_case_do_not_matter(key: str):
    named = [place for place in presets()[key].delivery or [] if place.startswith("header:")]
    assert {place.removeprefix("header:").lower() for place in named} <= set(presets()[key].sample["headers"])


async def test_a_delivery_that_comes_fifty_times_at_once_enters_once(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, preset="stripe", secret=GIVEN)
    await listened(stack, user, entry=ALWAYS)
    body = presets()["stripe"].sample["body"]

    async def deliver(number: int):
        raw = json.dumps(body | {"pending_webhooks": number}).encode()  # it differs when Stripe tries again
        return await post(stack, hook["path"], raw, signed("stripe", GIVEN, raw))

    answers = await asyncio.gather(*(deliver(number) for number in range(50)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["workflows_triggered"] == 1
    assert len(await entered(stack, user)) == 1
