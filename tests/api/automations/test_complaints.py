"""What people complain of most in automations of other products: each has a test that it is not so here.

The list is that of the field: what users of Mautic, Braze, PostHog, n8n, Dittofeed and Parcelvoy reported.
"""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.ids import automation_workflow_id
from tests.api.automations.automations import ada, call, data, entered, flow, holder, published, reaches, sms, texts
from tests.stack import Stack, User

WAIT = {"kind": "wait", "for": "30d"}


async def test_complaint_1_why_did_she_not_get_it_again_and_why_twice(stack: Stack):
    """Each way of re-entry is named, and whoever is not let in is listed with the reason."""
    user = await holder(stack)
    contact = await ada(stack, user)
    for mode, outcomes in (
        ("after_exit", ["admitted", "already_inside", "admitted"]),
        ("never", ["admitted", "already_inside", "re_entry_never"]),
        ("always", ["admitted", "admitted", "admitted"]),
    ):
        await published(stack, user, flow(WAIT, key=mode, entry={"re_entry": {"mode": mode}}))
        runs = [await enters(stack, user, mode, contact) for _ in range(2)]
        await data(stack, user, "POST", f"/runs/{runs[0]}/exit")
        await reaches(stack, user, str(runs[0]), "exited")
        await enters(stack, user, mode, contact)
        kept = await data(stack, user, "GET", f"/automations/{mode}/entries")
        assert [one["outcome"] for one in reversed(kept)] == outcomes


async def test_complaint_2_an_event_that_comes_before_the_wait_is_lost(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    await published(stack, user, flow({"kind": "wait", "for": "1s"}, paid(since="entry")))
    run = await entered(stack, user, contact)
    await happens(stack, user, contact, "order.paid")
    assert (await reaches(stack, user, run))["steps"][1]["outcome"]["result"] == "happened"


async def test_complaint_3_wait_until_waits_for_a_time_when_a_change_is_meant(stack: Stack):
    """A change of the contact is an event, too: what waits for it goes on at once."""
    user = await holder(stack)
    contact = await ada(stack, user)
    until_vip = {"event": "contact.tag_added", "match": {"field": "it.tag", "op": "eq", "value": "vip"}}
    await published(stack, user, flow({"kind": "wait_event", **until_vip, "timeout": "30d", "then": [], "else": []}))
    run = await entered(stack, user, contact)
    await reaches(stack, user, run, "waiting")
    await data(stack, user, "PATCH", f"/contacts/{contact}", {"tags": ["early"]})
    await data(stack, user, "PATCH", f"/contacts/{contact}", {"tags": ["early", "vip"]})
    assert (await reaches(stack, user, run))["steps"][0]["outcome"]["result"] == "happened"


async def test_complaint_4_nine_in_the_morning_is_nine_in_the_server_s_zone(stack: Stack):
    """The contact's own zone counts, else that of its number's country if it has one, else the account's."""
    user = await holder(stack)
    await published(stack, user, flow({"kind": "wait", "at": {"time": "09:00"}}))
    for values, zone in (
        ({"phone": "+14155550111", "time_zone": "Asia/Tokyo"}, "Asia/Tokyo"),
        ({"phone": "+4915112345678"}, "Europe/Berlin"),
        ({"phone": "+14155550112"}, "America/Los_Angeles"),
        ({"phone": None, "email": "ada@example.com"}, "UTC"),
    ):
        run = await entered(stack, user, await ada(stack, user, **values))
        until = datetime.fromisoformat((await reaches(stack, user, run, "waiting"))["until"])
        local = until.astimezone(ZoneInfo(zone))
        assert (local.hour, local.minute) == (9, 0), (values, local)


async def test_complaint_5_a_run_is_lost_or_stuck_after_a_restart(stack: Stack):
    """Even without its workflow a run goes on (tests/faults has what ``kill -9`` of each part does)."""
    user = await holder(stack)
    contact = await ada(stack, user)
    await published(stack, user, flow({"kind": "wait", "for": "2s"}, sms("still here")))
    run = await entered(stack, user, contact)
    await reaches(stack, user, run, "waiting")
    await stack.temporal.get_workflow_handle(automation_workflow_id(UUID(run))).terminate()
    assert await texts(stack, user, await reaches(stack, user, run)) == ["still here"]


async def test_complaint_6_a_step_fails_and_nobody_is_told(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    await published(stack, user, flow({"kind": "emit", "event": "seen", "data": {"colour": "{{ event.colour }}"}}))
    found = await reaches(stack, user, await entered(stack, user, contact))
    assert (found["state"], found["error"]["step"], found["error"]["code"]) == ("failed", "s0", "missing_field")
    async with asyncio.timeout(30):  # a mail and a callback to the owner
        while not (told := await told_owners(stack, user)):
            await asyncio.sleep(0.1)
    assert found["id"] in told[0]
    (attention,) = await data(stack, user, "GET", "/automations/attention")
    assert (attention["key"], attention["failed"]) == ("welcome", 1)


async def test_complaint_7_an_automation_cannot_be_taken_to_another_install(stack: Stack):
    """What is read is what was written, and ``key`` says which automation it is, here and there."""
    here, there = await holder(stack), await holder(stack)
    written = flow(WAIT, sms(), name="Rescue", key="rescue")
    await published(stack, here, written)
    read = (await call(stack, here, "GET", "/automations/rescue/definition")).json()
    assert read == written
    await published(stack, there, read)
    assert (await call(stack, there, "GET", "/automations/rescue/definition")).json() == written


async def test_complaint_8_nobody_says_who_will_be_hit_before_it_happens(stack: Stack):
    user = await holder(stack)
    for number in range(3):
        await ada(stack, user, phone=f"+1415555020{number}", tags=["vip"])
    await ada(stack, user, phone="+14155550209")
    monthly = {"kind": "schedule", "cron": "0 9 1 * *", "audience": {"tag": "vip"}}
    await data(stack, user, "POST", "/automations", flow(sms(), trigger=monthly))
    report = await data(stack, user, "POST", "/automations/welcome/publish?dry_run=true")
    assert report["impact"]["matching"] == 3, report["impact"]
    assert (await data(stack, user, "GET", "/automations/welcome"))["state"] == "draft"


async def test_complaint_9_one_post_makes_two_runs(stack: Stack):
    user = await holder(stack)
    hook = (await data(stack, user, "POST", "/hooks", {"name": "Shop"}))["id"]
    await published(
        stack, user, flow(WAIT, trigger={"kind": "webhook", "hook": "shop"}, entry={"re_entry": {"mode": "always"}})
    )
    body = {"email": "ada@example.com", "order_id": "A1"}
    posts = [
        stack.http.post(f"/api/automation/webhook/{hook}", json=body, headers={"Idempotency-Key": "delivery-1"})
        for _ in range(10)
    ]
    answers = await asyncio.gather(*posts)
    assert {(one.status_code, one.json()["contacts_enrolled"]) for one in answers} == {(200, 1)}
    assert len(await data(stack, user, "GET", "/automations/welcome/runs")) == 1


async def test_complaint_10_stopping_is_not_stopping(stack: Stack):
    """Stopping says how many messages go all the same; nothing is sent beyond them."""
    user = await holder(stack)
    contact = await ada(stack, user)
    open_at_night = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], **an_hour_of_tomorrow()}
    steps = flow(sms("late", **{"await": "none"}), WAIT, sms("never"), settings={"send_window": open_at_night})
    await published(stack, user, steps)
    run = await entered(stack, user, contact)
    await reaches(stack, user, run, "waiting")
    stopped = await data(stack, user, "POST", "/automations/welcome/archive")
    assert (stopped["state"], stopped["leaving"]) == ("archived", 1)
    found = await reaches(stack, user, run, "cancelled")
    assert [one["step"] for one in found["steps"]] == ["s0"]


def an_hour_of_tomorrow() -> dict[str, str]:
    """Hours that are not now where the contact is."""
    now = datetime.now(ZoneInfo("America/Los_Angeles")).hour
    begins = (now + 12) % 23
    return {"from": f"{begins:02}:00", "to": f"{begins + 1:02}:00"}


def paid(**more: Any) -> dict[str, Any]:
    return {"kind": "wait_event", "event": "order.paid", "timeout": "30d", "then": [], "else": [], **more}


async def told_owners(stack: Stack, user: User) -> list[str]:
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select message from automation_notices where account_id = %s", (user.id,))
        return [message for (message,) in await cursor.fetchall()]


async def happens(stack: Stack, user: User, contact: str, name: str) -> None:
    await data(stack, user, "POST", "/events", {"name": name, "contact": {"id": contact}})


async def enters(stack: Stack, user: User, key: str, contact: str) -> str | None:
    answer = await call(stack, user, "POST", f"/automations/{key}/runs", {"contact": contact})
    return answer.json()["data"]["run"]
