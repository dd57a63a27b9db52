"""What came of an automation, in numbers: by version and step, with messages and conversions."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from store.automations.results import counting
from store.messages import engagement
from store.pool import InTransaction
from tests.api.automations.automations import ada, call, data, entered, flow, holder, published, reaches, sms
from tests.stack import Stack, User

MAIL = {"kind": "send", "channel": "email", "content": {"subject": "Hi", "message": "<p>Hi</p>"}}
BUYS = {"event": "order.paid", "within": "1d"}


async def counts(stack: Stack, user: User, key: str = "welcome", **query: Any) -> list[dict[str, Any]]:
    answer = await stack.http.get(f"/api/automations/{key}/counts", params=query, headers=user.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["versions"]


async def until(stack: Stack, user: User, step: str, **messages: int) -> dict[str, Any]:
    """The counts of version 1, once a step has these messages."""
    async with asyncio.timeout(30):
        while True:
            (found,) = await counts(stack, user)
            if found["steps"][step]["messages"] == messages:
                return found
            await asyncio.sleep(0.05)


async def post(stack: Stack, user: User, contact: str, name: str) -> None:
    event = {"name": name, "contact": {"id": contact}}
    answer = await call(stack, user, "POST", "/events", {"events": [event]})
    assert answer.status_code in (200, 202), answer.text


async def test_steps_arms_messages_and_refusals_are_counted(stack: Stack):
    user = await holder(stack)
    split = {"kind": "split", "arms": [{"weight": 1, "steps": [{"id": "a", **MAIL}]}, {"weight": 0, "steps": []}]}
    nobody = sms(if_unreachable="skip")
    await published(stack, user, flow(split, nobody, {"kind": "wait", "for": "1d"}))
    contacts = [await ada(stack, user, phone=None) for _ in range(3)]
    runs = [await entered(stack, user, contact) for contact in contacts]
    for run in runs:
        await reaches(stack, user, run, "waiting", step="s2")
    refused = await data(stack, user, "POST", "/automations/welcome/runs", {"contact": contacts[0], "data": {}})
    assert refused["outcome"] == "already_inside"
    found = await until(stack, user, "a", sent=3)
    assert (found["entered"], found["inside"], found["refused"]) == (3, 3, {"already_inside": 1})
    steps = found["steps"]
    assert steps["s0"]["arms"] == {"arms/0": {"runs": 3, "conversions": 0}}
    assert steps["s1"]["results"] == {"unreachable": 3}
    assert (steps["s2"]["inside"], steps["s2"]["taken"], steps["a"]["taken"]) == (3, 0, 3)

    await data(stack, user, "POST", f"/runs/{runs[0]}/exit")
    await reaches(stack, user, runs[0])
    (found,) = await counts(stack, user)
    assert (found["inside"], found["ended"], found["reasons"]) == (2, {"exited": 1}, {"by_hand": 1})
    assert found["steps"]["s2"]["ended"] == {"exited": 1}

    uid = UUID((await data(stack, user, "GET", f"/runs/{runs[1]}"))["steps"][1]["message"]["uid"])
    for _ in range(2):
        await engagement.opened(stack.pool, uid, datetime.now(UTC))
    assert (await until(stack, user, "a", sent=3, opened=1))["steps"]["a"]["taken"] == 3


async def test_counts_are_those_of_days(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow({"kind": "wait", "for": "1d"}))
    await reaches(stack, user, await entered(stack, user, await ada(stack, user)), "waiting")
    today = datetime.now(UTC).date().isoformat()
    (found,) = await counts(stack, user, **{"from": today, "until": today, "version": 1})
    assert (found["entered"], found["inside"]) == (1, 1)
    (found,) = await counts(stack, user, until="2020-01-01")
    assert (found["entered"], found["inside"]) == (0, 1), "who is inside is counted now"
    assert await counts(stack, user, version=2) == []


async def test_a_conversion_is_credited_to_the_step_that_sent_the_last_message(stack: Stack):
    user = await holder(stack)
    arms = {
        "kind": "split",
        "arms": [{"weight": 1, "steps": [{"id": "a", **MAIL}]}, {"weight": 0, "steps": []}],
    }
    await published(stack, user, flow(arms, {"kind": "wait", "for": "1d"}, sms(), goal=BUYS))
    buyer, other = await ada(stack, user, phone=None), await ada(stack, user, phone=None)
    run, waits = await entered(stack, user, buyer), await entered(stack, user, other)
    for one in (run, waits):
        await reaches(stack, user, one, "waiting")
    for _ in range(2):
        await post(stack, user, buyer, "order.paid")
    async with asyncio.timeout(30):
        while (found := await data(stack, user, "GET", f"/runs/{run}"))["converted_at"] is None:
            await asyncio.sleep(0.05)
    assert found["credited"] == {"version": 1, "step": "a"}
    (found,) = await counts(stack, user)
    assert (found["conversions"], found["steps"]["a"]["conversions"]) == (1, 1)
    assert found["steps"]["s0"]["arms"] == {"arms/0": {"runs": 2, "conversions": 1}}
    assert (await data(stack, user, "GET", f"/runs/{waits}"))["credited"] is None


async def test_a_goal_that_is_reached_when_the_run_has_ended_counts_within_its_time(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user, phone=None)
    await published(stack, user, flow(MAIL, goal=BUYS))
    await published(stack, user, flow(MAIL, goal={"event": "order.paid"}, key="while-inside"))
    await published(stack, user, flow(MAIL, goal=BUYS, key="long-ago"))
    runs = {key: await entered(stack, user, contact, key) for key in ("welcome", "while-inside", "long-ago")}
    for run in runs.values():
        await reaches(stack, user, run, "completed")
    async with stack.pool.connection() as conn:
        query = "update automation_runs set entered_at = entered_at - interval '2 days' where id = %s"
        await conn.execute(query, (UUID(runs["long-ago"]),))
    await post(stack, user, contact, "order.paid")
    async with asyncio.timeout(30):
        while (found := await data(stack, user, "GET", f"/runs/{runs['welcome']}"))["converted_at"] is None:
            await asyncio.sleep(0.05)
    assert (found["state"], found["credited"]) == ("completed", {"version": 1, "step": "s0"})
    for key in ("while-inside", "long-ago"):
        assert (await data(stack, user, "GET", f"/runs/{runs[key]}"))["converted_at"] is None


async def test_counts_are_right_while_they_are_folded_and_transactions_commit_late(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow({"kind": "wait", "for": "1d"}))
    found = await data(stack, user, "GET", "/automations/welcome")
    add = """insert into automation_changes (automation_id, version, step, day, kind, n)
             values (%s, 1, '', '2026-01-01', 'entered', 1)"""
    async with stack.pool.connection() as late, late.transaction():
        await late.execute(add, (found["id"],))
        for _ in range(3):
            async with stack.pool.connection() as conn:
                await conn.execute(add, (found["id"],))
                async with conn.transaction():
                    await counting.fold(InTransaction(conn))
        assert (await counts(stack, user))[0]["entered"] == 3
    assert (await counts(stack, user))[0]["entered"] == 4
    async with stack.pool.connection() as conn, conn.transaction():
        while await counting.fold(InTransaction(conn)):
            pass
    assert (await counts(stack, user))[0]["entered"] == 4


async def test_a_statement_about_thousands_of_runs_and_messages_is_counted_in_a_moment(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow({"kind": "wait", "for": "1d"}))
    made = (await data(stack, user, "GET", "/automations/welcome"))["id"]
    ids = [uuid4() for _ in range(5_000)]
    goes_on = "update automation_runs set step = 's0' where id = any(%s)"
    refused = "update automation_sends set code = 'missing_field' where run_id = any(%s)"
    async with stack.pool.connection() as conn:
        with conn.answering_within(60):
            async with conn.transaction(force_rollback=True):
                await conn.execute("set local statement_timeout = '10s'")
                await conn.execute(
                    """insert into automation_runs (id, automation_id, account_id, contact_id, version, entry_key,
                                                    trigger, event, vars, entered_at, until)
                       select id, %s, %s, gen_random_uuid(), 1, '', 'event', '{}', '{}', now(), 'infinity'
                       from unnest(%s::uuid[]) as id""",
                    (made, user.id, ids),
                )
                await conn.execute(
                    """insert into automation_sends (run_id, number, step, at)
                       select id, 1, 's0', now() from unnest(%s::uuid[]) as id""",
                    (ids,),
                )
                for statement in (goes_on, refused):
                    for number in range(8):  # then the plan is kept that suits few
                        await conn.execute(statement, (ids[number : number + 1],))
                    await conn.execute(statement, (ids[8:],))
                counted = await counting.counts(InTransaction(conn), UUID(made), 1)
    found = {(one.kind, one.step): one.n for one in counted}
    assert (found["inside", "s0"], found["entered", ""], found["message", "s0"]) == (5_000, 5_000, 5_000)
    assert ("inside", "") not in found
