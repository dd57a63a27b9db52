"""Faults that emulated phones have on order: what they cost, and what they do not."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from phones.faults import CarrierLimit, Crashed, CrashPoint, Faults
from phones.fleet import run_fleet
from tests.phones.conftest import QUICK, Bench, kill
from tests.phones.phone_server import PhoneServer

MESSAGES = 30


async def test_lost_requests_and_answers_neither_lose_nor_double_messages(server: PhoneServer, bench: Bench):
    uids = [await server.offer() for _ in range(MESSAGES)]
    await bench.start(bench.phone(faults=Faults(lose_network=0.4)))
    for uid in uids:
        await server.reaches(uid, "delivered")
    assert sorted(line["uid"] for line in bench.left) == sorted(uids)
    assert any(event.what in ("poll failed", "report failed") for event in bench.events)


async def test_the_app_loses_network_without_harm_too(server: PhoneServer, bench: Bench):
    await bench.start(bench.phone("smsgate", faults=Faults(lose_network=0.4)))
    uids = [await server.enqueue() for _ in range(MESSAGES)]
    for uid in uids:
        await server.reaches(uid, "Delivered")
    assert sorted(line["uid"] for line in bench.left) == sorted(uids)


@pytest.mark.parametrize(("point", "left"), [("before-radio", 0), ("after-radio", 1)])
async def test_a_message_at_a_crash_is_never_begun_again(
    server: PhoneServer, bench: Bench, point: CrashPoint, left: int
):
    uid = await server.offer()
    running = await bench.start(bench.phone(faults=Faults(crash=point)))
    with pytest.raises(Crashed):
        await asyncio.wait_for(running, 10)
    before = len(server.reports)
    await bench.start(bench.phone())
    await server.happens(lambda: len(server.reports) > before + 2)
    assert set(server.statuses(uid)) == {"accepted"}
    assert len(bench.left) == left


async def test_a_fleet_starts_crashed_phones_again(server: PhoneServer, bench: Bench):
    uids = [await server.offer() for _ in range(MESSAGES)]
    phone = bench.phone(faults=Faults(crash_chance=0.4))
    fleet = asyncio.create_task(run_fleet([phone], bench.events.append))
    await server.happens(lambda: _crashes(bench) > 3)
    await server.happens(lambda: all(server.statuses(uid) for uid in uids))
    await kill(fleet)
    left = [line["uid"] for line in bench.left]
    assert len(left) == len(set(left))


def _crashes(bench: Bench) -> int:
    return sum(event.what == "crashed" for event in bench.events)


async def test_a_killed_phone_goes_on_where_it_was(server: PhoneServer, bench: Bench):
    uids = [await server.offer() for _ in range(MESSAGES)]
    for number in range(1, 4):
        running = await bench.start(bench.phone())
        await server.happens(lambda number=number: len(bench.left) >= number * 5)
        await kill(running)
    await bench.start(bench.phone())
    await server.happens(lambda: all(server.statuses(uid) for uid in uids))
    left = [line["uid"] for line in bench.left]
    assert len(left) == len(set(left))


async def test_a_journal_whose_last_line_was_cut_is_still_read(server: PhoneServer, bench: Bench, tmp_path):
    uid = await server.offer()
    row = server.waiting[uid]
    running = await bench.start(bench.phone())
    await server.reaches(uid, "delivered")
    await kill(running)
    with (tmp_path / "phone/app/journal.jsonl").open("ab") as journal:
        journal.write(b'{"key": "cut')
    server.waiting[uid] = row
    before = len(server.reports)
    for _ in range(2):  # the first start appends to what it kept
        running = await bench.start(bench.phone())
        await server.happens(lambda: len(server.reports) > before)
        await kill(running)
    assert set(server.statuses(uid)[before:]) == {"delivered"}
    assert len(bench.left) == 1


async def test_messages_of_one_sim_fail_as_ordered(server: PhoneServer, bench: Bench):
    bad, good = await server.offer(), await server.offer(sim_uid="sim-2")
    faults = Faults(fail_slot={0: {"RESULT_ERROR_NO_SERVICE": 1.0}})
    await bench.start(bench.phone(faults=faults))
    await server.reaches(bad, "failed")
    await server.reaches(good, "delivered")
    failed = next(row for row in server.reports if row["status"] == "failed")
    assert (failed["uid"], failed["code"], failed["sim_uid"]) == (bad, "RESULT_ERROR_NO_SERVICE", "sim-1")
    assert [line["uid"] for line in bench.left] == [good]


async def test_the_app_says_faults_in_words(server: PhoneServer, bench: Bench):
    await bench.start(bench.phone("smsgate", faults=Faults(fail={"RESULT_ERROR_RADIO_OFF": 1.0})))
    uid = await server.enqueue()
    await server.reaches(uid, "Failed")
    assert "RESULT_ERROR_RADIO_OFF" in server.reports[-1]["recipients"][0]["error"]


async def test_a_sim_that_the_phone_does_not_have_fails(server: PhoneServer, bench: Bench):
    uid = await server.offer(sim_uid="sim-9")
    await bench.start(bench.phone())
    await server.reaches(uid, "failed")
    assert bench.left == []


async def test_the_carrier_takes_so_many_messages_of_each_sim(server: PhoneServer, bench: Bench):
    uids = [await server.offer(sim_uid=f"sim-{number % 2 + 1}") for number in range(10)]
    await bench.start(bench.phone(faults=Faults(carrier_limit=CarrierLimit(3, 3600.0))))
    await server.happens(lambda: server.counts()["delivered"] + server.counts()["failed"] == len(uids))
    codes = {row["code"] for row in server.reports if row["status"] == "failed"}
    assert codes == {"RESULT_ERROR_LIMIT_EXCEEDED"}
    assert len(bench.left) == 6


async def test_a_message_that_is_over_by_the_phones_clock_is_not_sent(server: PhoneServer, bench: Bench):
    valid_until = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
    uid = await server.offer(valid_until=valid_until)
    await bench.start(bench.phone(faults=Faults(clock_offset=3600)))
    await server.reaches(uid, "failed")
    assert server.reports[-1]["code"] == "expired"
    assert bench.left == []


async def test_a_report_is_dropped_after_ten_tries_and_comes_with_the_next_offer(server: PhoneServer, bench: Bench):
    uid = await server.offer()
    row = server.waiting.pop(uid)
    server.broken = lambda path: 503 if path.endswith("update-statuses") else None
    quickest = replace(QUICK, scale=0.001)
    await bench.start(bench.phone(timings=quickest))
    server.waiting[uid] = row
    await server.happens(lambda: server.polls > 3)
    server.waiting.clear()
    await bench.sees("dropped")
    server.broken = lambda path: None
    await server.put(uid, row)
    await server.reaches(uid, "delivered")
    assert len(bench.left) == 1


async def test_an_offline_phone_asks_for_nothing_and_comes_back(server: PhoneServer, bench: Bench):
    phone = bench.phone("smsgate")
    await bench.start(phone)
    await server.happens(lambda: server.streams == 1)
    phone.faults.is_offline = True
    uid = await server.enqueue()
    await bench.sees("stream failed")
    assert server.statuses(uid) == []
    phone.faults.is_offline = False
    await server.reaches(uid, "Delivered")


async def test_the_same_seed_has_the_same_chances(server: PhoneServer, bench: Bench):
    failed = []
    for name in ("first", "second"):
        uids = [await server.offer() for _ in range(MESSAGES)]
        phone = bench.phone(folder=name, faults=Faults(fail={"RESULT_ERROR_GENERIC_FAILURE": 0.5}))
        running = await bench.start(phone)
        await server.happens(lambda uids=uids: all({"delivered", "failed"} & set(server.statuses(u)) for u in uids))
        await kill(running)
        failed.append(["failed" in server.statuses(uid) for uid in uids])
    assert failed[0] == failed[1]
    assert 0 < sum(failed[0]) < MESSAGES
