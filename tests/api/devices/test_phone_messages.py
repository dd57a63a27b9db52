"""Phones get messages and report them by the contract's protocol; long-polls."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from domain.devices.choosing import MOST_OPEN
from store.devices.pokes import poke_devices
from tests.api.answers import assert_error
from tests.api.devices.looks import Looks
from tests.api.devices.phones import Phone, paired
from tests.api.devices.queued import NUMBER, enqueue, row
from tests.devices.made import eventually, move_back
from tests.stack import Stack, serve_api

PENDING = "/api/logs/sms/pending"
UPDATE = "/api/logs/sms/update-statuses"
_STATE = "select state from device_messages where uid = %s"


@pytest.fixture
def stack(alone: Stack) -> Stack:
    return alone


def signed(phone: Phone) -> dict[str, str]:
    return {"Authorization": f"Bearer {phone.session}"}


async def pending(phone: Phone, **query: Any) -> dict[str, Any]:
    answer = await phone.stack.http.get(PENDING, params=query, headers=signed(phone))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def reported(phone: Phone, *statuses: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"statuses": list(statuses), **more}
    answer = await phone.stack.http.post(UPDATE, json=body, headers=signed(phone))
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def polling(looks: Looks, phone: Phone, wait: int = 25) -> "asyncio.Task[dict[str, Any]]":
    """A long-poll that waits: there was nothing for its phone."""
    task = asyncio.create_task(pending(phone, wait=wait))
    await looks.of(await phone.id())
    return task


async def test_a_phone_gets_a_message_and_reports_it(stack: Stack):
    phone = await paired(stack, await stack.user())
    (uid,) = await enqueue(stack, UUID(phone.gateway_uid), body="Grüße", parts=1)

    body = await pending(phone)
    (message,) = body["data"]
    assert body["success"] is True
    assert body["poll_after"] == 0
    valid_until = datetime.fromisoformat(message.pop("valid_until"))
    assert timedelta(minutes=55) < valid_until - datetime.now(UTC) < timedelta(minutes=61)
    assert datetime.fromisoformat(message.pop("lease_until")) == valid_until
    assert message == {
        "uid": str(uid),
        "attempt": 1,
        "sim_uid": "sim-1",
        "number": NUMBER,
        "body": "Grüße",
        "parts": 1,
        "encoding": "gsm7",
        "cancel": False,
    }
    assert (await pending(phone))["data"] == []

    one = {"uid": str(uid), "attempt": 1, "at": "2026-11-28T09:30:00Z", "sim_uid": "sim-1"}
    data = await reported(phone, one | {"status": "accepted"}, one | {"status": "sent"})
    assert data == {"accepted": 2, "ignored": [], "cancel": [], "settings_version": data["settings_version"]}
    assert (await row(stack, uid))["outcome"] == "accepted"


async def test_a_message_in_parts_is_sent_once_all_of_them_are_and_in_any_order(stack: Stack):
    phone = await paired(stack, await stack.user())
    (uid,) = await enqueue(stack, UUID(phone.gateway_uid), parts=3)
    await pending(phone)
    part = {"uid": str(uid), "attempt": 1, "status": "sent", "parts": 3}

    await reported(phone, part | {"part": 3}, part | {"part": 1}, part | {"part": 3})
    assert (await row(stack, uid))["state"] == "handed"
    await reported(phone, part | {"part": 2}, part | {"part": 1, "status": "accepted"})
    assert (await row(stack, uid))["outcome"] == "accepted"


async def test_the_state_of_the_phone_rides_on_its_reports(stack: Stack):
    phone = await paired(stack, await stack.user())
    clock = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    health = {"battery": 71, "charging": True, "network": "lte", "signal": -97, "queue": 3}

    await reported(phone, device=health | {"clock": clock})
    await reported(phone, device={"battery": 70})
    query = "select health, clock_skew from devices where id = %s"
    ((stored, skew),) = await eventually(stack.pool, bool, query, (await phone.id(),))
    assert stored == health | {"battery": 70}
    assert 3590 < skew < 3610


async def test_reports_of_messages_of_other_phones_are_ignored(stack: Stack):
    user = await stack.user()
    one, other = await paired(stack, user), await paired(stack, await stack.user())
    (uid,) = await enqueue(stack, UUID(one.gateway_uid))
    await pending(one)

    for phone, named in ((other, str(uid)), (one, str(uuid4()))):
        data = await reported(phone, {"uid": named, "attempt": 1, "status": "sent"})
        assert (data["accepted"], data["ignored"]) == (0, [named])
    assert (await row(stack, uid))["outcome"] is None


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("?limit=0", "/limit"),
        ("?wait=26", "/wait"),
        ("?sim=%00", "/sim"),
        ("?until=now", "/until"),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(stack: Stack, path: str, pointer: str):
    phone = await paired(stack, await stack.user())
    answer = await stack.http.get(PENDING + path, headers=signed(phone))
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


async def test_bodies_that_are_no_reports_are_refused(stack: Stack):
    phone = await paired(stack, await stack.user())
    report = {"uid": str(uuid4()), "attempt": 1, "status": "sent"}
    for wrong, pointer in (
        (report | {"status": "lost"}, "/statuses/0/status"),
        (report | {"attempt": 0}, "/statuses/0/attempt"),
        (report | {"part": 256}, "/statuses/0/part"),
        (report | {"at": 5}, "/statuses/0/at"),
    ):
        answer = await stack.http.post(UPDATE, json={"statuses": [wrong]}, headers=signed(phone))
        assert answer.status_code == 422, answer.text
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


async def test_a_thousand_reports_fit_in_one_request(stack: Stack):
    phone = await paired(stack, await stack.user(), sims=[{"slot": slot} for slot in range(5)])
    uids = await enqueue(stack, UUID(phone.gateway_uid), 100)
    assert len((await pending(phone, limit=100))["data"]) == 100
    one = {"attempt": 1, "at": "2026-11-28T09:30:00.123456+00:00", "part": 1, "parts": 1}
    rows = [one | {"uid": str(uid), "status": "sent"} for uid in uids for _ in range(10)]
    assert (await reported(phone, *rows))["accepted"] == 1000


async def test_a_long_poll_gets_a_message_as_soon_as_it_comes(stack: Stack, looks: Looks):
    phone = await paired(stack, await stack.user())
    task = await polling(looks, phone)
    (uid,) = await enqueue(stack, UUID(phone.gateway_uid))
    async with asyncio.timeout(3):
        assert [one["uid"] for one in (await task)["data"]] == [str(uid)]


async def test_a_phone_with_all_that_it_may_have_gets_more_as_soon_as_it_reports(stack: Stack, looks: Looks):
    phone = await paired(stack, await stack.user())
    await enqueue(stack, UUID(phone.gateway_uid), MOST_OPEN + 1)
    first, *_ = taken = (await pending(phone))["data"]
    assert len(taken) == MOST_OPEN
    task = asyncio.create_task(pending(phone, wait=25))
    await looks.of(await phone.id(), 2)
    await reported(phone, {"uid": first["uid"], "attempt": 1, "status": "sent"})
    async with asyncio.timeout(3):
        assert len((await task)["data"]) == 1


async def test_a_long_poll_for_one_sim_gets_only_what_that_sends(stack: Stack):
    phone = await paired(stack, await stack.user(), sims=[{"slot": 0}, {"slot": 1}])
    await phone.call("POST", "/sim/disable", {"uid": "sim-2"})
    await enqueue(stack, UUID(phone.gateway_uid))
    assert (await pending(phone, sim="sim-2", wait=1))["data"] == []
    assert [one["sim_uid"] for one in (await pending(phone, sim="sim-1", wait=1))["data"]] == ["sim-1"]


async def test_one_message_for_many_that_wait_is_given_once(stack: Stack, looks: Looks):
    user = await stack.user()
    phones = [await paired(stack, user) for _ in range(12)]
    tasks = [await polling(looks, phone, wait=2) for phone in phones]
    (uid,) = await enqueue(stack, UUID(phones[0].gateway_uid))
    answers = await asyncio.gather(*tasks)
    assert [one["uid"] for answer in answers for one in answer["data"]] == [str(uid)]


async def test_what_was_handed_to_a_long_poll_that_hung_up_is_offered_again(stack: Stack, looks: Looks):
    phone = await paired(stack, await stack.user())
    task = await polling(looks, phone)
    looks.may_answer.clear()
    (uid,) = await enqueue(stack, UUID(phone.gateway_uid))
    await eventually(stack.pool, lambda rows: rows[0][0] == "handed", _STATE, (uid,))
    task.cancel()  # its connection is closed
    await asyncio.gather(task, return_exceptions=True)
    looks.may_answer.set()

    await move_back(stack.pool, "device_messages", "offered_at", "uid = %s", timedelta(minutes=2), uid)
    assert [one["uid"] for one in (await pending(phone))["data"]] == [str(uid)]


async def test_a_long_poll_that_hung_up_is_given_nothing(stack: Stack, looks: Looks):
    user = await stack.user()
    phone, other = await paired(stack, user), await paired(stack, user)
    task = await polling(looks, phone)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    later = await polling(looks, other)
    (uid,) = await enqueue(stack, UUID(phone.gateway_uid))
    assert [one["uid"] for one in (await later)["data"]] == [str(uid)]


async def test_a_long_poll_ends_at_once_when_the_session_does(stack: Stack, looks: Looks):
    phone = await paired(stack, await stack.user())
    task = asyncio.create_task(stack.http.get(PENDING, params={"wait": 25}, headers=signed(phone)))
    await looks.of(await phone.id())
    assert (await phone.call("POST", "/logout")).status_code == 200
    async with asyncio.timeout(3):
        assert_error(await task, 401, "unauthorized")


async def test_a_long_poll_learns_at_once_that_a_message_is_to_be_given_back(stack: Stack, looks: Looks):
    phone = await paired(stack, await stack.user())
    (uid,) = await enqueue(stack, UUID(phone.gateway_uid))
    await pending(phone)
    task = asyncio.create_task(pending(phone, wait=25))
    await looks.of(await phone.id(), 2)
    async with stack.pool.connection() as conn, conn.transaction():
        await conn.execute("update device_messages set is_cancelling = true where uid = %s", (uid,))
        await poke_devices(conn, [await phone.id()])
    async with asyncio.timeout(3):
        assert [(one["uid"], one["cancel"]) for one in (await task)["data"]] == [(str(uid), True)]
    data = await reported(phone, {"uid": str(uid), "attempt": 1, "status": "cancelled"})
    assert data["cancel"] == []
    assert (await row(stack, uid))["outcome"] == "cancelled"


async def test_a_phone_that_is_paired_again_gets_the_messages_and_not_its_former_session(stack: Stack, looks: Looks):
    user = await stack.user()
    phone = await paired(stack, user, journal="j")
    old = asyncio.create_task(stack.http.get(PENDING, params={"wait": 3}, headers=signed(phone)))
    await looks.of(await phone.id())
    again = await paired(stack, user, phone.device_uuid, journal="j")
    (uid,) = await enqueue(stack, UUID(phone.gateway_uid))
    assert [one["uid"] for one in (await pending(again))["data"]] == [str(uid)]
    assert_error(await old, 401, "unauthorized")


async def test_a_second_long_poll_of_a_phone_ends_the_first(stack: Stack, looks: Looks):
    phone = await paired(stack, await stack.user())
    first = await polling(looks, phone)
    second = asyncio.create_task(pending(phone, wait=1))
    async with asyncio.timeout(3):
        assert (await first) == {"success": True, "data": [], "poll_after": 1.0}
    await second


async def test_long_polls_hold_no_connection_of_the_database(stack: Stack, looks: Looks):
    user = await stack.user()
    phones = [await paired(stack, user) for _ in range(30)]
    tasks = [await polling(looks, phone, wait=2) for phone in phones]
    query = "select count(*) from pg_stat_activity where application_name = 'xsender-api-devices' and datname = %s"
    name = stack.settings.database_url.rsplit("/", 1)[-1].partition("?")[0]
    ((count,),) = await eventually(stack.pool, bool, query, (name,))
    assert count == 1
    assert all(answer["data"] == [] for answer in await asyncio.gather(*tasks))


async def test_a_lost_connection_for_notices_is_made_anew(stack: Stack, looks: Looks):
    phone = await paired(stack, await stack.user())
    task = await polling(looks, phone)
    async with stack.pool.connection() as conn:
        await conn.execute(
            """select pg_terminate_backend(pid) from pg_stat_activity
               where application_name = 'xsender-api-devices' and datname = current_database()"""
        )
    (uid,) = await enqueue(stack, UUID(phone.gateway_uid))
    async with asyncio.timeout(10):
        assert [one["uid"] for one in (await task)["data"]] == [str(uid)]


async def test_a_process_that_ends_answers_long_polls_at_once(stack: Stack, looks: Looks):
    phone = await paired(stack, await stack.user())
    async with httpx.AsyncClient() as http:
        async with serve_api(stack.settings) as url:
            asked = http.get(url + PENDING, params={"wait": 25}, headers=signed(phone))
            task = asyncio.create_task(asked)
            await looks.of(await phone.id())
            begun = asyncio.get_running_loop().time()
        answer = await task
    assert asyncio.get_running_loop().time() - begun < 20, "it waited for as long as it was asked to"
    assert answer.json()["data"] == []


async def test_another_process_wakes_a_long_poll(stack: Stack, looks: Looks):
    phone = await paired(stack, await stack.user())
    async with httpx.AsyncClient() as http, serve_api(stack.settings) as url:
        task = asyncio.create_task(http.get(url + PENDING, params={"wait": 25}, headers=signed(phone), timeout=30))
        await looks.of(await phone.id())
        assert (await phone.call("POST", "/logout")).status_code == 200  # at the first process
        async with asyncio.timeout(3):
            assert_error(await task, 401, "unauthorized")
