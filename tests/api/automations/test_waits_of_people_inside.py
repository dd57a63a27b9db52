"""Waits of contacts inside, when what they depend on changes: clocks, zones, rules, a pause."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.api.automations.automations import ada, data, entered, flow, holder, published, reaches, sms, texts
from tests.stack import Stack, User

PATH = "/automations/welcome"
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


async def set_wait(stack: Stack, run: str, since: datetime, until: datetime) -> None:
    """As if the wait of a run had begun then."""
    async with stack.pool.connection() as conn:
        await conn.execute("update automation_runs set since = %s, until = %s where id = %s", (since, until, run))


async def looked_at(stack: Stack, user: User, run: str) -> datetime:
    """Have a run be looked at; the end of its wait as it is then."""
    async with stack.pool.connection() as conn:
        await conn.execute("update automation_runs set until = now() where id = %s", (run,))
    async with asyncio.timeout(30):
        while True:
            found = await data(stack, user, "GET", f"/runs/{run}")
            if found["state"] == "waiting" and datetime.fromisoformat(found["until"]) > datetime.now(UTC):
                return datetime.fromisoformat(found["until"])
            await asyncio.sleep(0.05)


async def test_a_wait_for_a_time_of_the_day_crosses_the_change_of_the_clocks(stack: Stack):
    user = await holder(stack)
    rule = {"id": "a", "kind": "wait", "until": "2027-03-29T09:00"}
    await published(stack, user, flow(rule, sms()))
    run = await entered(stack, user, await ada(stack, user, time_zone="Europe/Berlin"))
    found = await reaches(stack, user, run, "waiting", step="a")
    until = datetime.fromisoformat(found["until"])
    assert until == datetime(2027, 3, 29, 9, tzinfo=BERLIN)
    assert until.astimezone(UTC).hour == 7, "summer time has begun by then"
    autumn = rule | {"until": "2027-10-31T02:30", "offset": "+1d"}
    await data(stack, user, "PUT", f"{PATH}/draft", flow(autumn, sms()))
    await data(stack, user, "POST", f"{PATH}/publish", {"mode": "patch"})
    async with asyncio.timeout(30):
        while datetime.fromisoformat((await data(stack, user, "GET", f"/runs/{run}"))["until"]) <= until:
            await asyncio.sleep(0.05)
    after = datetime.fromisoformat((await data(stack, user, "GET", f"/runs/{run}"))["until"])
    assert after == datetime(2027, 11, 1, 2, 30, tzinfo=BERLIN), "a day later by the calendar, 25 hours by the clock"


async def test_a_contact_that_moves_to_another_zone_waits_by_it_from_the_next_look_on(stack: Stack):
    user = await holder(stack)
    rule = {"id": "a", "kind": "wait", "until": "2027-06-01T09:00"}
    await published(stack, user, flow(rule, sms()))
    contact = await ada(stack, user, time_zone="Europe/Berlin")
    run = await entered(stack, user, contact)
    before = datetime.fromisoformat((await reaches(stack, user, run, "waiting", step="a"))["until"])
    await data(stack, user, "PATCH", f"/contacts/{contact}", {"time_zone": "America/New_York"})
    assert datetime.fromisoformat((await data(stack, user, "GET", f"/runs/{run}"))["until"]) == before
    assert before == datetime(2027, 6, 1, 9, tzinfo=BERLIN)
    assert await looked_at(stack, user, run) == datetime(2027, 6, 1, 9, tzinfo=NEW_YORK)


async def test_a_wait_that_is_made_longer_is_not_over_when_the_old_one_would_be(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow({"id": "a", "kind": "wait", "for": "2d"}, sms("soon")))
    run = await entered(stack, user, await ada(stack, user))
    await reaches(stack, user, run, "waiting", step="a")
    now = datetime.now(UTC)
    await set_wait(stack, run, now - timedelta(days=1), now + timedelta(days=1))
    await data(stack, user, "PUT", f"{PATH}/draft", flow({"id": "a", "kind": "wait", "for": "9d"}, sms("late")))
    await data(stack, user, "POST", f"{PATH}/publish", {"mode": "patch"})
    assert abs(await looked_at(stack, user, run) - now - timedelta(days=8)) < timedelta(seconds=1)
    await set_wait(stack, run, now - timedelta(days=9), now)
    assert await texts(stack, user, await reaches(stack, user, run)) == ["late"]


async def test_waits_that_end_during_a_pause_go_on_after_it_and_messages_keep_their_order(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow({"id": "a", "kind": "wait", "for": "2d"}, sms("one"), sms("two")))
    begun = [await entered(stack, user, await ada(stack, user, phone=f"+1415555040{n}")) for n in range(4)]
    for run in begun:
        await reaches(stack, user, run, "waiting", step="a")
    await data(stack, user, "POST", f"{PATH}/pause")
    now = datetime.now(UTC)
    for place, run in enumerate(begun):
        await set_wait(stack, run, now - timedelta(days=3), now - timedelta(days=1, minutes=place))
    await asyncio.sleep(1.5)  # the workers look for what is due twice in a second
    for run in begun:
        found = await data(stack, user, "GET", f"/runs/{run}")
        assert (found["step"], found["steps"]) == ("a", [])
    await data(stack, user, "POST", f"{PATH}/resume")
    taken = {}
    for run in begun:
        found = await reaches(stack, user, run)
        assert await texts(stack, user, found) == ["one", "two"]
        taken[run] = found["steps"][0]["at"]
    assert [taken[run] for run in begun] == sorted(taken.values(), reverse=True), "those that waited longest go first"
