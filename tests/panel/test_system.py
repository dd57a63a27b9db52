"""What operators do with the install: pausing all sending in a browser; the rest by its forms alone."""

import asyncio
import re
from typing import Any

from tests.api.admin import Staff
from tests.api.answers import send_one
from tests.api.log_in import Person, member
from tests.looks import Looks
from tests.panel.browsing import Browsing, another_page
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User

_WORKFLOWS = "/panel/system/workflows"


async def test_an_operator_pauses_all_sending_and_what_waits_is_sent_when_it_is_resumed(
    install: Stack, boss: Staff, account: User, browsing: Browsing
):
    page = await browsing.log_in(await member(boss, "operator"))
    await page.goto("/panel/system")
    await page.fill("#reason", "The provider loses messages")
    async with another_page(page):
        await page.get_by_role("button", name="Pause sending").click()
    await browsing.check(page, "pausing all sending")
    await page.fill("#typed", "PAUSE")
    async with another_page(page):
        await page.get_by_role("button", name="Pause sending").click()
    await page.get_by_text("Sending is paused. What is accepted waits.").wait_for()
    try:
        message = await send_one(install, account)
        await _waits(boss, message["uid"])
        await page.goto(f"/panel/messages/{message['uid']}")
        await page.get_by_text("sending is paused").first.wait_for()
        await page.goto("/panel/system")
        async with another_page(page):
            await page.get_by_role("button", name="Resume").click()
    finally:
        for one in await boss.data("GET", "/pause-sending"):
            await boss.data("POST", "/resume-sending", {name: one[name] for name in ("channel",) if one[name]})
    await page.goto(f"/panel/messages/{message['uid']}")
    await page.get_by_text("sandbox-sms accepted it").wait_for()
    await page.get_by_text("send-").first.wait_for()
    await page.get_by_role("link", name=re.compile("Running|Completed")).wait_for()


async def test_whoever_does_not_mean_it_pauses_nothing_for_everybody(install: Stack, boss: Staff, owner: Person):
    async with signed_in(install, owner) as client:
        form = {"csrf": await token_of(client), "reason": "Incident", "channel": "sms"}
        asked = await client.post("/panel/system/pause", data=form)
        assert (asked.status_code, "Pause this channel for everybody?" in asked.text) == (200, True)
        other = await client.post("/panel/system/pause", data=form | {"typed": "pause"})
        assert "This is another word." in other.text
    assert await boss.data("GET", "/pause-sending") == []


async def test_the_workflow_of_a_message_is_ended_once_that_is_meant(
    install: Stack, boss: Staff, account: User, owner: Person
):
    message = await send_one(install, account, schedule_at="2027-01-01T00:00:00Z")
    async with signed_in(install, owner) as client:
        page = await client.get(f"{_WORKFLOWS}/one?message={message['uid']}")
        assert "Running" in page.text
        found = await boss.data("GET", f"/workflows/one?message={message['uid']}")
        await _indexed(boss, found["id"])
        wanted = {"id": found["id"], "type": found["type"]}
        assert found["id"] in (await client.get(_WORKFLOWS, params=wanted)).text
        forecast = await client.get(f"{_WORKFLOWS}/terminate", params=wanted)
        assert "cancelled, code terminated" in forecast.text, "what it means is told first"
        form = wanted | {"csrf": await token_of(client), "reason": "No use"}
        assert (await client.post(f"{_WORKFLOWS}/terminate", data=form)).status_code == 422
        begun = await client.post(f"{_WORKFLOWS}/terminate", data=form | {"typed": "terminate"})
        assert begun.status_code == 303, begun.text
        job = await client.get(begun.headers["location"])
        assert (job.status_code, "No use" in job.text) == (200, True)


async def test_what_a_signal_is_about_is_told_once_one_is_chosen(install: Stack, owner: Person):
    async with signed_in(install, owner) as client:
        path = f"{_WORKFLOWS}/signal?type=AutomationWorkflow"
        first = await client.get(path)
        assert (first.status_code, "Which signal?" in first.text) == (200, True)
        assert "What would happen" not in first.text
        assert "What would happen" in (await client.get(f"{path}&signal=poke")).text
        other = await client.get(f"{path}&signal=wake")
        assert (other.status_code, "has no signal wake" in other.text) == (422, True)


async def test_those_who_may_see_no_workflows_are_led_to_none(install: Stack, boss: Staff, account: User):
    message = await send_one(install, account)
    async with signed_in(install, await member(boss, "support")) as client:
        assert _WORKFLOWS not in (await client.get("/panel/system")).text
        assert _WORKFLOWS not in (await client.get(f"/panel/messages/{message['uid']}")).text
        for path in ("", "/one?id=a", "/reset", "/jobs/a"):
            assert (await client.get(_WORKFLOWS + path)).status_code == 403, path
        assert (await client.get(f"{_WORKFLOWS}/explode")).status_code == 404


async def _waits(boss: Staff, uid: str) -> None:
    """Wait until a message, which is recorded some moments after it is accepted, waits for the pause."""
    looks = Looks()
    async with asyncio.timeout(60):
        while True:
            answer = await boss.call("GET", f"/messages/{uid}")
            waiting = answer.json()["data"]["waiting"] if answer.status_code == 200 else None
            if waiting and waiting["for"] == "sending_paused":
                return
            await looks.pause()


async def _indexed(boss: Staff, workflow: str) -> None:
    """Wait until Temporal's index has it."""
    looks = Looks()
    async with asyncio.timeout(60):
        while not (found := await _counts(boss, workflow)):
            await looks.pause()
    assert found[0]["status"] == "running"


async def _counts(boss: Staff, workflow: str) -> list[dict[str, Any]]:
    counts: list[dict[str, Any]] = await boss.data("GET", f"/workflows/counts?type=SendWorkflow&id={workflow}")
    return counts
