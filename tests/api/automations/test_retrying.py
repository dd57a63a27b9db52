"""Failed runs: listed by step and code, and tried again all at once, some at a time."""

import asyncio
from typing import Any

import pytest

from services.automations.flows import Flows
from services.automations.results import retrying
from store.automations.results import retries
from tests.api.automations.automations import ada, call, data, entered, flow, holder, published, reaches, sms
from tests.stack import Stack, User

FAILS = {"kind": "emit", "event": "shop.seen", "data": {"colour": "{{ contact.language }}"}}
"""A step that fails for a contact without a language."""


async def failed(stack: Stack, user: User, count: int, **event: Any) -> list[str]:
    """Runs that failed, of so many contacts."""
    contacts = [await ada(stack, user, phone=None) for _ in range(count)]
    runs = list(await asyncio.gather(*(entered(stack, user, contact, **event) for contact in contacts)))
    for run in runs:
        assert (await reaches(stack, user, run))["state"] == "failed"
    return runs


async def mended(stack: Stack, user: User) -> None:
    """All contacts have what failed for want of it."""
    async with stack.pool.connection() as conn:
        await conn.execute("update contacts set language = 'en' where account_id = %s", (user.id,))


async def ended(stack: Stack, user: User, retry: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            found = await data(stack, user, "GET", f"/automations/welcome/retries/{retry}")
            if found["state"] != "running":
                return found
            await asyncio.sleep(0.05)


async def test_failed_runs_are_counted_priced_and_go_on_at_their_step(stack: Stack):
    user = await holder(stack)
    mail = {"kind": "send", "channel": "email", "content": {"subject": "Hi", "message": "<p>Hi</p>"}}
    arms = {
        "kind": "branch",
        "arms": [{"when": {"tag": "vip"}, "steps": [{"id": "a", **mail}, {"id": "b", **mail}]}],
        "else": [{"id": "c", **mail}],
    }
    await published(stack, user, flow({"kind": "wait", "for": "1s"}, FAILS, arms, mail))
    runs = await failed(stack, user, 3)
    (group,) = (await call(stack, user, "GET", "/automations/welcome/failures")).json()["data"]
    assert (group["step"], group["code"], group["count"]) == ("s1", "missing_field", 3)
    assert group["first_at"] <= group["last_at"]
    assert group["run"] in runs
    assert "language" in group["message"]
    (troubled,) = (await call(stack, user, "GET", "/automations/attention")).json()["data"]
    assert (troubled["key"], troubled["failed"], troubled["paused_for"]) == ("welcome", 3, None)

    wanted = {"step": "s1", "code": "missing_field", "version": 1, "most": 2}
    tried = await data(stack, user, "POST", "/automations/welcome/retry?dry_run=true", wanted)
    assert (tried["total"], tried["most_credits"], tried["inside_again"]) == (2, 2 * 3, 0)
    assert (await call(stack, user, "GET", "/automations/welcome/retries")).json()["data"] == []

    await mended(stack, user)
    begun = await data(stack, user, "POST", "/automations/welcome/retry", {"step": "s1"})
    done = await ended(stack, user, begun["id"])
    assert (done["state"], done["total"], done["retried"], done["left_out"]) == ("done", 3, 3, 0)
    for run in runs:
        found = await reaches(stack, user, run)
        assert found["state"] == "completed"
        assert [one["step"] for one in found["steps"]] == ["s0", "s1", "s1", "s2", "c", "s3"]
    assert (await call(stack, user, "GET", "/automations/attention")).json()["data"] == []
    assert (await call(stack, user, "POST", "/automations/welcome/retry")).json()["errors"][0][
        "code"
    ] == "nothing_failed"


@pytest.mark.parametrize(
    "wanted",
    [
        {"step": "s1"},
        {"code": "unreachable"},
        {"version": 2},
        {"until": "2020-01-01T00:00:00Z"},
        {"from": "2100-01-01T00:00:00Z"},
    ],
)
async def test_only_runs_that_are_meant_are_tried_again(stack: Stack, wanted: dict[str, Any]):
    user = await holder(stack)
    await published(stack, user, flow(FAILS, sms()))
    await failed(stack, user, 1)
    query = {name: str(value) for name, value in wanted.items()}
    answer = await stack.http.get("/api/automations/welcome/failures", params=query, headers=user.headers)
    assert answer.json()["data"] == []
    answer = await call(stack, user, "POST", "/automations/welcome/retry", wanted)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "nothing_failed")


async def test_contacts_that_have_entered_again_are_left_out_and_counted(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow(FAILS, {"kind": "wait", "for": "1d"}))
    first, second = await failed(stack, user, 2)
    await mended(stack, user)
    contact = (await data(stack, user, "GET", f"/runs/{first}"))["contact"]
    again = await entered(stack, user, contact)
    await reaches(stack, user, again, "waiting")
    tried = await data(stack, user, "POST", "/automations/welcome/retry?dry_run=true")
    assert tried["inside_again"] == 1
    done = await ended(stack, user, (await data(stack, user, "POST", "/automations/welcome/retry"))["id"])
    assert (done["retried"], done["left_out"]) == (1, 1)
    await reaches(stack, user, second, "waiting")
    assert (await data(stack, user, "GET", f"/runs/{first}"))["state"] == "failed"


async def test_it_goes_on_in_pages_whatever_dies_meanwhile(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    user = await holder(stack)
    await published(stack, user, flow(FAILS))
    runs = await failed(stack, user, 7)
    await mended(stack, user)
    note, pages = retries.note, []

    async def dies_once(store: Any, id_: Any, done: Any, **more: Any) -> None:
        pages.append(done.retried)
        await note(store, id_, done, **more)
        if len(pages) == 2:
            raise RuntimeError("the process died before the page was stored")

    monkeypatch.setattr(retries, "note", dies_once)
    monkeypatch.setattr(retrying, "PAGE", 3)
    done = await ended(stack, user, (await data(stack, user, "POST", "/automations/welcome/retry"))["id"])
    assert (done["retried"], done["left_out"]) == (7, 0)
    assert pages == [3, 3, 3, 1], "the second page is done again"
    for run in runs:
        found = await reaches(stack, user, run)
        assert (found["state"], len(found["steps"])) == ("completed", 2)


async def test_it_stops_when_asked(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    user = await holder(stack)
    await published(stack, user, flow(FAILS))
    await failed(stack, user, 2)
    monkeypatch.setattr(retrying, "PAGE", 0)  # no worker comes any further
    begun = await data(stack, user, "POST", "/automations/welcome/retry")
    stopped = await data(stack, user, "POST", f"/automations/welcome/retries/{begun['id']}/stop")
    assert (stopped["state"], stopped["retried"]) == ("stopped", 0)
    monkeypatch.setattr(retrying, "PAGE", 500)
    await retrying.go_on(stack.pool, Flows())
    (listed,) = (await call(stack, user, "GET", "/automations/welcome/retries")).json()["data"]
    assert listed == stopped
    answer = await call(stack, user, "POST", f"/automations/welcome/retries/{begun['id']}/stop")
    assert answer.json()["errors"][0]["code"] == "retry_ended"
