"""The life of a message that a phone sends: from the send API to its outcome, and back from a phone."""

import asyncio
from datetime import timedelta
from uuid import UUID

from domain.devices.messages import Report, Session
from domain.ids import page_of, send_workflow_id
from services.devices.handing import hand_out
from store.gateways import gateways
from tests.api.admin import admin
from tests.api.batches import wallet
from tests.devices.made import PhoneGateway, eventually, move_back, phone_gateway
from tests.stack import Stack, User

NUMBER = "+4915112345678"


async def sent(stack: Stack, user: User, gateway: PhoneGateway, *numbers: str, **more: object) -> list[str]:
    """Send to these numbers through a gateway; returns the uids."""
    contacts = [
        {"number": number, "body": f"hello {at}", "gateway_identifier": gateway.identifier, **more}
        for at, number in enumerate(numbers)
    ]
    answer = await stack.send(user, "sms", *contacts)
    assert answer.status_code == 200, answer.text
    return [one["uid"] for one in answer.json()["data"]]


async def page_ends(stack: Stack, uid: str) -> None:
    async with asyncio.timeout(20):
        await stack.temporal.get_workflow_handle(send_workflow_id(page_of(UUID(uid)))).result()


async def is_delivered(stack: Stack, uid: str) -> None:
    query = "select state from messages where uid = %s"
    await eventually(stack.pool, lambda rows: rows[0][0] == "delivered", query, (uid,))


async def test_a_message_waits_for_a_phone_and_is_sent_by_it(stack: Stack):
    user = await stack.user(credit=10)
    gateway = await phone_gateway(stack, user)
    (uid,) = await sent(stack, user, gateway, NUMBER)
    await gateway.waiting(1)

    waits = await stack.status(user, "sms", uid)
    assert (waits["state"], waits["waiting"]["for"], waits["waiting"]["device"]) == ("queued", "device", None)
    assert waits["waiting"]["gateway"] == gateway.identifier

    phone = await gateway.phone()
    (offer,) = await phone.pulled()
    assert (offer.recipient, offer.body, offer.parts, offer.sim) == (NUMBER, "hello 0", 1, "sim-1")
    handed = await stack.status(user, "sms", uid)
    assert (handed["state"], handed["waiting"]["device"]["id"]) == ("processing", str(phone.session.device_id))
    assert handed["waiting"]["sim"] == {"uid": "sim-1", "label": None}
    assert await wallet(stack, user) == (9, 1, 0)

    await phone.say(offer, "accepted", "sent")
    final = await stack.final(user, "sms", uid)
    assert (final["state"], final["status"]) == ("sent", "processing")
    await page_ends(stack, uid)
    kept = await eventually(stack.pool, bool, "select recipient, body from device_messages where uid = %s", (uid,))
    assert kept == [("", None)]  # late reports need neither
    assert await wallet(stack, user) == (9, 0, 1)

    await phone.say(offer, "delivered")
    await eventually(
        stack.pool, lambda rows: rows[0][0] == "delivered", "select state from messages where uid = %s", (uid,)
    )


async def test_a_message_with_a_phone_is_offered_to_no_other_and_again_to_it(stack: Stack):
    user = await stack.user()
    gateway = await phone_gateway(stack, user)
    one, other = await gateway.phone(), await gateway.phone()
    await sent(stack, user, gateway, NUMBER)
    (offer,) = await one.pulled()

    await move_back(stack.pool, "device_messages", "offered_at", "uid = %s", timedelta(minutes=1), offer.uid)
    assert await other.pull() == []
    (again,) = await one.pull()
    assert (again.uid, again.attempt, again.offers) == (offer.uid, offer.attempt, 2)
    assert await one.pull() == []  # not all the time


async def test_what_a_sim_surely_did_not_send_goes_to_another_phone(stack: Stack):
    user = await stack.user(credit=10)
    gateway = await phone_gateway(stack, user)
    one, other = await gateway.phone(), await gateway.phone()
    (uid,) = await sent(stack, user, gateway, NUMBER)
    (offer,) = await one.pulled()

    await one.say(offer, "failed", code="RESULT_ERROR_NO_SERVICE")
    (second,) = await other.pulled()
    assert (second.uid, second.attempt) == (offer.uid, offer.attempt + 1)
    assert await one.pull() == []  # its SIM is left alone
    await other.say(second, "sent")
    final = await stack.final(user, "sms", uid)
    assert (final["state"], [each["outcome"] for each in final["attempts"]]) == ("sent", ["retry_later", "accepted"])
    assert await wallet(stack, user) == (9, 0, 1)


async def test_a_refusal_ends_the_message_and_returns_its_credit(stack: Stack):
    user = await stack.user(credit=10)
    gateway = await phone_gateway(stack, user)
    phone = await gateway.phone()
    (uid,) = await sent(stack, user, gateway, NUMBER)
    (offer,) = await phone.pulled()
    await phone.say(offer, "failed", code="RESULT_ERROR_SHORT_CODE_NOT_ALLOWED")
    final = await stack.final(user, "sms", uid)
    assert (final["state"], final["code"]) == ("rejected", "android_short_code_not_allowed")
    await page_ends(stack, uid)
    assert await wallet(stack, user) == (10, 0, 0)


async def test_repeated_reordered_and_late_reports_change_nothing(stack: Stack):
    user = await stack.user(credit=10)
    gateway = await phone_gateway(stack, user)
    phone = await gateway.phone()
    (uid,) = await sent(stack, user, gateway, NUMBER)
    (offer,) = await phone.pulled()
    await phone.say(offer, "delivered")  # before "sent"
    await phone.say(offer, "sent", "accepted", "sent")
    await phone.say(offer, "cancelled")
    await eventually(
        stack.pool, lambda rows: rows[0][0] == "delivered", "select state from messages where uid = %s", (uid,)
    )
    await page_ends(stack, uid)
    assert await wallet(stack, user) == (9, 0, 1)
    assert (await phone.say(offer, "sent")).accepted == 1


async def test_reports_of_messages_of_others_are_ignored(stack: Stack):
    user = await stack.user()
    gateway = await phone_gateway(stack, user)
    one, other = await gateway.phone(), await gateway.phone()
    (uid,) = await sent(stack, user, gateway, NUMBER)
    (offer,) = await one.pulled()
    assert (await other.say(offer, "sent")).ignored == [UUID(uid)]
    assert (await stack.status(user, "sms", uid))["state"] == "processing"


async def test_a_message_that_no_phone_has_is_cancelled_at_once(stack: Stack):
    user = await stack.user(credit=10)
    gateway = await phone_gateway(stack, user)
    uid, kept = await sent(stack, user, gateway, NUMBER, "+4915112345679")
    await gateway.waiting(2)
    answer = await stack.http.post(f"/api/sms/{uid}/cancel", headers=user.headers)
    assert answer.status_code == 200, answer.text
    assert (await stack.final(user, "sms", uid))["state"] == "cancelled"
    phone = await gateway.phone()
    (offer,) = await phone.pulled()
    assert str(offer.uid) == kept
    await phone.say(offer, "sent")
    await page_ends(stack, uid)
    assert await wallet(stack, user) == (9, 0, 1)


async def test_a_phone_is_asked_to_give_back_a_message_that_is_cancelled(stack: Stack):
    user = await stack.user(credit=10)
    gateway = await phone_gateway(stack, user)
    phone = await gateway.phone()
    (uid,) = await sent(stack, user, gateway, NUMBER)
    (offer,) = await phone.pulled()
    answer = await stack.http.post(f"/api/sms/{uid}/cancel", headers=user.headers)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "with_device")
    assert (await stack.status(user, "sms", uid))["waiting"]["is_cancelling"]

    (asked,) = await phone.pull()
    assert (asked.uid, asked.is_cancelling) == (offer.uid, True)
    assert (await phone.say(asked, "accepted")).cancel == [offer.uid]
    await phone.say(asked, "cancelled")
    assert (await stack.final(user, "sms", uid))["state"] == "cancelled"
    assert await wallet(stack, user) == (10, 0, 0)


async def test_what_no_phone_took_in_time_goes_to_the_next_gateway(stack: Stack):
    user = await stack.user()
    gateway = await phone_gateway(stack, user, give_back_after=3600)
    await stack.gateway(user.id, "sms", "sandbox", {}, priority=500)
    answer = await stack.send(user, "sms", {"number": NUMBER, "body": "hello"})
    uid = answer.json()["data"][0]["uid"]
    await gateway.waiting(1)
    await move_back(stack.pool, "device_messages", "give_back_at", "uid = %s", timedelta(hours=1), UUID(uid))
    final = await stack.final(user, "sms", uid, timeout=30)
    assert (final["state"], [each["outcome"] for each in final["attempts"]]) == ("sent", ["gateway_down", "accepted"])


async def test_what_no_phone_took_while_it_was_valid_expires(stack: Stack):
    user = await stack.user(credit=10)
    gateway = await phone_gateway(stack, user)
    (uid,) = await sent(stack, user, gateway, NUMBER)
    await gateway.waiting(1)
    await move_back(stack.pool, "device_messages", "valid_until", "uid = %s", timedelta(days=2), UUID(uid))
    final = await stack.final(user, "sms", uid, timeout=30)
    assert (final["state"], final["code"]) == ("expired", "device_expired")
    assert await wallet(stack, user) == (10, 0, 0)


async def test_a_phone_that_stays_silent_leaves_its_message_unknown_until_it_speaks(stack: Stack):
    user = await stack.user(credit=10)
    gateway = await phone_gateway(stack, user)
    phone = await gateway.phone()
    (uid,) = await sent(stack, user, gateway, NUMBER)
    (offer,) = await phone.pulled()
    await move_back(stack.pool, "device_messages", "valid_until", "uid = %s", timedelta(days=2), UUID(uid))
    assert (await stack.final(user, "sms", uid, timeout=30))["state"] == "unknown"
    await page_ends(stack, uid)
    await phone.say(offer, "sent")
    assert (await stack.final(user, "sms", uid))["state"] == "sent"
    assert await wallet(stack, user) == (9, 0, 1)


async def test_a_session_that_is_no_longer_the_devices_gets_nothing(stack: Stack):
    user = await stack.user()
    gateway = await phone_gateway(stack, user)
    phone = await gateway.phone()
    await sent(stack, user, gateway, NUMBER)
    await gateway.waiting(1)
    own = phone.session
    stolen = Session(own.device_id, own.gateway_id, own.account_id, own.protocol, own.name, b"another")
    answer = await hand_out(stack.pool, [stolen], 10)
    assert (answer.offers, answer.ended) == ({}, {own.device_id})


async def test_a_report_of_a_session_that_has_ended_meanwhile_is_not_taken(stack: Stack):
    user = await stack.user()
    gateway = await phone_gateway(stack, user)
    phone = await gateway.phone()
    (uid,) = await sent(stack, user, gateway, NUMBER)
    (offer,) = await phone.pulled()
    async with stack.pool.connection() as conn:
        await conn.execute("update devices set session = 'another' where id = %s", (phone.session.device_id,))
    told = [Report(offer.uid, offer.attempt, "sent")]
    assert await phone.tell(told) is None
    assert (await stack.status(user, "sms", uid))["state"] == "processing"


async def test_a_long_message_of_which_parts_may_have_left_is_sent_by_no_other_phone(stack: Stack):
    user = await stack.user(credit=10)
    gateway = await phone_gateway(stack, user)
    one, other = await gateway.phone(), await gateway.phone()
    answer = await stack.send(
        user, "sms", {"number": NUMBER, "body": "x" * 200, "gateway_identifier": gateway.identifier}
    )
    uid = answer.json()["data"][0]["uid"]
    (offer,) = await one.pulled()
    assert offer.parts == 2
    await one.say(offer, "failed", code="RESULT_ERROR_NO_SERVICE")
    assert (await stack.final(user, "sms", uid))["state"] == "unknown"
    assert await other.pull() == []
    await one.say(offer, "sent", part=1, parts=2)
    await one.say(offer, "sent", part=2, parts=2)
    assert (await stack.final(user, "sms", uid))["state"] == "sent"


async def test_what_waits_for_phones_of_a_gateway_that_is_disabled_goes_to_the_next_one(stack: Stack):
    user = await stack.user()
    gateway = await phone_gateway(stack, user)
    await stack.gateway(user.id, "sms", "sandbox", {}, priority=500)
    answer = await stack.send(user, "sms", {"number": NUMBER, "body": "hello"})
    await gateway.waiting(1)
    await gateways.set_enabled(stack.pool, gateway.id, False)
    final = await stack.final(user, "sms", answer.json()["data"][0]["uid"], timeout=30)
    assert (final["state"], [each["outcome"] for each in final["attempts"]]) == ("sent", ["gateway_down", "accepted"])


async def test_a_suspension_cancels_what_waits_for_a_phone_and_leaves_what_one_has(stack: Stack):
    user = await stack.user(credit=10)
    gateway = await phone_gateway(stack, user)
    phone = await gateway.phone()
    uid, waits = await sent(stack, user, gateway, NUMBER, "+4915112345679")
    await gateway.waiting(2)
    (offer,) = await phone.pull(1)
    assert str(offer.uid) == uid
    await (await admin(stack)).data("POST", f"/users/{user.id}/suspend", None)
    query = "select state from messages where uid = %s"
    await eventually(stack.pool, lambda rows: rows[0][0] == "cancelled", query, (waits,), within=60)
    await (await admin(stack)).data("POST", f"/users/{user.id}/resume", None)
    assert await phone.pull() == []
    await phone.say(offer, "sent")
    await page_ends(stack, uid)
    assert await wallet(stack, user) == (9, 0, 1)
