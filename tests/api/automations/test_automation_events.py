"""Events: they begin runs, end waits whenever they came, and end runs."""

import asyncio
from uuid import uuid4

from tests.api.automations.automations import ada, call, data, entered, flow, holder, published, reaches, sms, texts
from tests.stack import Stack, User


async def happens(stack: Stack, user: User, contact: str, name: str, **event: object) -> None:
    await data(stack, user, "POST", "/events", {"name": name, "contact": {"id": contact}, "data": event})


async def runs_of(stack: Stack, user: User, key: str, count: int) -> list[dict]:
    """The runs of an automation, once there are so many."""
    async with asyncio.timeout(20):
        while True:
            found = (await call(stack, user, "GET", f"/automations/{key}/runs")).json()["data"]
            if len(found) >= count:
                assert len(found) == count, found
                return found
            await asyncio.sleep(0.05)


async def test_an_event_begins_runs_of_automations_that_it_fits(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    large = {"field": "it.total", "op": "gte", "value": 100}
    trigger = {"kind": "event", "event": "order.placed", "match": large}
    await published(stack, user, flow(sms("Order {{ event.id }}"), trigger=trigger))
    await happens(stack, user, contact, "order.placed", id="A1", total=20)
    await happens(stack, user, contact, "order.placed", id="A2", total=200)
    (run,) = await runs_of(stack, user, "welcome", 1)
    assert await texts(stack, user, await reaches(stack, user, run["id"])) == ["Order A2"]


async def test_an_event_before_the_wait_for_it_ends_that_wait(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    waits = {"kind": "wait_event", "event": "order.paid", "timeout": "1h", "since": "entry", "save": "paid"}
    steps = flow(
        {"kind": "wait", "for": "3s"},
        waits | {"then": [{"id": "a", **sms("Paid {{ vars.paid.id }}")}], "else": [{"id": "b", **sms("Not paid")}]},
    )
    await published(stack, user, steps)
    run = await entered(stack, user, contact)
    await reaches(stack, user, run, "waiting", step="s0")
    await happens(stack, user, contact, "order.paid", id="A1")
    assert await texts(stack, user, await reaches(stack, user, run)) == ["Paid A1"]


async def test_an_event_wakes_the_run_that_waits_for_it_and_no_other_event_does(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    mine = {"field": "it.id", "op": "eq", "ref": "event.id"}
    waits = {
        "kind": "wait_event",
        "event": "order.paid",
        "timeout": "1d",
        "match": mine,
        "then": [{"id": "a", **sms("Paid")}],
    }
    entry = {"key": "{{ event.id }}", "re_entry": {"mode": "always"}}
    await published(stack, user, flow(waits, entry=entry))
    runs = [await entered(stack, user, contact, id=number) for number in ("A1", "A2")]
    for run in runs:
        await reaches(stack, user, run, "waiting")
    await happens(stack, user, contact, "order.paid", id="A2")
    assert await texts(stack, user, await reaches(stack, user, runs[1])) == ["Paid"]
    assert (await data(stack, user, "GET", f"/runs/{runs[0]}"))["state"] == "waiting"


async def test_a_wait_for_an_event_that_does_not_come_ends_with_its_timeout(stack: Stack):
    user = await holder(stack)
    waits = {"kind": "wait_event", "event": "order.paid", "timeout": "2s", "else": [{"id": "b", **sms("Not paid")}]}
    await published(stack, user, flow(waits))
    found = await reaches(stack, user, await entered(stack, user, await ada(stack, user)))
    assert await texts(stack, user, found) == ["Not paid"]


async def test_a_report_of_the_runs_own_message_ends_a_wait_of_it(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    waits = {
        "kind": "wait_event",
        "event": "message.sent",
        "of": "s0",
        "timeout": "1h",
        "then": [{"id": "a", **sms("Two")}],
    }
    await published(stack, user, flow(sms("One"), waits))
    found = await reaches(stack, user, await entered(stack, user, contact))
    assert await texts(stack, user, found) == ["One", "Two"]


async def test_a_run_ends_as_soon_as_what_ends_it_happens(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    bought = {"event": "order.paid", "match": {"field": "it.id", "op": "eq", "ref": "run.key"}, "reason": "bought"}
    steps = flow({"kind": "wait", "for": "30d"}, sms(), exit=[bought], entry={"key": "{{ event.id }}"})
    await published(stack, user, steps)
    run = await entered(stack, user, contact, id="A1")
    await reaches(stack, user, run, "waiting")
    await happens(stack, user, contact, "order.paid", id="A1")
    found = await reaches(stack, user, run)
    assert (found["state"], found["reason"]) == ("exited", "bought")
    assert await texts(stack, user, found) == []


async def test_a_goal_pulls_a_run_that_waits_forward_and_the_automations_own_is_noted(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    goal = {"kind": "goal", "event": "order.paid"}
    steps = flow({"kind": "wait", "for": "30d"}, sms("Late"), goal, sms("Thanks"), goal={"event": "order.paid"})
    await published(stack, user, steps)
    run = await entered(stack, user, contact)
    await reaches(stack, user, run, "waiting")
    await happens(stack, user, contact, "order.paid")
    found = await reaches(stack, user, run)
    assert await texts(stack, user, found) == ["Thanks"]
    assert found["converted_at"] is not None


async def test_an_automation_starts_and_stops_others_of_the_contact(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    await published(stack, user, flow({"kind": "wait", "for": "30d"}, key="long", name="Long"))
    await published(stack, user, flow(sms("From {{ event.whom }}"), key="other", name="Other"))
    steps = flow(
        {"kind": "start", "automation": "other", "data": {"whom": "{{ contact.first_name }}"}},
        {"kind": "stop", "automation": "long", "reason": "enough"},
        {"kind": "emit", "event": "shop.done", "data": {"by": "{{ run.id }}"}},
    )
    await published(stack, user, steps)
    long = await entered(stack, user, contact, "long")
    await reaches(stack, user, long, "waiting")
    run = await entered(stack, user, contact)
    await reaches(stack, user, run)
    assert (await reaches(stack, user, long))["reason"] == "enough"
    (other,) = await runs_of(stack, user, "other", 1)
    assert other["trigger"] == "automation"
    assert await texts(stack, user, await reaches(stack, user, other["id"])) == ["From Ada"]
    events = (await call(stack, user, "GET", f"/contacts/{contact}/events?name=shop.done")).json()["data"]
    assert [one["data"] for one in events] == [{"by": run}]


async def test_what_cannot_be_looked_at_holds_up_no_event_of_others(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    await published(stack, user, flow(sms(), trigger={"kind": "event", "event": "order.placed"}))
    async with stack.pool.connection() as conn:
        await conn.execute(
            """insert into automation_events (account_id, source, contact_id, name, at, data)
               values (%s, %s, %s, 'automation.start', now(), '{}')""",
            (user.id, uuid4(), contact),
        )
    await happens(stack, user, contact, "order.placed")
    (run,) = await runs_of(stack, user, "welcome", 1)
    assert await texts(stack, user, await reaches(stack, user, run["id"])) == ["Hi Ada"]
