"""Suppressions, messages from people, and callback endpoints, as staff sees and changes them."""

from datetime import UTC, datetime
from uuid import uuid4

from store.callbacks import callback_endpoints, callbacks
from store.callbacks.callback_endpoints import NewEndpoint
from store.callbacks.callbacks import Notice
from tests.api.admin import admin
from tests.api.answers import send_one
from tests.stack import Stack


def number() -> str:
    return f"+1415555{uuid4().int % 10_000:04}"


async def test_a_suppressed_recipient_gets_nothing_until_that_is_ended(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=10)
    await stack.gateway(user.id, "sms", "sandbox", {})
    who = {"user": user.id, "channel": "sms", "recipient": "+1 (415) 555-0123"}
    dry = await staff.call("POST", "/suppressions?dry_run=true", who)
    assert dry.json()["data"]["recipient"] == "+14155550123"
    assert await staff.data("GET", f"/suppressions?user={user.id}") == []
    await staff.data("POST", "/suppressions", {**who, "reason": "asked by phone"})
    again = await staff.data("POST", "/suppressions", {**who, "reason": "other"})
    assert again["reason"] == "asked by phone"
    item = await send_one(stack, user, number="+14155550123")
    data = await stack.final(user, "sms", item["uid"])
    assert (data["state"], data["code"]) == ("rejected", "suppressed")
    assert (await staff.data("GET", f"/suppressions?user={user.id}&recipient=%2B14155550123"))[0]["user_id"] == user.id
    await staff.data("POST", "/suppressions/remove", who)
    assert (await staff.call("POST", "/suppressions/remove", who)).status_code == 404
    item = await send_one(stack, user, number="+14155550123")
    assert (await stack.final(user, "sms", item["uid"]))["state"] == "sent"


async def test_what_is_no_recipient_of_the_channel_is_refused(stack: Stack):
    staff, user = await admin(stack), await stack.user()
    for channel, recipient in (("sms", "a@example.com"), ("email", "+14155550123"), ("sms", "4155550123"), ("sms", "")):
        answer = await staff.call(
            "POST", "/suppressions", {"user": user.id, "channel": channel, "recipient": recipient}
        )
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/recipient"), answer.text
    unknown = {"user": 2**62, "channel": "sms", "recipient": "+14155550123"}
    assert (await staff.call("POST", "/suppressions", unknown)).status_code == 404


async def test_recipients_are_masked_for_staff_unless_revealed(stack: Stack):
    owner, user = await admin(stack), await stack.user()
    reader = await owner.colleague("read-only")
    await owner.data("POST", "/suppressions", {"user": user.id, "channel": "sms", "recipient": "+14155550123"})
    (shown,) = await reader.data("GET", f"/suppressions?user={user.id}")
    assert shown["recipient"] == "+14•••23"
    assert (await reader.call("GET", f"/suppressions?user={user.id}&reveal=true")).status_code == 403
    assert "+14155550123" not in (await reader.call("GET", f"/suppressions?user={user.id}&format=csv")).text


async def test_a_long_list_comes_page_by_page(stack: Stack):
    staff, user = await admin(stack), await stack.user()
    numbers = [f"+141555501{n:02}" for n in range(7)]
    for recipient in numbers:
        await staff.data("POST", "/suppressions", {"user": user.id, "channel": "sms", "recipient": recipient})
    found, cursor = [], ""
    while True:
        answer = (await staff.call("GET", f"/suppressions?user={user.id}&limit=3{cursor}")).json()
        found += [row["recipient"] for row in answer["data"]]
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert found == numbers[::-1]


async def test_messages_from_people_are_listed_without_their_texts_for_who_may_not_see_them(stack: Stack):
    owner, user, sender = await admin(stack), await stack.user(), number()
    async with stack.pool.connection() as conn:
        await conn.execute(
            """insert into inbound_messages (id, gateway_id, account_id, channel, sender, recipient, body, media, at)
               values (%s, %s, %s, 'sms', %s, '+14155550000', 'a secret', '{}', now())""",
            (uuid4(), uuid4(), user.id, sender),
        )
    (shown,) = await owner.data("GET", f"/inbound?user={user.id}")
    assert (shown["sender"], shown["body"], shown["user_id"]) == (sender, "a secret", user.id)
    reader = await owner.colleague("read-only")
    (masked,) = await reader.data("GET", f"/inbound?sender=%2B{sender[1:]}&user={user.id}")
    assert (masked["body"], masked["sender"] == sender) == ("", False)
    assert (await owner.data("GET", f"/inbound?user={user.id}&keyword=stop")) == []


async def test_endpoints_are_listed_disabled_and_their_deliveries_repeated(stack: Stack):
    owner, user, endpoint = await admin(stack), await stack.user(), uuid4()
    secret = await callback_endpoints.add(
        stack.pool, stack.keyring, NewEndpoint(endpoint, user.id, "https://example.com/hook")
    )
    async with stack.pool.connection() as conn:
        notice = Notice(user.id, "endpoint.test", None, datetime.now(UTC), {"to": "+14155550123"}, "one")
        delivery = await callbacks.queue_for(conn, endpoint, notice)
    (shown,) = await owner.data("GET", f"/callbacks?user={user.id}&state=enabled")
    assert (shown["id"], shown["user_id"], shown["enabled"]) == (str(endpoint), user.id, True)
    answer = await owner.call("GET", f"/callbacks/{endpoint}/deliveries")
    assert (answer.json()["data"][0]["id"], answer.json()["data"][0]["data"]) == (str(delivery), None)
    assert secret not in answer.text
    disabled = await owner.data("POST", f"/callbacks/{endpoint}/disable")
    assert disabled["enabled"] is False
    assert (await owner.call("POST", f"/callbacks/{endpoint}/deliveries/{delivery}/replay")).status_code == 409
    assert (await owner.data("POST", f"/callbacks/{endpoint}/enable"))["enabled"] is True
    await owner.data("POST", f"/callbacks/{endpoint}/deliveries/{delivery}/replay")
    assert (await owner.call("POST", f"/callbacks/{endpoint}/deliveries/{uuid4()}/replay")).status_code == 404
    assert (await owner.call("GET", f"/callbacks/{uuid4()}")).status_code == 404
