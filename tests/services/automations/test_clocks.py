"""Automations that look for contacts by themselves: when, whom, and each once."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from domain.automations.definition.parsing import parse_flow
from domain.errors import UnavailableError
from domain.ids import new_batch_id
from services.automations.audience import count_now
from services.automations.rules import listen
from services.automations.triggering import clocks as looking
from services.automations.triggering.clocks import Clocks
from store import clock
from store.automations import automations
from store.automations.automations import Automation, Version
from store.pool import InTransaction, Pool, open_pool
from tests.databases import new_install
from tests.segments import new_contact
from tests.store.builders import new_account


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pool(engine: Any) -> AsyncIterator[Pool]:
    """On a database of its own: workers of other tests would take what the clocks find."""
    url = await new_install(engine.database_url)
    opened = await open_pool(url, 8, "tests of clocks")
    yield opened
    await opened.close()


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


class Time:
    """What the database's clock shows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = utc(2027, 6, 1, 12)
        monkeypatch.setattr(clock, "now", self._now)

    async def _now(self, _: object) -> datetime:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


async def active(pool: Pool, trigger: dict[str, Any], account: int | None = None, **more: Any) -> Automation:
    """An automation with this trigger, from now on."""
    definition = {
        "schema": "xsender.flow/1",
        "key": uuid4().hex,
        "name": "Timed",
        "trigger": trigger,
        "steps": [{"id": "a", "kind": "exit", "reason": "done"}],
        **more,
    }
    account = account or await new_account(pool)
    made = await automations.add(pool, new_batch_id(), account, definition)
    return await again(pool, made, definition)


async def again(pool: Pool, made: Automation, definition: dict[str, Any]) -> Automation:
    """A new version."""
    version = Version((made.version or 0) + 1, 1, definition, "", {}, datetime.now(UTC))
    after = await automations.publish(pool, made.id, version)
    await listen(pool, after, parse_flow(definition))
    return after


async def came(pool: Pool, of: Automation) -> list[tuple[str, dict[str, Any]]]:
    """Contacts that were found, and not looked at yet, with what their runs begin with."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select contact_id::text, data -> 'event' from automation_events
               where account_id = %s and name = 'automation.enter' and data ->> 'automation' = %s
               order by data -> 'event' ->> 'date', contact_id""",
            (of.account_id, str(of.id)),
        )
        return await cursor.fetchall()


async def who(pool: Pool, of: Automation) -> list[str]:
    return [contact for contact, _ in await came(pool, of)]


async def forget(pool: Pool, of: Automation) -> int:
    """They are looked at."""
    async with pool.connection() as conn:
        cursor = await conn.execute("delete from automation_events where account_id = %s", (of.account_id,))
        return cursor.rowcount


async def zone(pool: Pool, account: int, name: str) -> int:
    async with pool.connection() as conn:
        await conn.execute("update accounts set time_zone = %s where id = %s", (name, account))
    return account


async def test_a_date_comes_at_its_time_once_and_other_dates_do_not(pool: Pool, time: Time):
    of = await active(pool, {"kind": "date", "field": "day", "at": "10:30", "offset": "-2d"})
    dates = {"2027-06-02": "now", "2027-06-03": "then", "2027-06-01": "before", "2028-06-03": "next year"}
    ids = {word: await new_contact(pool, of.account_id, fields={"day": day}) for day, word in dates.items()}
    await new_contact(pool, of.account_id)
    await new_contact(pool, await new_account(pool), fields={"day": "2027-06-03"})
    look = Clocks(pool).look
    time.now = utc(2027, 6, 1, 10, 29)  # the clock went back: it begins anew
    await look()
    time.now = utc(2027, 6, 1, 10, 30, 1)
    await look()
    assert await came(pool, of) == [(ids["then"], {"field": "day", "date": "2027-06-03"})]
    for minutes in range(5, 26 * 60, 5):
        time.now = utc(2027, 6, 1, 10, 30, 1) + timedelta(minutes=minutes)
        await look()
    assert await who(pool, of) == [ids["then"]]


async def test_a_date_comes_where_the_contact_is(pool: Pool, time: Time):
    account = await zone(pool, await new_account(pool), "Asia/Kathmandu")
    of = await active(pool, {"kind": "date", "field": "day"}, account)
    day = {"fields": {"day": "2027-06-02"}}
    ids = {
        utc(2027, 6, 2, 0, 0): await new_contact(pool, account, time_zone="Asia/Tokyo", **day),
        utc(2027, 6, 2, 7, 0): await new_contact(pool, account, phone="+4915112345678", **day),
        utc(2027, 6, 2, 3, 15): await new_contact(pool, account, **day),
        utc(2027, 6, 1, 19, 0): await new_contact(pool, account, time_zone="Pacific/Kiritimati", **day),
        utc(2027, 6, 2, 21, 0): await new_contact(pool, account, time_zone="Etc/GMT+12", **day),
        utc(2027, 6, 2, 3, 15, 0, 1): await new_contact(pool, account, time_zone="No/Where", **day),
    }
    found: dict[str, datetime] = {}
    for quarter in range(4 * 48):
        time.now = utc(2027, 6, 1, 12) + quarter * timedelta(minutes=15)
        await Clocks(pool).look()
        for contact in await who(pool, of):
            found.setdefault(contact, time.now)
    assert found == {contact: at.replace(microsecond=0) for at, contact in ids.items()}


@pytest.mark.parametrize(
    ("value", "trigger", "at", "date"),
    [
        ("1990-06-02", {}, utc(2027, 6, 2, 7), "2027-06-02"),
        ("1992-02-29", {}, utc(2027, 2, 28, 8), "2027-02-28"),
        ("1992-02-29", {}, utc(2028, 2, 29, 8), "2028-02-29"),
        ("1990-01-01", {"offset": "-1d"}, utc(2027, 12, 31, 8), "2028-01-01"),
        ("1990-03-28", {"at": "02:30"}, utc(2027, 3, 28, 1), "2027-03-28"),  # that time is skipped: 03:00
        ("1990-10-31", {"at": "02:30"}, utc(2027, 10, 31, 0, 30), "2027-10-31"),  # shown twice: the first
        ("1990-03-20T00:30:00+02:00", {"at": "12:00"}, utc(2027, 3, 19, 11), "2027-03-19"),  # there it is 23:30
    ],
)
async def test_a_yearly_date_comes_once_in_its_year(pool: Pool, time: Time, value, trigger, at, date):
    account = await zone(pool, await new_account(pool), "Europe/Berlin")
    contact = await new_contact(pool, account, fields={"day": value})
    time.now = at - timedelta(hours=36)
    of = await active(pool, {"kind": "date", "field": "day", "yearly": True, **trigger}, account)
    for moment in (at - timedelta(seconds=1), at, at + timedelta(minutes=15), at + timedelta(hours=30)):
        time.now = moment
        await Clocks(pool).look()
        assert await came(pool, of) == ([(contact, {"field": "day", "date": date})] if moment >= at else [])


async def test_dates_of_a_downtime_of_a_day_are_made_up_for_and_those_of_weeks_are_not(pool: Pool, time: Time):
    of = await active(pool, {"kind": "date", "field": "day", "yearly": True})
    early = await new_contact(pool, of.account_id, fields={"day": "2000-06-03"})
    late = await new_contact(pool, of.account_id, fields={"day": "2000-06-20"})
    time.now = utc(2027, 6, 4, 8, 30)
    await Clocks(pool).look()
    assert await who(pool, of) == [early]
    await forget(pool, of)
    time.now = utc(2027, 6, 22, 9, 30)
    await Clocks(pool).look()
    assert await who(pool, of) == []
    time.now = utc(2028, 6, 20, 9, 30)
    await Clocks(pool).look()
    assert await who(pool, of) == [late]


@pytest.mark.parametrize(
    "value",
    [
        *("", "2027-06-02x", "0000-06-02", "9999-06-02", "2027-02-30", "06-02", "xxxxx06-02", "2027-06-02T09:00:00"),
        *(20270602, "2027-06-02" + "\u0661" * 1000, ["2027-06-02"], {"2027-06-02": 1}, None, True, "١٩٩٠-06-02"),
    ],
)
@pytest.mark.parametrize("yearly", [True, False])
async def test_what_is_no_date_holds_nobody_up(pool: Pool, time: Time, value, yearly):
    of = await active(pool, {"kind": "date", "field": "day", "yearly": yearly})
    await new_contact(pool, of.account_id, fields={"day": value})
    contact = await new_contact(pool, of.account_id, fields={"day": "2027-06-02"})
    time.now = utc(2027, 6, 2, 9, 15)
    await Clocks(pool).look()
    assert await who(pool, of) == [contact]


async def test_the_anniversary_of_a_contact(pool: Pool, time: Time):
    of = await active(pool, {"kind": "date", "field": "created_at", "yearly": True, "offset": "+365d", "at": "09:00"})
    contact = await new_contact(pool, of.account_id, created_at=utc(2026, 6, 2, 20))
    await new_contact(pool, of.account_id, created_at=utc(2026, 6, 3, 20))
    time.now = utc(2027, 6, 2, 9)
    await Clocks(pool).look()
    assert await who(pool, of) == [contact]


async def test_a_date_is_looked_for_once_by_time_zone_setting_of_the_automation(pool: Pool, time: Time):
    fixed = {"settings": {"timezone": "America/New_York"}}
    of = await active(pool, {"kind": "date", "field": "day"}, **fixed)
    contact = await new_contact(pool, of.account_id, fields={"day": "2027-06-02"}, time_zone="Asia/Tokyo")
    time.now = utc(2027, 6, 2, 12, 59)
    await Clocks(pool).look()
    assert await who(pool, of) == []
    time.now = utc(2027, 6, 2, 13)
    await Clocks(pool).look()
    assert await who(pool, of) == [contact]


VIPS = {"kind": "schedule", "cron": "0 9 * * *", "audience": {"tag": "vip"}}


async def test_a_schedule_brings_all_who_match_at_each_of_its_times(pool: Pool, time: Time):
    account = await zone(pool, await new_account(pool), "Europe/Berlin")
    of = await active(pool, VIPS, account)
    first = await new_contact(pool, account, tags=["vip"])
    await new_contact(pool, account, tags=["other"])
    await new_contact(pool, await new_account(pool), tags=["vip"])
    time.now = utc(2027, 6, 2, 6, 59)
    await Clocks(pool).look()
    assert await who(pool, of) == []
    for _ in range(3):
        time.now = utc(2027, 6, 2, 7, 0, 3)
        await Clocks(pool).look()
    assert await came(pool, of) == [(first, {"time": "2027-06-02T07:00:00+00:00"})]
    await forget(pool, of)
    second = await new_contact(pool, account, tags=["vip"])
    time.now = utc(2027, 6, 3, 7, 1)
    await Clocks(pool).look()
    assert await who(pool, of) == sorted([first, second])


async def test_of_times_that_were_missed_the_last_of_a_day_is_made_up_for(pool: Pool, time: Time):
    of = await active(pool, {**VIPS, "cron": "0 */6 * * *", "timezone": "UTC"})
    await new_contact(pool, of.account_id, tags=["vip"])
    time.now = utc(2027, 6, 2, 1)
    await Clocks(pool).look()
    assert [event for _, event in await came(pool, of)] == [{"time": "2027-06-02T00:00:00+00:00"}]
    await forget(pool, of)
    daily = await again(pool, of, {**(await definition(pool, of)), "trigger": {**VIPS, "cron": "0 0 1 * *"}})
    time.now = utc(2027, 7, 9)
    await Clocks(pool).look()
    assert await came(pool, daily) == []


async def definition(pool: Pool, of: Automation) -> dict[str, Any]:
    found = await automations.version(pool, of.id, of.version or 1, of.revision)
    assert found is not None
    return found.definition


async def test_who_looks_is_killed_again_and_again_and_each_contact_is_found_once(
    pool: Pool, time: Time, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(looking, "AT_A_TIME", 7)
    monkeypatch.setattr(looking, "MOST_WAITING", 20)
    of = await active(pool, VIPS)
    ids = [await new_contact(pool, of.account_id, tags=["vip"]) for _ in range(150)]
    time.now = utc(2027, 6, 2, 9)
    found: Counter[str] = Counter()
    chance = random.Random(4)
    kills = 0
    while not await rests(pool, of) or not found:
        several = [asyncio.create_task(Clocks(pool).look()) for _ in range(2)]
        if kills < 25:
            kills += 1
            await asyncio.sleep(chance.random() * 0.15)
            for task in several:
                task.cancel()
        await asyncio.gather(*several, return_exceptions=True)
        waiting = await who(pool, of)
        assert len(waiting) < 20 + 2 * 7
        found.update(waiting)
        await forget_some(pool, waiting)
    assert found == Counter(ids)


async def forget_some(pool: Pool, contacts: list[str]) -> None:
    async with pool.connection() as conn:
        await conn.execute("delete from automation_events where contact_id = any(%s::uuid[])", (contacts,))


async def rests(pool: Pool, of: Automation) -> bool:
    async with pool.connection() as conn:
        cursor = await conn.execute("select round_at is null from automation_clocks where automation_id = %s", (of.id,))
        row = await cursor.fetchone()
    return bool(row and row[0])


async def test_one_accounts_large_audience_holds_up_no_other(pool: Pool, time: Time, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(looking, "AT_A_TIME", 5)
    monkeypatch.setattr(looking, "MOST_WAITING", 10)
    large, small = await active(pool, VIPS), await active(pool, VIPS)
    for _ in range(30):
        await new_contact(pool, large.account_id, tags=["vip"])
    contact = await new_contact(pool, small.account_id, tags=["vip"])
    time.now = utc(2027, 6, 2, 9)
    await Clocks(pool).look()
    assert await who(pool, small) == [contact]
    total = 0
    while waiting := await forget(pool, large):
        assert waiting < 10 + 5
        total += waiting
        await Clocks(pool).look()
    assert total == 30


async def test_whoever_would_be_refused_as_they_are_inside_is_not_asked_again_and_again(pool: Pool, time: Time):
    entries = {"after_exit": {}, "never": {"re_entry": {"mode": "never"}}, "always": {"re_entry": {"mode": "always"}}}
    account = await new_account(pool)
    of = {mode: await active(pool, VIPS, account, entry=entry) for mode, entry in entries.items()}
    inside, was, new = [await new_contact(pool, account, tags=["vip"]) for _ in range(3)]
    async with pool.connection() as conn:
        for automation in of.values():
            for contact, ended in ((inside, None), (was, datetime.now(UTC))):
                await conn.execute(
                    """insert into automation_runs (id, automation_id, account_id, contact_id, version, entry_key,
                                                    trigger, event, vars, ended_at)
                       values (%s, %s, %s, %s, 1, '', 'manual', '{}', '{}', %s)""",
                    (new_batch_id(), automation.id, account, contact, ended),
                )
    time.now = utc(2027, 6, 2, 9)
    await Clocks(pool).look()
    assert await who(pool, of["after_exit"]) == sorted([was, new])
    assert await who(pool, of["never"]) == [new]
    assert await who(pool, of["always"]) == sorted([inside, was, new])


async def test_a_round_that_fails_is_tried_again_later_and_holds_nobody_up(
    pool: Pool, time: Time, monkeypatch: pytest.MonkeyPatch
):
    faulty, good = await active(pool, VIPS), await active(pool, VIPS)
    wanted = [await new_contact(pool, one.account_id, tags=["vip"]) for one in (faulty, good)]
    page = looking.contacts_of

    async def failing(pool: Pool, about: Any, limit: int) -> Any:
        if about.automation.id == faulty.id:
            raise ZeroDivisionError
        return await page(pool, about, limit)

    monkeypatch.setattr(looking, "contacts_of", failing)
    time.now = utc(2027, 6, 2, 9)
    await Clocks(pool).look()
    assert (await who(pool, faulty), await who(pool, good)) == ([], [wanted[1]])
    monkeypatch.setattr(looking, "contacts_of", page)
    await Clocks(pool).look()
    assert await who(pool, faulty) == []
    time.now += timedelta(minutes=2)
    await Clocks(pool).look()
    assert await who(pool, faulty) == [wanted[0]]


async def test_an_audience_that_takes_too_long_is_given_up_visibly(
    pool: Pool, time: Time, monkeypatch: pytest.MonkeyPatch
):
    of = await active(pool, VIPS)
    await new_contact(pool, of.account_id, tags=["vip"])

    async def slow(*_: Any) -> Any:
        raise UnavailableError("segment_too_slow", "this audience takes too long to find")

    monkeypatch.setattr(looking, "contacts_of", slow)
    for minutes in (0, 30, 61, 62):
        time.now = utc(2027, 6, 2, 9, 0, 1) + timedelta(minutes=minutes)
        await Clocks(pool).look()
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select trigger, outcome from automation_entries where automation_id = %s", (of.id,)
        )
        assert await cursor.fetchall() == [("schedule", "segment_too_slow")]
    assert await rests(pool, of)


async def test_a_paused_automation_looks_for_nobody_and_makes_up_for_nothing(pool: Pool, time: Time):
    of = await active(pool, VIPS)
    contact = await new_contact(pool, of.account_id, tags=["vip"])
    flow = parse_flow(await definition(pool, of))
    await listen(pool, await automations.set_state(pool, of.id, "paused"), flow)
    time.now = utc(2027, 6, 2, 9, 30)
    await Clocks(pool).look()
    await listen(pool, await automations.set_state(pool, of.id, "active"), flow)
    await Clocks(pool).look()
    assert await who(pool, of) == []
    time.now = utc(2027, 6, 3, 9)
    await Clocks(pool).look()
    assert await who(pool, of) == [contact]


async def test_one_that_was_paused_as_its_runs_fail_makes_up_for_nothing_either(pool: Pool, time: Time):
    of = await active(pool, VIPS)
    contact = await new_contact(pool, of.account_id, tags=["vip"])
    await automations.set_state(pool, of.id, "paused")
    time.now = utc(2027, 6, 2, 9, 30)
    await Clocks(pool).look()
    await listen(pool, await automations.set_state(pool, of.id, "active"), parse_flow(await definition(pool, of)))
    await Clocks(pool).look()
    assert await who(pool, of) == []
    time.now = utc(2027, 6, 3, 9)
    await Clocks(pool).look()
    assert await who(pool, of) == [contact]


async def test_another_version_goes_on_with_the_round_unless_its_trigger_changed(
    pool: Pool, time: Time, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(looking, "AT_A_TIME", 2)
    monkeypatch.setattr(looking, "MOST_WAITING", 4)
    of = await active(pool, VIPS)
    ids = [await new_contact(pool, of.account_id, tags=["vip"]) for _ in range(7)]
    time.now = utc(2027, 6, 2, 9)
    await Clocks(pool).look()
    found = await who(pool, of)
    assert len(found) == 4
    await forget(pool, of)
    same = await again(pool, of, await definition(pool, of) | {"name": "Other"})
    await Clocks(pool).look()
    assert sorted(found + await who(pool, same)) == sorted(ids)
    await forget(pool, of)
    time.now = utc(2027, 6, 3, 9)
    await Clocks(pool).look()
    await forget(pool, of)
    other = await again(pool, same, await definition(pool, of) | {"trigger": {**VIPS, "cron": "0 8 * * *"}})
    await Clocks(pool).look()
    assert await who(pool, other) == []


async def test_how_many_match_now_is_counted_each_once(pool: Pool):
    account = await new_account(pool)
    for tags in (["vip"], ["vip", "new"], ["other"]):
        await new_contact(pool, account, tags=tags)
    triggers = [{**VIPS}, {**VIPS, "audience": {"tag": "new"}}]
    of = await active(pool, VIPS, account)
    several = await definition(pool, of) | {"triggers": triggers}
    del several["trigger"]
    assert await count_now(pool, account, parse_flow(several)) == 2
    async with pool.connection() as conn, conn.transaction():  # which goes on with its own settings
        before = await (await conn.execute("show enable_nestloop")).fetchone()
        assert await count_now(InTransaction(conn), account, parse_flow(several)) == 2
        assert await (await conn.execute("show enable_nestloop")).fetchone() == before == ("on",)
    manual = parse_flow(await definition(pool, of) | {"trigger": {"kind": "manual"}})
    assert await count_now(pool, account, manual) == 0
