"""Who wants no more marketing gets all other messages still."""

import json
from uuid import uuid4

import pytest

from domain.messages.receipts import Inbound, ReceiptsSource, encode_events
from tests.api.answers import deliveries
from tests.stack import Stack, User
from workflows.policy import receipts_options

NUMBER = "+14155550177"
TEMPLATE = {"name": "offer", "language": "en_US", "components": []}


async def whatsapp_user(stack: Stack) -> tuple[User, str]:
    """A user with a gateway of his own, and the gateway's id."""
    user = await stack.user(credit=100)
    name = await stack.gateway(user.id, "whatsapp", "sandbox", {})
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select id from gateways where identifier = %s", (name,))
        (gateway,) = await cursor.fetchone()
    return user, str(gateway)


async def heard(stack: Stack, gateway: str, **more) -> None:
    said = Inbound(uuid4().hex, 1700000000.0, NUMBER, "15550953877", **more)
    await stack.temporal.execute_workflow(
        "ReceiptsWorkflow",
        args=[ReceiptsSource("whatsapp", [gateway], inbound=True), encode_events([said])],
        id=f"receipts-test-{uuid4()}",
        **receipts_options(gateway),
    )


async def final(stack: Stack, user: User, **contact) -> dict:
    answer = await stack.send(user, "whatsapp", {"number": NUMBER, **contact})
    return await stack.final(user, "whatsapp", answer.json()["data"][0]["uid"])


def offer(category: str | None) -> dict:
    return {"template": TEMPLATE | ({"category": category} if category else {})}


@pytest.mark.parametrize("category", ["marketing", "MARKETING"])
async def test_no_marketing_goes_to_who_stopped_it_until_it_is_resumed(stack: Stack, category: str):
    user, gateway = await whatsapp_user(stack)
    assert (await final(stack, user, **offer(category)))["state"] == "sent"
    await heard(stack, gateway, kind="user_preferences", content='{"value":"stop"}', marketing="stop")
    stopped = await final(stack, user, **offer(category))
    assert (stopped["state"], stopped["code"]) == ("cancelled", "marketing_opted_out")
    assert stopped["credit"]["state"] == "released"
    await heard(stack, gateway, kind="user_preferences", marketing="resume")
    assert (await final(stack, user, **offer(category)))["state"] == "sent"


async def test_all_other_messages_go_to_who_stopped_marketing(stack: Stack):
    user, gateway = await whatsapp_user(stack)
    await heard(stack, gateway, marketing="stop")
    for contact in (offer("utility"), offer("authentication"), offer(None), {"message": "marketing"}):
        assert (await final(stack, user, **contact))["state"] == "sent"


async def test_one_request_may_hold_both_sorts(stack: Stack):
    user, gateway = await whatsapp_user(stack)
    await heard(stack, gateway, marketing="stop")
    contacts = [{"number": NUMBER, **offer("marketing")}, {"number": NUMBER, "message": "Your code is 1234"}]
    sent = (await stack.send(user, "whatsapp", *contacts, {"number": "+14155550178", **offer("marketing")})).json()
    states = [(await stack.final(user, "whatsapp", one["uid"]))["state"] for one in sent["data"]]
    assert states == ["cancelled", "sent", "sent"]


async def test_a_stop_of_everything_is_lifted_by_start_alone(stack: Stack):
    user, gateway = await whatsapp_user(stack)
    await heard(stack, gateway, body="STOP")
    await heard(stack, gateway, marketing="resume")
    assert (await final(stack, user, message="Hi"))["code"] == "suppressed"
    await heard(stack, gateway, marketing="stop")
    await heard(stack, gateway, body="START")
    assert (await final(stack, user, **offer("marketing")))["state"] == "sent"


async def test_a_category_that_meta_does_not_have_is_refused(stack: Stack):
    user, _ = await whatsapp_user(stack)
    answer = await stack.send(user, "whatsapp", {"number": NUMBER, **offer("promotion")})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/contact/0/template/category"


async def test_a_template_reaches_its_gateway_with_the_category_only_where_it_has_one(stack: Stack):
    user, _ = await whatsapp_user(stack)
    for category in ("utility", None):
        uid = (await final(stack, user, **offer(category)))["uid"]
        (delivered,) = await deliveries(stack, uid)
        template = delivered["template"]
        template = json.loads(template) if isinstance(template, str) else template
        assert template == TEMPLATE | ({"category": category} if category else {})


async def test_what_a_message_holds_is_listed_and_told(stack: Stack):
    user, gateway = await whatsapp_user(stack)
    await heard(stack, gateway, kind="location", content='{"latitude":41.0,"longitude":29.0}', sender_id="1@lid")
    await heard(stack, gateway, body="hi")
    answer = await stack.http.get("/api/inbound", headers=user.headers)
    text, place = answer.json()["data"]
    assert (text["type"], text["content"], text["sender_id"]) == ("text", None, None)
    assert (place["type"], place["content"], place["sender_id"]) == (
        "location",
        {"latitude": 41.0, "longitude": 29.0},
        "1@lid",
    )
