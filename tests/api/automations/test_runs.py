"""What contacts go through in automations: each kind of step, through the API and a worker."""

import asyncio

import pytest

from tests.api.automations.automations import (
    ENDED,
    ada,
    call,
    data,
    entered,
    flow,
    holder,
    published,
    reaches,
    sms,
    texts,
)
from tests.stack import Stack, User


async def test_a_run_takes_its_steps_and_sends(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    await published(stack, user, flow(sms(), {"kind": "wait", "for": "1s"}, sms("Order {{ order }} is yours")))
    run = await entered(stack, user, contact, order="A1")
    found = await reaches(stack, user, run)
    assert (found["state"], found["reason"]) == ("completed", "completed")
    assert [one["step"] for one in found["steps"]] == ["s0", "s1", "s2"]
    assert await texts(stack, user, found) == ["Hi Ada", "Order A1 is yours"]


async def test_branches_splits_and_conditions_choose_the_steps_that_follow(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user, tags=["vip"])
    rich = {"field": "event.total", "op": "gt", "value": 200}
    steps = flow(
        {
            "kind": "branch",
            "arms": [
                {"name": "rich", "when": {"all": [rich, {"tag": "vip"}]}, "steps": [{"id": "a", **sms("rich")}]},
                {"name": "other", "when": {"tag": "vip"}, "steps": [{"id": "b", **sms("vip")}]},
            ],
            "else": [{"id": "c", **sms("nobody")}],
        },
        {
            "kind": "split",
            "arms": [{"weight": 0, "steps": [{"id": "d", **sms("never")}]}, {"weight": 5, "steps": []}],
        },
        sms("passed over", **{"if": {"tag": "unknown"}}),
        sms("disabled", disabled=True),
        sms("last"),
    )
    await published(stack, user, steps)
    for total, first in ((500, "rich"), (20, "vip")):
        found = await reaches(stack, user, await entered(stack, user, contact, total=total))
        assert await texts(stack, user, found) == [first, "last"], found
        outcomes = {one["step"]: one["outcome"] for one in found["steps"]}
        assert outcomes["s1"]["arm"] == "arms/1"
        assert (outcomes["s2"]["result"], outcomes["s3"]["result"]) == ("passed_over", "disabled")
        assert "rich" in (outcomes["s0"]["name"], "rich")


async def test_a_step_changes_the_contact_and_later_steps_see_it(stack: Stack):
    user = await holder(stack)
    await data(stack, user, "POST", "/contact-fields", {"key": "size", "type": "text"})
    await data(stack, user, "POST", "/groups", {"name": "Buyers"})
    contact = await ada(stack, user, tags=["old"])
    changed = {
        "kind": "set",
        "fields": {"size": "{{ event.size }}", "first_name": "Augusta"},
        "tags": {"add": ["new"], "remove": ["old"]},
        "groups": {"add": ["buyers"]},
        "consent": {"channel": "sms", "purpose": "marketing", "state": "granted"},
    }
    await published(stack, user, flow(changed, sms("{{ contact.first_name }} {{ contact.size }}")))
    found = await reaches(stack, user, await entered(stack, user, contact, size="XL"))
    assert await texts(stack, user, found) == ["Augusta XL"]
    now = await data(stack, user, "GET", f"/contacts/{contact}")
    assert (now["first_name"], now["fields"], now["tags"]) == ("Augusta", {"size": "XL"}, ["new"])
    assert len(now["groups"]) == 1
    consents = (await call(stack, user, "GET", "/consents?channel=sms&recipient=%2B14155550123")).json()["data"]
    (now,) = consents[0]["consents"]
    assert (now["purpose"], now["state"], now["source"]) == ("marketing", "granted", "automation")


SORRY = {"id": "e", **sms("sorry")}


@pytest.mark.parametrize(
    ("rule", "state", "reason", "sent"),
    [
        ({}, "failed", "missing_field", []),
        ({"on_error": {"then": "skip"}}, "completed", "completed", ["last"]),
        ({"on_error": {"then": "exit"}}, "exited", "missing_field", []),
        (
            {"on_error": {"then": "arm", "arm": [{"id": "e", **sms("sorry")}]}},
            "completed",
            "completed",
            ["sorry", "last"],
        ),
    ],
)
async def test_a_step_that_fails_does_what_it_says(stack: Stack, rule: dict, state: str, reason: str, sent: list[str]):
    user = await holder(stack)
    emits = {"kind": "emit", "event": "shop.seen", "data": {"size": "{{ contact.nothing }}"}} | rule
    await published(stack, user, flow(emits, sms("last")))
    found = await reaches(stack, user, await entered(stack, user, await ada(stack, user)))
    assert (found["state"], found["reason"]) == (state, reason)
    assert await texts(stack, user, found) == sent
    outcome = found["steps"][0]["outcome"]
    assert (outcome["code"], outcome.get("arm")) == ("missing_field", "on_error" if "sorry" in sent else None)
    assert (found["error"] or {}).get("step") == ("s0" if state == "failed" else None)


async def test_a_step_that_fails_has_done_nothing(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user, email=None)
    consent = {"channel": "email", "purpose": "marketing", "state": "granted"}
    step = {"kind": "set", "fields": {"first_name": "Augusta"}, "consent": consent, "on_error": {"then": "skip"}}
    await published(stack, user, flow(step, sms()))
    found = await reaches(stack, user, await entered(stack, user, contact))
    assert found["steps"][0]["outcome"]["code"] == "unreachable"
    assert await texts(stack, user, found) == ["Hi Ada"]


@pytest.mark.parametrize(
    ("rule", "state", "reason"),
    [("skip", "completed", "completed"), ("exit", "exited", "unreachable"), ("stop", "failed", "unreachable")],
)
async def test_who_has_no_address_is_not_sent_to(stack: Stack, rule: str, state: str, reason: str):
    user = await holder(stack)
    contact = await ada(stack, user, phone=None)
    await published(stack, user, flow(sms(if_unreachable=rule)))
    found = await reaches(stack, user, await entered(stack, user, contact))
    assert (found["state"], found["reason"]) == (state, reason)


async def test_a_text_that_lacks_a_value_is_no_message_and_the_run_goes_on(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user, first_name=None)
    await published(stack, user, flow(sms("Hi {{ contact.first_name }}"), sms("Bye")))
    run = await entered(stack, user, contact)
    assert await texts_of(stack, user, run) == [("rejected", "missing_field"), ("sent", None)]


async def texts_of(stack: Stack, user: User, run: str) -> list[tuple[str, str | None]]:
    """State and code of each message of a run, once all of them have ended."""
    async with asyncio.timeout(30):
        while True:
            found = await data(stack, user, "GET", f"/runs/{run}")
            messages = [one["message"] for one in found["steps"] if one["message"]]
            if found["state"] in ENDED and all(one["state"] in ("sent", "rejected") for one in messages):
                return [(one["state"], one["code"]) for one in messages]
            await asyncio.sleep(0.05)


async def test_messages_of_one_step_share_a_batch_and_the_path_of_all_others(stack: Stack):
    user = await holder(stack, credit=3)
    contacts = [await ada(stack, user, phone=f"+1415555020{n}") for n in range(5)]
    await published(stack, user, flow({"kind": "wait", "for": "2s"}, sms()))
    runs = [await entered(stack, user, contact) for contact in contacts]
    ends = [(await texts_of(stack, user, run))[0] for run in runs]
    assert sorted(ends, key=str) == [("rejected", "no_credit")] * 2 + [("sent", None)] * 3
    batches = (await call(stack, user, "GET", "/batches")).json()["data"]
    assert sum(one["total"] for one in batches) == 5
    assert len(batches) < 5
