"""What messages of steps have beside their text: preheaders, and fallbacks on other channels."""

import asyncio

from tests.api.answers import assert_error
from tests.api.automations.automations import ada, call, data, entered, flow, holder, published, reaches, sms
from tests.stack import Stack, User

REFUSED = "+15005550001"


async def arrived(stack: Stack, user: User, channel: str, count: int) -> list[dict]:
    """What the sandbox has got from a user on a channel."""
    admin = await stack.admin()
    async with asyncio.timeout(30):
        while True:
            async with stack.pool.connection() as conn:
                cursor = await conn.execute(
                    "select uid from messages where account_id = %s and channel = %s", (user.id, channel)
                )
                uids = [uid for (uid,) in await cursor.fetchall()]
            found = []
            for uid in uids:
                answer = await stack.http.get(
                    "/api/admin/v1/sandbox/messages", params={"uid": uid, "reveal": True}, headers=admin.headers
                )
                found += answer.json()["data"]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.1)


async def test_a_preheader_is_hidden_at_the_beginning_of_an_email(stack: Stack):
    user = await holder(stack)
    content = {"subject": "Hi", "preheader": "For {{ contact.first_name }} & co", "message": "<body class=x><p>text"}
    await published(stack, user, flow({"kind": "send", "channel": "email", "content": content}))
    contact = await ada(stack, user, email="ada@example.com")
    await reaches(stack, user, await entered(stack, user, contact))
    [mail] = await arrived(stack, user, "email", 1)
    html = mail["html"]
    assert html.index("<body") < html.index("display:none") < html.index("For Ada &amp; co") < html.index("<p>text")


async def test_a_message_that_fails_is_followed_by_its_fallback(stack: Stack):
    user = await holder(stack)
    fallback = {
        "channel": "email",
        "after": "10m",
        "content": {"subject": "Parcel {{ event.n }}", "message": "<b>{{ contact.first_name }}</b>"},
    }
    await published(stack, user, flow(sms(fallback=[fallback])))
    contact = await ada(stack, user, phone=REFUSED, email="ada@example.com", first_name="A<i>da")
    found = await reaches(stack, user, await entered(stack, user, contact, n=7))
    assert found["state"] == "completed"
    [mail] = await arrived(stack, user, "email", 1)
    assert (mail["to"], mail["subject"]) == ("ada@example.com", "Parcel 7")
    assert "<b>A&lt;i&gt;da</b>" in mail["html"]


async def test_who_has_no_address_for_a_fallback_gets_the_message_alone(stack: Stack):
    user = await holder(stack)
    fallback = {"channel": "email", "after": "1h", "content": {"subject": "s", "message": "m"}}
    await published(stack, user, flow(sms("first", fallback=[fallback], lane="transactional"), sms("second")))
    found = await reaches(stack, user, await entered(stack, user, await ada(stack, user)))
    assert found["state"] == "completed", found
    assert {one["body"] for one in await arrived(stack, user, "sms", 2)} == {"first", "second"}


async def test_a_fallback_must_be_able_to_go(stack: Stack):
    user = await holder(stack)
    one = {"channel": "email", "after": "1h", "gateway": "nowhere", "content": {"subject": "s", "message": "m"}}
    two = {"channel": "email", "after": "1h", "template": "cart"}
    await data(stack, user, "POST", "/automations", flow(sms(fallback=[one, two])))
    refused = await call(stack, user, "POST", "/automations/welcome/publish")
    places = ("/steps/0/fallback/0/gateway", "/steps/0/fallback/1/template")
    body = assert_error(refused, 422, "gateway_not_found", *places)
    assert [error["code"] for error in body["errors"]] == ["gateway_not_found", "not_available"]
