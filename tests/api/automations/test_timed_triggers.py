"""Dates of contacts and schedules begin runs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.automations.automations import ada, call, data, flow, holder, published, reaches, sms, texts
from tests.api.automations.test_automation_events import runs_of
from tests.api.automations.test_change_triggers import DONE, begins, events_of
from tests.stack import Stack, User

MINUTELY = {"kind": "schedule", "cron": "* * * * *", "audience": {"tag": "vip"}}


async def set_back(stack: Stack, user: User, by: str) -> None:
    """As if nobody had looked for so long."""
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            """update automation_clocks set done_until = clock_timestamp() - %s::interval, next_at = clock_timestamp(),
                   round_at = null, after = null where account_id = %s""",
            (by, user.id),
        )
        assert cursor.rowcount


async def test_a_schedule_begins_runs_of_its_audience(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user, tags=["vip"])
    await ada(stack, user, phone=None)
    await published(stack, user, flow(sms("Now {{ event.time | slice: 0, 4 }}"), trigger=MINUTELY))
    await set_back(stack, user, "1 minute")
    (run,) = await runs_of(stack, user, "welcome", 1)
    assert (run["trigger"], run["contact"]) == ("schedule", contact)
    assert await texts(stack, user, await reaches(stack, user, run["id"])) == [f"Now {datetime.now(UTC).year}"]


async def test_a_date_begins_one_run_also_if_a_clock_is_set_back(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user, fields={"day": f"1990-{datetime.now(UTC):%m-%d}"}, time_zone="UTC")
    await data(stack, user, "POST", "/contact-fields", {"key": "day", "type": "date"})
    trigger = {"kind": "date", "field": "day", "at": "00:00", "yearly": True}
    always = {"re_entry": {"mode": "always"}}
    await begins(stack, user, trigger, entry=always)
    await begins(stack, user, {**trigger, "at": "00:01"}, key="last", name="Last", entry=always)
    for _ in range(2):
        await set_back(stack, user, "47 hours")
        today = {"field": "day", "date": f"{datetime.now(UTC):%Y-%m-%d}"}
        assert await events_of(stack, user, "welcome", 1) == [today]
        await runs_of(stack, user, "last", 1)
    found = (await call(stack, user, "GET", "/automations/welcome/entries")).json()["data"]
    assert [(one["contact"], one["trigger"], one["outcome"]) for one in found] == [(contact, "date", "admitted")]


async def test_whoever_is_found_and_is_refused_is_noted_with_the_reason(stack: Stack):
    user = await holder(stack)
    for _ in range(3):
        await ada(stack, user, phone=None, tags=["vip"])
    await begins(stack, user, MINUTELY, settings={"max_entries_per_hour": 1})
    await set_back(stack, user, "1 minute")
    await runs_of(stack, user, "welcome", 1)
    found: list[str] = []
    while len(found) < 3:
        answer = await call(stack, user, "GET", "/automations/welcome/entries")
        found = [one["outcome"] for one in answer.json()["data"]]
    assert sorted(found)[:3] == ["admitted", "hourly_cap", "hourly_cap"]


@pytest.mark.parametrize(
    ("trigger", "code", "at"),
    [
        ({"kind": "date", "field": "nothing"}, "field_unknown", "field"),
        ({"kind": "date", "field": "age"}, "field_type", "field"),
        ({"kind": "schedule", "cron": "0 0 30 2 *", "audience": {"tag": "vip"}}, "cron", "cron"),
        ({"kind": "lead", "source": ["web"]}, "source_unknown", "source/0"),
    ],
)
async def test_what_can_never_come_is_not_published(stack: Stack, trigger: dict[str, Any], code: str, at: str):
    user = await holder(stack)
    await data(stack, user, "POST", "/contact-fields", {"key": "age", "type": "number"})
    await data(stack, user, "POST", "/automations", flow(DONE, trigger=trigger))
    answer = await call(stack, user, "POST", "/automations/welcome/publish")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["code"], error["pointer"]) == (code, f"/trigger/{at}".rstrip("/"))
