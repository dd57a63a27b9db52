"""What guards do to messages on their way, whatever way they come; and that they cost others nothing."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from domain.audience.guards.settings import GuardSettings
from store.audience.guards import settings
from tests.looks import Looks
from tests.segments import new_contact
from tests.stack import Stack, User


async def guarded(stack: Stack, **values: object) -> User:
    """A user with these guards, and a sandbox gateway for SMS and email."""
    user = await stack.user()
    for channel in ("sms", "email"):
        await stack.gateway(user.id, channel, "sandbox", {})
    await settings.put(stack.pool, user.id, replace(GuardSettings(), **values))
    return user


async def sent(stack: Stack, user: User, *numbers: str, **more: object) -> list[str]:
    body = {"contact": [{"number": number, "message": "Hi"} for number in numbers], **more}
    answer = await stack.http.post("/api/sms/send", json=body, headers=user.headers)
    assert answer.status_code == 200, answer.text
    return [one["uid"] for one in answer.json()["data"]]


async def waits(stack: Stack, user: User, uid: str, reason: str, channel: str = "sms") -> dict:
    """The message's status, once it waits for this."""
    async with asyncio.timeout(20):
        looks = Looks()
        while True:
            found = await stack.status(user, channel, uid)
            if found["waiting"] and found["waiting"]["for"] == reason:
                return found["waiting"]
            assert found["state"] in ("queued", "processing", "scheduled"), found
            await looks.pause()


async def test_a_number_outside_the_allowed_countries_is_refused_on_every_way(stack: Stack):
    user = await guarded(stack)
    later, fine = await sent(stack, user, "+14155550101", "+4915112345678", schedule_at="2027-01-01T00:00:00Z")
    await settings.put(stack.pool, user.id, GuardSettings(frozenset({"DE"})))
    for uid in (later, fine):
        answer = await stack.http.post(
            f"/api/sms/{uid}/reschedule", json={"schedule_at": "2020-01-01T00:00:00Z"}, headers=user.headers
        )
        assert answer.status_code == 200, answer.text
    refused = await stack.final(user, "sms", later)
    assert (refused["state"], refused["code"], refused["credit"]["state"]) == (
        "rejected",
        "country_not_allowed",
        "released",
    )
    assert (await stack.final(user, "sms", fine))["state"] == "sent"


def where_it_is_eleven_at_night(now: datetime) -> str:
    """A time zone where it is past 23:00."""
    ahead = 23 - now.hour
    hours = ahead if ahead <= 14 else ahead - 24
    return f"Etc/GMT{-hours:+d}"


async def test_what_is_not_transactional_waits_for_the_hours_of_its_recipient(stack: Stack):
    user = await guarded(stack, quiet_hours=True, quiet_from=time(22), quiet_to=time(3))
    now = datetime.now(UTC)
    await new_contact(stack.pool, user.id, phone="+14155550102", time_zone=where_it_is_eleven_at_night(now))
    (code,) = await sent(stack, user, "+14155550102")
    (news,) = await sent(stack, user, "+14155550102", priority="bulk")
    assert (await stack.final(user, "sms", code))["state"] == "sent"
    waiting = await waits(stack, user, news, "quiet_hours")
    until = datetime.fromisoformat(waiting["until"])
    assert timedelta(hours=2, minutes=59) < until - now <= timedelta(hours=4)
    assert until.minute == 0
    await settings.put(stack.pool, user.id, GuardSettings())
    answer = await stack.http.post(f"/api/sms/{news}/cancel", headers=user.headers)
    assert answer.status_code == 200, answer.text
    assert (await stack.final(user, "sms", news))["state"] == "cancelled"


async def test_a_person_gets_only_so_much_over_all_channels(stack: Stack):
    user = await guarded(stack, per_day=2)
    await new_contact(stack.pool, user.id, phone="+14155550103", email="ada@example.com")
    first = await sent(stack, user, "+14155550103", priority="bulk")
    mail = {"email": "ada@example.com", "subject": "Hi", "message": "<p>Hi</p>"}
    answer = await stack.http.post(
        "/api/email/send", json={"contact": [mail], "priority": "bulk"}, headers=user.headers
    )
    second = answer.json()["data"][0]["uid"]
    assert (await stack.final(user, "sms", first[0]))["state"] == "sent"
    assert (await stack.final(user, "email", second))["state"] == "sent"
    third = await sent(stack, user, "+14155550103", "+14155550104", priority="bulk")
    capped = await stack.final(user, "sms", third[0])
    assert (capped["state"], capped["code"]) == ("rejected", "frequency_capped")
    assert (await stack.final(user, "sms", third[1]))["state"] == "sent"
    urgent = await sent(stack, user, "+14155550103")
    assert (await stack.final(user, "sms", urgent[0]))["state"] == "sent"


async def test_many_pages_at_once_give_a_person_no_more(stack: Stack):
    user = await guarded(stack, per_week=3)
    requests = [sent(stack, user, "+14155550105", priority="bulk") for _ in range(12)]
    uids = [uid for found in await asyncio.gather(*requests) for uid in found]
    states = [(await stack.final(user, "sms", uid))["state"] for uid in uids]
    assert (states.count("sent"), states.count("rejected")) == (3, 9)


async def test_what_is_over_the_cap_waits_if_that_is_wanted(stack: Stack):
    user = await guarded(stack, per_day=1, over_cap="wait")
    (first,) = await sent(stack, user, "+14155550106", priority="bulk")
    assert (await stack.final(user, "sms", first))["state"] == "sent"
    (second,) = await sent(stack, user, "+14155550106", priority="bulk")
    waiting = await waits(stack, user, second, "frequency_cap")
    until = datetime.fromisoformat(waiting["until"])
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(days=1)


async def test_costly_numbers_and_floods_to_a_range_are_refused_or_noted(stack: Stack):
    user = await guarded(stack, pumping="on", prefix_per_hour=3, safe_numbers=frozenset({"+449098790002"}))
    costly, safe = await sent(stack, user, "+449098790001", "+449098790002")
    found = await stack.final(user, "sms", costly)
    assert (found["state"], found["code"]) == ("rejected", "number_type_not_allowed")
    assert (await stack.final(user, "sms", safe))["state"] == "sent"
    ended = []
    for n in range(5):
        (uid,) = await sent(stack, user, f"+1415555020{n}")
        ended.append((await stack.final(user, "sms", uid))["code"])
    assert ended == [None, None, None, "prefix_velocity", "prefix_velocity"]
    await settings.put(stack.pool, user.id, GuardSettings(pumping="monitor", prefix_per_hour=3))
    (noted,) = await sent(stack, user, "+14155550209")
    assert (await stack.final(user, "sms", noted))["state"] == "sent"
