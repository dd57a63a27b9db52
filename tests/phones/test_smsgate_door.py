"""Emulated phones that speak as the app "SMS Gateway for Android" does."""

import asyncio
import hmac
import json

import pytest

from phones.network import SessionEnded
from tests.phones.conftest import Bench, kill
from tests.phones.phone_server import TOKEN, PhoneServer


async def test_a_message_is_pulled_when_an_event_says_so(server: PhoneServer, bench: Bench):
    await bench.start(bench.phone("smsgate"))
    await server.happens(lambda: server.orders)
    uid = await server.enqueue("Hello", simNumber=2)
    await server.reaches(uid, "Delivered")
    states = server.statuses(uid)
    assert set(states) <= {"Pending", "Processed", "Sent", "Delivered"}
    (line,) = bench.left
    assert (line["uid"], line["body"]) == (uid, "Hello")
    assert server.reports[-1]["recipients"] == [{"phoneNumber": "+14155550123", "state": "Delivered"}]
    assert server.reports[-1]["states"].keys() == {"Pending", "Processed", "Sent", "Delivered"}


async def test_the_app_shows_the_last_four_characters_of_numbers_alone(server: PhoneServer, bench: Bench):
    await bench.start(bench.phone("smsgate"))
    await server.happens(lambda: server.introductions)
    first, second = server.introductions[0]["simCards"]
    assert (first["slotIndex"], first["simNumber"], second["slotIndex"], second["simNumber"]) == (0, 1, 1, 2)
    assert first["phoneNumber"].strip("*") == "0004"
    assert len(first["iccid"].strip("*")) == 4


async def test_an_id_that_the_app_knows_is_a_query_of_its_state(server: PhoneServer, bench: Bench):
    await bench.start(bench.phone("smsgate"))
    uid = await server.enqueue()
    row = server.waiting[uid]
    await server.reaches(uid, "Delivered")
    before = len(server.reports)
    server.waiting[uid] = row
    server.send_event("MessageEnqueued")
    await server.happens(lambda: len(server.reports) > before)
    assert server.statuses(uid)[before:] == ["Delivered"]
    assert len(bench.left) == 1


async def test_settings_set_order_and_limits(server: PhoneServer, bench: Bench):
    server.settings = {
        "messages": {"processing_order": "FIFO", "limit_period": "PerHour", "limit_value": 2},
        "ping": {"interval_seconds": 300},
    }
    await bench.start(bench.phone("smsgate"))
    uids = [await server.enqueue() for _ in range(4)]
    await server.happens(lambda: server.counts()["Delivered"] == 2)
    urgent = await server.enqueue(priority=100)
    await server.reaches(urgent, "Delivered")
    assert set(server.orders) == {"fifo"}
    assert len(bench.left) == 3
    for uid in uids:
        await server.happens(lambda uid=uid: server.statuses(uid))
    assert sorted(server.statuses(uid)[-1] for uid in uids) == ["Delivered", "Delivered", "Pending", "Pending"]


async def test_the_app_takes_its_newest_message_first_unless_told_otherwise(server: PhoneServer, bench: Bench):
    await bench.start(bench.phone("smsgate"))
    await server.happens(lambda: server.orders)
    assert server.orders[0] == "lifo"


async def test_cancelling_takes_a_message_back_while_it_waits(server: PhoneServer, bench: Bench):
    server.settings = {"messages": {"limit_period": "PerHour", "limit_value": 1}}
    await bench.start(bench.phone("smsgate"))
    await server.happens(lambda: server.streams)
    first = await server.enqueue()
    await server.reaches(first, "Delivered")
    by_event, by_pull = await server.enqueue(), await server.enqueue(state="Cancelling")
    await server.reaches(by_pull, "Cancelled")
    await server.reaches(by_event, "Pending")
    server.send_event("MessageCancelled", {"messageId": by_event})
    await server.reaches(by_event, "Cancelled")
    assert [line["uid"] for line in bench.left] == [first]


async def test_a_stream_that_ends_is_opened_again_and_followed_by_a_pull(server: PhoneServer, bench: Bench):
    await bench.start(bench.phone("smsgate"))
    await server.happens(lambda: server.streams == 1)
    server.events.put_nowait(None)
    await server.happens(lambda: server.streams == 2)
    uid = await server.enqueue()
    await server.reaches(uid, "Delivered")


async def test_an_ended_session_makes_the_app_register_anew(server: PhoneServer, bench: Bench):
    phone = bench.phone("smsgate", token=TOKEN)
    await bench.start(phone)
    await server.happens(lambda: server.streams)
    server.sessions.clear()
    server.events.put_nowait(None)
    await server.happens(lambda: len(server.introductions) == 2)
    uid = await server.enqueue()
    await server.reaches(uid, "Delivered")


async def test_an_app_paired_by_a_code_needs_another_one(server: PhoneServer, bench: Bench):
    running = await bench.start(bench.phone("smsgate"))
    await server.happens(lambda: server.streams)
    server.sessions.clear()
    server.events.put_nowait(None)
    with pytest.raises(SessionEnded):
        await asyncio.wait_for(running, 10)


async def test_a_restarted_app_keeps_its_session(server: PhoneServer, bench: Bench):
    running = await bench.start(bench.phone("smsgate"))
    await server.happens(lambda: server.streams)
    await kill(running)
    server.events.put_nowait(None)
    await bench.start(bench.phone("smsgate"))
    await server.happens(lambda: server.streams == 2)
    assert len(server.introductions) == 1


async def test_webhooks_are_signed_over_body_and_time(server: PhoneServer, bench: Bench):
    server.settings = {"webhooks": {"signing_key": "key"}, "ping": {"interval_seconds": 0.05}}
    phone = bench.phone("smsgate")
    name = phone.receive("+14155550199", "Hi", slot=1)
    await bench.start(phone)
    await server.happens(lambda: {"sms:received", "system:ping"} <= {hook["event"] for hook in server.inbound})
    for body, at, signature in server.signatures:
        assert signature == hmac.new(b"key", body + at.encode(), "sha256").hexdigest()
    received = next(json.loads(body) for body, _, _ in server.signatures if b"sms:received" in body)
    payload = received["payload"]
    assert (received["id"], payload["sender"], payload["message"], payload["simNumber"]) == (
        name,
        "+14155550199",
        "Hi",
        2,
    )
