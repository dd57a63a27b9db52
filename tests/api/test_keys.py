"""What a user key and an admin key may use, what they pay, and as whom they are recorded."""

from uuid import uuid4

import pytest

from domain.channels import Channel
from store.accounts import accounts, credits, plans
from store.gateways import gateways
from store.gateways.gateway_shares import share
from tests.api.answers import SMS, assert_error, deliveries, send_one
from tests.stack import Stack, User


async def plan_with(stack: Stack, *identifiers: str, own_gateways: bool = True) -> str:
    new = plans.NewPlan(
        name=f"plan {uuid4().hex}",
        period="forever",
        own_gateways=own_gateways,
        channels={Channel.SMS: plans.Allowance(credits=5)},
        gateways=list(identifiers),
    )
    return (await plans.create(stack.pool, new)).name


async def shared_with(stack: Stack, user: User) -> str:
    identifier = await stack.gateway(0, "sms", "sandbox", {})
    (gateway,) = await gateways.named(stack.pool, 0, identifier, "sms")
    await share(stack.pool, gateway.id, user.id)
    return identifier


async def test_a_user_sends_through_own_and_shared_gateways_and_those_of_the_plan(stack: Stack):
    user = await stack.user()
    own = await stack.gateway(user.id, "sms", "sandbox", {})
    shared = await shared_with(stack, user)
    of_plan = await stack.gateway(0, "sms", "sandbox", {})
    await accounts.assign_plan(stack.pool, user.id, await plan_with(stack, of_plan), uuid4())
    for identifier in (own, shared, of_plan):
        item = await send_one(stack, user, gateway_identifier=identifier)
        assert (await stack.final(user, "sms", item["uid"]))["gateway"] == identifier


async def test_a_user_does_not_see_other_gateways_of_the_admin_or_of_others(stack: Stack):
    user, other = await stack.user(), await stack.user()
    hidden = await stack.gateway(0, "sms", "sandbox", {})
    foreign = await stack.gateway(other.id, "sms", "sandbox", {})
    email = await stack.gateway(user.id, "email", "sandbox", {})
    for identifier in (hidden, foreign, email):
        answer = await stack.send(user, "sms", SMS, {**SMS, "gateway_identifier": identifier})
        body = assert_error(answer, 404, "gateway_not_found", "/contact/1/gateway_identifier")
        unknown = await stack.send(user, "sms", SMS, {**SMS, "gateway_identifier": "none-of-all"})
        assert unknown.text.replace("none-of-all", identifier) == answer.text
        assert identifier in body["message"]


async def test_a_plan_without_own_gateways_hides_the_users_own(stack: Stack):
    user = await stack.user()
    own = await stack.gateway(user.id, "sms", "sandbox", {})
    await accounts.assign_plan(stack.pool, user.id, await plan_with(stack, own_gateways=False), uuid4())
    answer = await stack.send(user, "sms", {**SMS, "gateway_identifier": own})
    assert_error(answer, 404, "gateway_not_found", "/contact/0/gateway_identifier")


@pytest.mark.parametrize("channel", list(Channel))
async def test_an_admin_key_uses_the_admins_gateways_free_of_charge(stack: Stack, channel):
    admin = await stack.admin()
    identifier = await stack.gateway(0, channel, "sandbox", {})
    item = await send_one(stack, admin, channel, gateway_identifier=identifier)
    assert item["credits"] == 0
    data = await stack.final(admin, channel, item["uid"])
    assert (data["status"], data["gateway"]) == ("delivered", identifier)
    assert data["credit"] == {"amount": 0, "state": "free"}
    assert (data["user_id"], data["by_admin"]) == (None, True)
    (delivered,) = await deliveries(stack, item["uid"])
    assert (delivered["user_id"], delivered["by_admin"]) == (None, True)


async def test_a_users_message_is_recorded_as_theirs_and_charged(stack: Stack):
    user = await stack.user(credit=3)
    await shared_with(stack, user)
    item = await send_one(stack, user)
    assert item["credits"] == 1
    data = await stack.final(user, "sms", item["uid"])
    assert data["credit"] == {"amount": 1, "state": "captured"}
    assert (data["user_id"], data["by_admin"]) == (user.id, False)
    (delivered,) = await deliveries(stack, item["uid"])
    assert (delivered["user_id"], delivered["by_admin"]) == (user.id, False)
    wallet = (await credits.show(stack.pool, user.id))["sms"]
    assert (wallet.available, wallet.held, wallet.spent) == (2, 0, 1)


async def test_an_admin_key_cannot_use_a_users_gateway(stack: Stack):
    user, admin = await stack.user(), await stack.admin()
    theirs = await stack.gateway(user.id, "sms", "sandbox", {})
    answer = await stack.send(admin, "sms", {**SMS, "gateway_identifier": theirs})
    assert_error(answer, 404, "gateway_not_found", "/contact/0/gateway_identifier")


async def test_the_inbox_of_the_sandbox_is_paged_newest_first(stack: Stack):
    admin = await stack.admin()
    identifier = await stack.gateway(0, "sms", "sandbox", {})
    answer = await stack.send(admin, "sms", *[{**SMS, "gateway_identifier": identifier}] * 3)
    sent = {item["uid"] for item in answer.json()["data"]}
    for uid in sent:
        await stack.final(admin, "sms", uid)

    async def page(**params: str | int) -> dict:
        answer = await stack.http.get("/api/admin/v1/sandbox/messages", params=params, headers=admin.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    mine = {(await page(uid=uid))["data"][0]["id"] for uid in sent}
    ids: list[int] = []
    cursor = max(mine) + 1
    while cursor > min(mine):  # between them may be what other tests sent
        body = await page(limit=2, cursor=cursor)
        ids += [entry["id"] for entry in body["data"]]
        cursor = body["next_cursor"]
    assert mine <= set(ids)
    assert ids == sorted(set(ids), reverse=True)


async def test_the_last_page_of_a_list_has_no_cursor(stack: Stack):
    admin = await stack.admin()
    await stack.gateway(0, "sms", "sandbox", {})
    item = await send_one(stack, admin)
    await stack.final(admin, "sms", item["uid"])
    params = {"uid": item["uid"], "limit": 1}
    answer = await stack.http.get("/api/admin/v1/sandbox/messages", params=params, headers=admin.headers)
    body = answer.json()
    assert [entry["uid"] for entry in body["data"]] == [item["uid"]]
    params = {**params, "cursor": body["next_cursor"] or body["data"][0]["id"]}
    answer = await stack.http.get("/api/admin/v1/sandbox/messages", params=params, headers=admin.headers)
    assert answer.json() == {"data": [], "next_cursor": None}
