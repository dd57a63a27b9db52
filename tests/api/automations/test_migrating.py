"""Contacts inside when a version is published: they stay, move to it by the ids of steps, or drain."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from tests.api.answers import assert_error
from tests.api.automations.automations import ada, call, data, entered, flow, holder, published, reaches, sms, texts
from tests.stack import Stack, User

LONG = {"kind": "wait", "for": "30d"}
PATH = "/automations/welcome"


def wait(id_: str, length: str = "30d") -> dict[str, Any]:
    return {"id": id_, "kind": "wait", "for": length}


async def publish(stack: Stack, user: User, *steps: dict[str, Any], **body: Any) -> dict[str, Any]:
    """A new version of these steps."""
    await data(stack, user, "PUT", f"{PATH}/draft", flow(*steps))
    return await data(stack, user, "POST", f"{PATH}/publish", body)


async def waiting(stack: Stack, user: User, *steps: dict[str, Any], at: str) -> str:
    """A run that waits at a step of the first version."""
    await published(stack, user, flow(*steps))
    run = await entered(stack, user, await ada(stack, user))
    await reaches(stack, user, run, "waiting", step=at)
    return run


async def pass_days(stack: Stack, run: str, days: int) -> None:
    """As if a run had come to its step so much earlier."""
    async with stack.pool.connection() as conn:
        await conn.execute(
            "update automation_runs set since = since - %s * interval '1 day', until = now() where id = %s", (days, run)
        )
    await stack.temporal.get_workflow_handle(f"automation-{run}").signal("poke")


def plus(moment: str, days: int) -> str:
    return (datetime.fromisoformat(moment) + timedelta(days=days)).isoformat()


async def inside(stack: Stack, user: User) -> dict[int, tuple[str, int]]:
    found = (await data(stack, user, "GET", f"{PATH}/inside"))["versions"]
    return {one["version"]: (one["fate"], one["people"]) for one in found}


async def test_those_at_a_removed_step_go_to_the_next_one_that_is_still_there(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, wait("a"), {"id": "b", **sms("old")}, {"id": "c", **sms("last")}, at="a")
    await publish(stack, user, {"id": "n", **sms("new")}, {"id": "c", **sms("last of two")}, people="migrate")
    found = await reaches(stack, user, run)
    assert (found["version"], found["state"]) == (2, "completed")
    assert [(one["step"], one["outcome"]["result"]) for one in found["steps"]] == [("a", "moved"), ("c", "sent")]
    assert found["steps"][0]["outcome"] == {"result": "moved", "version": 2, "how": "next", "to": "c"}
    assert await texts(stack, user, found) == ["last of two"]


async def test_a_map_says_where_those_at_removed_steps_go_or_that_they_leave(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, wait("a"), {"id": "c", **sms("last")}, at="a")
    await publish(stack, user, {"id": "c", **sms("x")}, {"id": "n", **sms("mapped")}, people="migrate", map={"a": "n"})
    assert await texts(stack, user, await reaches(stack, user, run)) == ["mapped"]
    await publish(stack, user, wait("w"), {"id": "n", **sms()})
    leaves = await entered(stack, user, await ada(stack, user, phone="+14155550124"))
    await reaches(stack, user, leaves, "waiting", step="w")
    await publish(stack, user, {"id": "n", **sms()}, people="migrate", map={"w": "exit"})
    found = await reaches(stack, user, leaves)
    assert (found["state"], found["reason"], found["version"]) == ("exited", "step_removed", 4)
    assert await texts(stack, user, found) == []


async def test_those_behind_the_last_step_that_is_still_there_are_complete(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, {"id": "c", **sms("first")}, wait("a"), at="a")
    await publish(stack, user, {"id": "c", **sms("first")}, people="migrate")
    found = await reaches(stack, user, run)
    assert (found["state"], found["reason"]) == ("completed", "step_removed")


async def test_a_wait_that_is_still_there_goes_on_from_when_it_began(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, wait("a"), {"id": "b", **sms("old")}, at="a")
    began = (await data(stack, user, "GET", f"/runs/{run}"))["since"]
    inner = {"id": "n", "kind": "branch", "arms": [{"when": {"tag": "x"}, "steps": [wait("a", "20d")]}]}
    await publish(
        stack, user, {"id": "first", **sms()}, inner, {"id": "last", **sms("behind the arm")}, people="migrate"
    )
    async with asyncio.timeout(30):
        while (found := await data(stack, user, "GET", f"/runs/{run}"))["version"] == 1:
            await asyncio.sleep(0.05)
    assert (found["since"], found["until"][:10]) == (began, plus(began, 20)[:10])
    await pass_days(stack, run, 21)
    assert await texts(stack, user, await reaches(stack, user, run)) == ["behind the arm"]


async def test_two_migrations_in_a_row_move_a_run_by_both_maps(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, wait("a"), {"id": "z", **sms("z")}, at="a")
    await data(stack, user, "POST", f"{PATH}/pause")  # so that nobody looks at the run between the two
    await publish(stack, user, wait("b"), {"id": "z", **sms("z")}, people="migrate", map={"a": "b"})
    steps = {"id": "z", **sms("z")}, {"id": "c", **sms("both")}
    await publish(stack, user, *steps, people="migrate", map={"b": "c"})
    assert await inside(stack, user) == {1: ("moving", 1), 3: ("current", 0)}
    await data(stack, user, "POST", f"{PATH}/resume")
    found = await reaches(stack, user, run)
    moved = [(one["step"], one["outcome"]["version"]) for one in found["steps"] if one["outcome"]["result"] == "moved"]
    assert (found["version"], moved) == (3, [("a", 2), ("b", 3)])
    assert await texts(stack, user, found) == ["both"]


async def test_who_was_pinned_moves_with_the_next_version_that_migrates(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, wait("a"), {"id": "z", **sms("z")}, at="a")
    await publish(stack, user, wait("b"), {"id": "z", **sms("z")})
    assert await inside(stack, user) == {1: ("pinned", 1), 2: ("current", 0)}
    await publish(stack, user, wait("a", "1s"), {"id": "z", **sms("three")}, people="migrate")
    found = await reaches(stack, user, run)
    assert (found["version"], await texts(stack, user, found)) == (3, ["three"])


async def test_who_drains_stays_whatever_is_published_later(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, wait("a"), {"id": "z", **sms("one")}, at="a")
    await publish(stack, user, wait("b"), {"id": "z", **sms("two")}, people="drain")
    newer = await entered(stack, user, await ada(stack, user, phone="+14155550124"))
    await reaches(stack, user, newer, "waiting", step="b")
    assert await inside(stack, user) == {1: ("draining", 1), 2: ("current", 1)}
    refused = await migrate_dry(stack, user, {"a": "z"})
    assert_error(refused, 422, "step_unknown", "/map/a")
    await publish(stack, user, {"id": "z", **sms("three")}, people="migrate")
    assert await texts(stack, user, await reaches(stack, user, newer)) == ["three"]
    await pass_days(stack, run, 31)
    found = await reaches(stack, user, run)
    assert (found["version"], await texts(stack, user, found)) == (1, ["one"])
    assert await inside(stack, user) == {3: ("current", 0)}


async def migrate_dry(stack: Stack, user: User, moves: dict[str, str]):
    await data(stack, user, "PUT", f"{PATH}/draft", flow({"id": "z", **sms("three")}))
    return await call(stack, user, "POST", f"{PATH}/publish?dry_run=true", {"people": "migrate", "map": moves})


async def test_a_patch_of_an_older_version_reaches_those_who_are_pinned_to_it(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, wait("a"), {"id": "z", **sms("tpyo")}, at="a")
    await publish(stack, user, wait("b"), {"id": "z", **sms("two")})
    report = await publish(stack, user, wait("a", "1s"), {"id": "z", **sms("typo")}, mode="patch", version=1)
    assert (report["published"], report["version"]) == ({"version": 1, "revision": 2}, 2)
    assert await texts(stack, user, await reaches(stack, user, run)) == ["typo"]
    newer = await entered(stack, user, await ada(stack, user, phone="+14155550124"))
    assert (await reaches(stack, user, newer, "waiting"))["version"] == 2
    await data(stack, user, "PUT", f"{PATH}/draft", flow(wait("a"), {"id": "z", **sms("typo")}))
    unknown = await call(stack, user, "POST", f"{PATH}/publish", {"mode": "patch", "version": 7})
    assert_error(unknown, 404, "version_not_found")


async def test_a_run_that_waits_for_an_event_goes_into_the_arm_that_the_new_version_has(stack: Stack):
    user = await holder(stack)
    paid = {"id": "paid", "kind": "wait_event", "event": "order.paid", "timeout": "30d", "since": "entry"}
    run = await waiting(stack, user, paid | {"then": [{"id": "t", **sms("old arm")}]}, at="paid")
    await publish(stack, user, paid | {"then": [{"id": "u", **sms("new arm")}]}, people="migrate")
    contact = (await data(stack, user, "GET", f"/runs/{run}"))["contact"]
    await data(stack, user, "POST", "/events", {"name": "order.paid", "contact": {"id": contact}})
    assert await texts(stack, user, await reaches(stack, user, run)) == ["new arm"]


async def test_those_in_an_arm_that_was_removed_go_on_behind_it_also_in_one_for_errors(stack: Stack):
    user = await holder(stack)
    fails = {"id": "e", "kind": "emit", "event": "shop.seen", "data": {"size": "{{ contact.shoe }}"}}
    arm = {"then": "arm", "arm": [wait("in_arm")]}
    run = await waiting(stack, user, fails | {"on_error": arm}, {"id": "z", **sms("behind")}, at="in_arm")
    await publish(stack, user, fails, {"id": "z", **sms("behind")}, people="migrate")
    found = await reaches(stack, user, run)
    assert (found["state"], await texts(stack, user, found)) == ("completed", ["behind"])


async def test_a_failed_run_is_retried_in_the_version_that_it_belongs_to_by_then(stack: Stack):
    user = await holder(stack)
    fails = {"id": "e", "kind": "emit", "event": "shop.seen", "data": {"size": "{{ contact.shoe }}"}}
    await published(stack, user, flow(fails, {"id": "z", **sms("one")}))
    run = await entered(stack, user, await ada(stack, user))
    assert (await reaches(stack, user, run))["state"] == "failed"
    await publish(stack, user, {"id": "z", **sms("two")}, people="migrate")
    await data(stack, user, "POST", f"/runs/{run}/retry")
    found = await reaches(stack, user, run)
    assert (found["state"], found["version"], await texts(stack, user, found)) == ("completed", 2, ["two"])


async def test_what_a_version_adds_to_vars_is_there_for_those_who_move(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, wait("a"), {"id": "z", **sms("x")}, at="a")
    more = flow(wait("a", "1s"), {"id": "z", **sms("{{ vars.code }}")}, vars={"code": "SPRING"})
    await data(stack, user, "PUT", f"{PATH}/draft", more)
    await data(stack, user, "POST", f"{PATH}/publish", {"people": "migrate"})
    assert await texts(stack, user, await reaches(stack, user, run)) == ["SPRING"]


async def test_what_a_publishing_cannot_do_is_refused_with_its_place(stack: Stack):
    user = await holder(stack)
    await waiting(stack, user, wait("a"), {"id": "z", **sms("x")}, at="a")
    await data(stack, user, "PUT", f"{PATH}/draft", flow({"id": "z", **sms("y")}))
    faults = {
        ("step_unknown", "/map/nowhere"): {"people": "migrate", "map": {"nowhere": "z"}},
        ("step_not_removed", "/map/z"): {"people": "migrate", "map": {"z": "z"}},
        ("map_of_migrate", "/map"): {"people": "pin", "map": {"a": "z"}},
        ("people_of_patch", "/people"): {"mode": "patch", "people": "migrate"},
        ("version_of_patch", "/version"): {"mode": "version", "version": 1},
    }
    for (code, place), body in faults.items():
        assert_error(await call(stack, user, "POST", f"{PATH}/publish", body), 422, code, place)
    assert (await data(stack, user, "GET", PATH))["version"] == 1
