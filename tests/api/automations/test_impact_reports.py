"""What publishing says that it does to contacts inside, before it does it."""

from random import randrange
from typing import Any

from tests.api.answers import assert_error
from tests.api.automations.automations import ada, call, data, entered, flow, holder, published, reaches, sms
from tests.segments import new_contact
from tests.stack import Stack, User

PATH = "/automations/welcome"


def wait(id_: str, length: str = "30d") -> dict[str, Any]:
    return {"id": id_, "kind": "wait", "for": length}


async def crowd(stack: Stack, user: User, count: int, step: str, since_hours: float, until_hours: float) -> None:
    """So many contacts at a step of the first version, whose waits began and end then."""
    contact = await new_contact(stack.pool, user.id, phone=f"+1415555{randrange(10_000):04}")
    async with stack.pool.connection() as conn:
        await conn.execute(
            """insert into automation_runs (id, automation_id, account_id, contact_id, version, entry_key, trigger,
                   event, vars, entered_at, state, step, since, until, taken)
               select overlay(gen_random_uuid()::text placing '01900000-0000-7' from 1)::uuid,  -- of a year ago
                   a.id, a.account_id, %(contact)s, 1, n::text, 'manual', '{}', '{}',
                   now() - interval '40 days', 'waiting', %(step)s, now() - %(since)s * interval '1 hour',
                   now() + %(until)s * interval '1 hour', 1
               from automations a, generate_series(1, %(count)s) as n
               where a.account_id = %(user)s and a.key = 'welcome'""",
            {"contact": contact, "step": step, "since": since_hours, "until": until_hours, "count": count}
            | {"user": user.id},
        )


async def dry(stack: Stack, user: User, *steps: dict[str, Any], settings: object = None, **body: Any) -> dict[str, Any]:
    more = {} if settings is None else {"settings": settings}
    await data(stack, user, "PUT", f"{PATH}/draft", flow(*steps, **more))
    return await data(stack, user, "POST", f"{PATH}/publish?dry_run=true", body)


async def test_it_says_where_those_at_removed_steps_go(stack: Stack):
    user = await holder(stack)
    last = {"id": "z", **sms("bye")}
    await published(stack, user, flow(wait("a"), wait("b"), wait("c"), last))
    for step, count in (("a", 3), ("b", 4), ("c", 5)):
        await crowd(stack, user, count, step, 48, 24 * 28)
    pinned = (await dry(stack, user, last, wait("q")))["impact"]
    assert (pinned["moved"], pinned["inside"]) == ([], 12)
    found = (await dry(stack, user, wait("a"), last, people="migrate", map={"c": "exit"}))["impact"]
    assert found["moved"] == [
        {"version": 1, "step": "b", "people": 4, "to": "z", "how": "next"},
        {"version": 1, "step": "c", "people": 5, "to": None, "how": "exit"},
    ]
    assert found["messages"] == {"sms": 4}, "those at the removed step go on at once"


async def test_it_counts_the_waits_that_a_patch_ends_at_once(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow(wait("a"), {"id": "z", **sms("bye")}))
    await crowd(stack, user, 40, "a", 48, 24 * 28)
    found = (await dry(stack, user, wait("a", "1d"), {"id": "z", **sms("bye")}, mode="patch"))["impact"]
    assert found["waits"] == [{"version": 1, "step": "a", "looked_at": 40, "fire_now": 40, "more": False}]
    assert (found["messages"], found["credits"]) == ({"sms": 40}, 40)
    longer = (await dry(stack, user, wait("a", "60d"), {"id": "z", **sms("bye")}, mode="patch"))["impact"]
    assert longer["waits"] == [{"version": 1, "step": "a", "looked_at": 40, "fire_now": 0, "more": False}]
    assert (longer["messages"], longer["credits"]) == ({}, 0)
    text = (await dry(stack, user, wait("a"), {"id": "z", **sms("b" * 200)}, mode="patch"))["impact"]
    assert text["waits"] == [], "no rule has changed"


async def test_dates_of_contacts_are_looked_at_as_far_as_it_says(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow(wait("w"), {"id": "z", **sms("bye")}))
    await crowd(stack, user, 120, "w", 48, 24 * 28)
    rule = {"id": "w", "kind": "wait", "until": "{{ run.entered_at | slice: 0, 10 }}"}
    found = (await dry(stack, user, rule, {"id": "z", **sms("bye")}, mode="patch"))["impact"]
    assert found["waits"] == [{"version": 1, "step": "w", "looked_at": 100, "fire_now": 100, "more": True}]


async def test_it_names_what_is_empty_for_those_who_are_past_the_step_that_sets_it(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow(wait("a"), {"id": "z", **sms("bye")}))
    await crowd(stack, user, 6, "a", 48, 24 * 28)
    first = {"id": "p", "kind": "wait_event", "event": "order.paid", "timeout": "1d", "save": "order"}
    last = {"id": "z", **sms("{{ vars.order.id }}")}
    found = (await dry(stack, user, first, wait("a"), last, people="migrate"))["impact"]
    assert found["empty"] == [{"step": "z", "name": "vars.order", "people": 6}]
    assert (await dry(stack, user, first, wait("a"), last))["impact"]["empty"] == [], (
        "those inside stay in their version"
    )
    assert (await dry(stack, user, wait("a"), first, last, people="migrate"))["impact"]["empty"] == []


async def test_what_sends_for_more_credits_than_the_limit_must_be_approved(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow(wait("a"), {"id": "z", **sms("bye")}))
    await crowd(stack, user, 30, "a", 48, 24 * 28)
    steps = wait("a", "1d"), {"id": "z", **sms("b" * 200)}
    limits = {"approve_above_credits": 59}
    report = await dry(stack, user, *steps, settings=limits, people="migrate")
    assert (report["impact"]["credits"], report["needs_approval"]) == (60, True), "each is two parts"
    refused = await call(stack, user, "POST", f"{PATH}/publish", {"people": "migrate"})
    assert_error(refused, 409, "approval_needed")
    assert (await data(stack, user, "GET", PATH))["version"] == 1
    await data(stack, user, "POST", f"{PATH}/publish", {"people": "migrate", "approve": True})
    report = await dry(stack, user, *steps[:1], settings={"approve_above_credits": 60}, people="migrate")
    assert not report["needs_approval"]


async def test_who_entered_yesterday_is_taken_to_come_again(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow(wait("a", "1h")))
    for n in range(3):
        run = await entered(stack, user, await ada(stack, user, phone=f"+1415555020{n}"))
        await reaches(stack, user, run, "waiting")
    found = await dry(stack, user, wait("a", "1h"), {"id": "z", **sms("bye")}, wait("b", "22h"), {"id": "y", **sms()})
    assert (found["impact"]["entering"], found["impact"]["messages"]) == (3, {"sms": 6})


async def test_who_meets_the_condition_of_a_schedule_is_counted_before_it_is_published(stack: Stack):
    user = await holder(stack)
    for n in range(3):
        await ada(stack, user, phone=f"+1415555030{n}", tags=["vip"] if n else [])
    trigger = {"kind": "schedule", "cron": "0 9 * * mon", "timezone": "UTC", "audience": {"tag": "vip"}}
    limits = {"approve_above_credits": 1}
    await data(stack, user, "POST", "/automations", flow(sms("bye"), trigger=trigger, settings=limits))
    report = await data(stack, user, "POST", f"{PATH}/publish?dry_run=true")
    assert (report["impact"]["matching"], report["impact"]["messages"]) == (2, {"sms": 2})
    assert_error(await call(stack, user, "POST", f"{PATH}/publish"), 409, "approval_needed")
    assert (await data(stack, user, "POST", f"{PATH}/publish", {"approve": True}))["version"] == 1
