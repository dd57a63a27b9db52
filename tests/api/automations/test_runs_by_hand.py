"""Single runs, steered by hand: moved, a wait passed over; also while others do the same or the run goes on."""

import asyncio
from collections import Counter

from tests.api.answers import assert_error
from tests.api.automations.automations import ada, call, data, entered, flow, holder, published, reaches, sms, texts
from tests.stack import Stack, User


def wait(id_: str, length: str = "30d") -> dict[str, str]:
    return {"id": id_, "kind": "wait", "for": length}


async def waiting(stack: Stack, user: User, *steps: dict, at: str) -> str:
    await published(stack, user, flow(*steps))
    run = await entered(stack, user, await ada(stack, user))
    await reaches(stack, user, run, "waiting", step=at)
    return run


async def test_a_wait_is_passed_over_once_however_many_ask_for_it(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, wait("a"), {"id": "m", **sms("one")}, wait("b"), {"id": "n", **sms("two")}, at="a")
    tried = await call(stack, user, "POST", f"/runs/{run}/skip?dry_run=true", {"step": "a"})
    assert tried.json()["data"]["step"] == "m"
    asked = [call(stack, user, "POST", f"/runs/{run}/skip", {"step": "a"}) for _ in range(5)]
    answers = await asyncio.gather(*asked)
    assert Counter(one.status_code for one in answers) == {200: 1, 409: 4}
    refused = next(one for one in answers if one.status_code == 409)
    assert_error(refused, 409, "run_elsewhere")
    found = await reaches(stack, user, run, "waiting", step="b")
    assert [(one["step"], one["outcome"]["result"]) for one in found["steps"]] == [("a", "skipped"), ("m", "sent")]
    assert await texts(stack, user, found) == ["one"]


async def test_a_run_whose_last_step_is_passed_over_is_complete(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, {"id": "m", **sms("one")}, wait("a"), at="a")
    answer = await data(stack, user, "POST", f"/runs/{run}/skip")
    assert (answer["state"], answer["step"]) == ("completed", "a")
    found = await reaches(stack, user, run)
    assert (found["reason"], found["ended_at"] is not None) == ("completed", True)
    assert_error(await call(stack, user, "POST", f"/runs/{run}/skip"), 409, "run_ended")
    assert_error(await call(stack, user, "POST", f"/runs/{run}/move", {"step": "m"}), 409, "run_ended")
    again = await entered(stack, user, found["contact"])
    assert again != run, "the contact may enter again"


async def test_a_wait_for_an_event_is_passed_over_with_its_arms(stack: Stack):
    user = await holder(stack)
    late = [{"id": "x", **sms("late")}]
    paid = {"id": "p", "kind": "wait_event", "event": "order.paid", "timeout": "30d", "else": late}
    run = await waiting(stack, user, paid, {"id": "n", **sms("behind")}, at="p")
    await data(stack, user, "POST", f"/runs/{run}/skip")
    assert await texts(stack, user, await reaches(stack, user, run)) == ["behind"]


async def test_a_run_is_moved_forward_and_back(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, {"id": "m", **sms("one")}, wait("a"), wait("b"), {"id": "n", **sms("two")}, at="a")
    elsewhere = await call(stack, user, "POST", f"/runs/{run}/move", {"step": "n", "from": "b"})
    assert_error(elsewhere, 409, "run_elsewhere")
    assert_error(await call(stack, user, "POST", f"/runs/{run}/move", {"step": "q"}), 422, "step_unknown", "/step")
    await data(stack, user, "POST", f"/runs/{run}/move", {"step": "b", "from": "a"})
    await reaches(stack, user, run, "waiting", step="b")
    await data(stack, user, "POST", f"/runs/{run}/move", {"step": "m"})
    await reaches(stack, user, run, "waiting", step="a")
    await data(stack, user, "POST", f"/runs/{run}/move", {"step": "n"})
    found = await reaches(stack, user, run)
    assert await texts(stack, user, found) == ["one", "one", "two"]
    moved = [one["outcome"].get("to") for one in found["steps"] if one["outcome"]["result"] == "moved_by_hand"]
    assert moved == ["b", "m", "n"]


async def test_a_run_that_failed_is_moved_past_its_step(stack: Stack):
    user = await holder(stack)
    fails = {"id": "e", "kind": "emit", "event": "shop.seen", "data": {"size": "{{ contact.shoe }}"}}
    await published(stack, user, flow(fails, {"id": "n", **sms("two")}))
    run = await entered(stack, user, await ada(stack, user))
    assert (await reaches(stack, user, run))["state"] == "failed"
    await data(stack, user, "POST", f"/runs/{run}/move", {"step": "n"})
    found = await reaches(stack, user, run)
    assert (found["state"], found["error"], await texts(stack, user, found)) == ("completed", None, ["two"])


async def test_a_run_is_steered_in_the_version_to_which_it_moves(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, wait("a"), {"id": "m", **sms("one")}, at="a")
    await data(stack, user, "POST", "/automations/welcome/pause")  # so that nobody looks at the run
    draft = flow({"id": "m", **sms("one")}, {"id": "n", **sms("new")})
    await data(stack, user, "PUT", "/automations/welcome/draft", draft)
    await data(stack, user, "POST", "/automations/welcome/publish", {"people": "migrate"})
    await data(stack, user, "POST", f"/runs/{run}/move", {"step": "n", "from": "m"})
    await data(stack, user, "POST", "/automations/welcome/resume")
    found = await reaches(stack, user, run)
    assert (found["version"], await texts(stack, user, found)) == (2, ["new"])


async def test_steering_while_the_run_goes_on_sends_each_message_once(stack: Stack):
    user = await holder(stack)
    steps = [step for n in range(6) for step in ({"id": f"m{n}", **sms(f"{n}")}, wait(f"w{n}", "1s"))]
    await published(stack, user, flow(*steps))
    run = await entered(stack, user, await ada(stack, user))
    ended = asyncio.create_task(reaches(stack, user, run))
    skipped: Counter[int] = Counter()
    while not ended.done():
        await asyncio.sleep(0.05)
        skipped[(await call(stack, user, "POST", f"/runs/{run}/skip")).status_code] += 1
    found = await ended
    assert skipped[200]
    assert set(skipped) <= {200, 409}
    sent = await texts(stack, user, found)  # one that waited for the message before it may have been passed over
    assert sent == sorted(set(sent))
    assert [one["number"] for one in found["steps"]] == list(range(1, len(found["steps"]) + 1))


async def test_what_was_done_by_hand_is_in_the_audit_log(stack: Stack):
    user = await holder(stack)
    run = await waiting(stack, user, wait("a"), wait("b"), at="a")
    await data(stack, user, "POST", f"/runs/{run}/skip")
    await data(stack, user, "POST", f"/runs/{run}/move", {"step": "a"})
    admin = await stack.admin()
    events = await stack.http.get("/api/admin/v1/audit", params={"target": f"run:{run}"}, headers=admin.headers)
    noted = [(one["action"], one["changes"]) for one in events.json()["data"]]
    assert [action for action, _ in noted] == ["run.moved", "run.skipped"]
    assert [change[0]["field"] for _, change in noted] == ["step", "step"]
