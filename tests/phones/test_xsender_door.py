"""Emulated phones that speak xsender's own protocol."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from phones.faults import Faults
from phones.network import SessionEnded
from tests.phones.conftest import QUICK, Bench, kill
from tests.phones.phone_server import PhoneServer

UNDELIVERED = replace(QUICK, delivery=(1e6, 1e6))


async def test_a_message_is_accepted_sent_and_delivered(server: PhoneServer, bench: Bench):
    uid = await server.offer("Hello")
    await bench.start(bench.phone())
    await server.reaches(uid, "delivered")
    assert set(server.statuses(uid)) <= {"accepted", "sent", "delivered"}
    (line,) = bench.left
    assert (line["uid"], line["attempt"], line["number"], line["body"]) == (uid, 1, "+14155550123", "Hello")
    (introduction,) = server.introductions
    assert [sim["slot"] for sim in introduction["sims"]] == [0, 1]


async def test_each_part_is_reported(server: PhoneServer, bench: Bench):
    uid = await server.offer("x" * 400, parts=3)
    await bench.start(bench.phone())
    await server.reaches(uid, "delivered")
    delivered = [row["part"] for row in server.reports if row["status"] == "delivered"]
    assert delivered == [1, 2, 3]
    assert {row["parts"] for row in server.reports} == {3}
    assert bench.left[0]["parts"] == 3


async def test_parts_before_the_failed_one_are_reported_as_sent(server: PhoneServer, bench: Bench):
    uids = [await server.offer("x" * 400, parts=3) for _ in range(20)]
    await bench.start(bench.phone(faults=Faults(fail={"RESULT_ERROR_GENERIC_FAILURE": 1.0})))
    for uid in uids:
        await server.reaches(uid, "failed")
    left = {line["uid"]: line["parts"] for line in bench.left}
    failed = {row["uid"]: row["part"] for row in server.reports if row["status"] == "failed"}
    assert {uid: left.get(uid, 0) + 1 for uid in uids} == failed
    assert set(failed.values()) == {1, 2, 3}


async def test_a_message_offered_again_is_reported_again_and_not_sent(server: PhoneServer, bench: Bench):
    uid = await server.offer()
    row = server.waiting[uid]
    await bench.start(bench.phone())
    await server.reaches(uid, "delivered")
    before = len(server.reports)
    await server.put(uid, row)
    await server.happens(lambda: len(server.reports) > before)
    assert server.statuses(uid)[before:] == ["delivered"]
    assert len(bench.left) == 1


async def test_another_attempt_is_another_message(server: PhoneServer, bench: Bench):
    uid = await server.offer()
    row = server.waiting[uid]
    await bench.start(bench.phone())
    await server.reaches(uid, "delivered")
    await server.put(uid, row | {"attempt": 2})
    await server.happens(lambda: any(r["attempt"] == 2 and r["status"] == "delivered" for r in server.reports))
    assert [line["attempt"] for line in bench.left] == [1, 2]


async def test_a_message_taken_back_before_it_has_begun_is_not_sent(server: PhoneServer, bench: Bench):
    uid = await server.offer(cancel=True)
    await bench.start(bench.phone())
    await server.reaches(uid, "cancelled")
    assert bench.left == []


async def test_a_message_that_has_begun_is_not_taken_back(server: PhoneServer, bench: Bench):
    uid = await server.offer()
    await bench.start(bench.phone(timings=UNDELIVERED))
    await server.reaches(uid, "sent")
    server.waiting[uid]["cancel"] = True
    before = len(server.reports)
    await server.happens(lambda: len(server.reports) > before)
    assert set(server.statuses(uid)[before:]) == {"sent"}


async def test_the_phone_stops_when_its_session_ends(server: PhoneServer, bench: Bench):
    running = await bench.start(bench.phone())
    await server.happens(lambda: server.sessions)
    server.sessions.clear()
    with pytest.raises(SessionEnded):
        await asyncio.wait_for(running, 10)


async def test_a_refused_token_stops_the_phone(server: PhoneServer, bench: Bench):
    with pytest.raises(SessionEnded):
        await asyncio.wait_for(bench.phone(token="ATKN-unknown").run(), 10)


async def test_the_phone_goes_on_with_its_session_after_a_restart(server: PhoneServer, bench: Bench):
    running = await bench.start(bench.phone())
    await server.happens(lambda: server.polls)
    await kill(running)
    uid = await server.offer()
    await bench.start(bench.phone())
    await server.reaches(uid, "delivered")
    assert len(server.introductions) == 1


async def test_another_token_pairs_the_same_phone_again(server: PhoneServer, bench: Bench):
    server.secrets |= {"ATKN-2", "ATKN-3"}
    for token in ("ATKN-2", "ATKN-3"):
        before = len(server.introductions)
        running = await bench.start(bench.phone(token=token))
        await server.happens(lambda before=before: len(server.introductions) > before)
        await kill(running)
    first, second = server.introductions
    assert (first["device_uuid"], first["journal"]) == (second["device_uuid"], second["journal"])


async def test_a_wiped_phone_has_another_journal(server: PhoneServer, bench: Bench):
    running = await bench.start(bench.phone())
    await server.happens(lambda: server.introductions)
    await kill(running)
    phone = bench.phone()
    phone.wipe()
    await bench.start(phone)
    await server.happens(lambda: len(server.introductions) == 2)
    first, second = server.introductions
    assert first["device_uuid"] == second["device_uuid"]
    assert first["journal"] != second["journal"]


async def test_a_received_message_is_handed_on(server: PhoneServer, bench: Bench):
    phone = bench.phone()
    name = phone.receive("+14155550199", "STOP", slot=1)
    await bench.start(phone)
    await server.happens(lambda: server.inbound)
    (row,) = server.inbound
    assert (row["id"], row["sim_uid"], row["number"], row["body"]) == (name, "sim-2", "+14155550199", "STOP")


async def test_heartbeats_tell_battery_queue_and_the_phones_own_time(server: PhoneServer, bench: Bench):
    await bench.start(bench.phone(faults=Faults(battery=15, clock_offset=3600)))
    await server.happens(lambda: server.health)
    assert (server.health["battery"], server.health["queue"]) == (15, 0)
    ahead = datetime.fromisoformat(server.health["clock"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < ahead < timedelta(minutes=61)
