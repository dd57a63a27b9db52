"""Runs that fail: told, grouped, tried again all at once, and what pauses an automation."""

import asyncio
import sys
from typing import Any

from domain.keyring import CREDENTIALS, Keyring
from services.automations.results.watching import Watch
from services.automations.runs.running import Running
from store.accounts import accounts
from tests.api.admin import admin
from tests.api.automations.automations import ada, data, entered, flow, holder, published, sms
from tests.gateways.fake_smtp import mail_server
from tests.stack import Stack, User
from worker.sweeps.mails.automation_mails import AutomationMails

FAILS = {"kind": "emit", "event": "shop.seen", "data": {"colour": "{{ event.colour }}"}}
"""A step that fails for who comes without a colour."""


async def made(stack: Stack, user: User, count: int, key: str = "welcome", **event: Any) -> list[str]:
    """Runs of so many contacts that have begun."""
    contacts = [await ada(stack, user, phone=None) for _ in range(count)]
    turns = asyncio.Semaphore(8)

    async def enters(contact: str) -> str:
        async with turns:
            return await entered(stack, user, contact, key, **event)

    return list(await asyncio.gather(*map(enters, contacts)))


async def notices(stack: Stack, user: User) -> list[tuple[str, str]]:
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select kind, subject from automation_notices where account_id = %s order by at, id", (user.id,)
        )
        return [(kind, subject) for kind, subject in await cursor.fetchall()]


async def paused(stack: Stack, user: User) -> list[dict[str, Any]]:
    """What the audit log has about pauses of the user's automations."""
    admin_ = await stack.admin()
    answer = await stack.http.get(
        "/api/admin/v1/audit", params={"action": "automation.paused", "limit": 200}, headers=admin_.headers
    )
    about = {"type": "user", "id": str(user.id)}
    return [one for one in answer.json()["data"] if any(about.items() <= to.items() for to in one["targets"])]


async def go_on(stack: Stack, runs: list[str]) -> None:
    running = Running(stack.pool)
    for run in runs:
        await running.go_on(run)  # type: ignore[arg-type]


async def test_two_hundred_runs_that_fail_at_once_in_two_processes_pause_it_once_and_tell_once(alone: Stack):
    user = await holder(alone)
    await published(alone, user, flow(FAILS, sms(), settings={"alert": ["ops@example.com"]}))
    runs = await made(alone, user, 200)
    url = alone.settings.database_url
    workers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.api.automations.failing_process", url, *runs[half::2]
        )
        for half in range(2)
    ]
    assert [await worker.wait() for worker in workers] == [0, 0]
    found = await data(alone, user, "GET", "/automations/welcome")
    assert found["state"] == "paused"
    reason = found["paused_for"]
    assert (reason["reason"], reason["step"]) == ("mass_failure", "s0")
    assert 100 <= reason["failed"] == reason["of"] <= 200
    told = [kind for kind, _ in await notices(alone, user)]
    assert told.count("automation.paused") == 1
    assert len(told) <= 4, "beside it of the 1st, the 10th, the 100th"
    (event,) = await paused(alone, user)
    assert (event["actor"]["type"], event["outcome"]) == ("system", "ok")
    assert "runs failed at the step 's0'" in event["reason"]


async def test_failures_of_few_pause_nothing_and_are_told_at_the_first_the_tenth_and_so_on(alone: Stack):
    user = await holder(alone)
    await published(alone, user, flow(FAILS))
    watch = Watch(alone.pool)
    for count, told in ((1, 1), (8, 1), (1, 2), (3, 2)):
        await go_on(alone, await made(alone, user, count))
        await watch.run()
        found = await notices(alone, user)
        assert len(found) == told, found
    assert found == [
        ("automation.failing", "A run failed: automation Welcome"),
        ("automation.failing", "10 runs failed: automation Welcome"),
    ]
    assert (await data(alone, user, "GET", "/automations/welcome"))["state"] == "active"


async def test_half_of_the_runs_at_a_step_do_not_pause_it_and_one_more_does(alone: Stack):
    user = await holder(alone)
    await published(alone, user, flow(FAILS))
    watch = Watch(alone.pool)
    await go_on(alone, [*await made(alone, user, 50), *await made(alone, user, 50, colour="red")])
    await watch.run()
    assert (await data(alone, user, "GET", "/automations/welcome"))["paused_for"] is None
    await go_on(alone, await made(alone, user, 1))
    await watch.run()
    reason = (await data(alone, user, "GET", "/automations/welcome"))["paused_for"]
    assert (reason["failed"], reason["of"]) == (51, 101)

    await data(alone, user, "POST", "/automations/welcome/resume")
    await go_on(alone, await made(alone, user, 20))
    await watch.run()
    found = await data(alone, user, "GET", "/automations/welcome")
    assert (found["state"], found["paused_for"]) == ("active", None), "what failed before it was resumed counts no more"
    assert [kind for kind, _ in await notices(alone, user)][-2:] == ["automation.paused", "automation.failing"]


async def test_owner_and_who_the_definition_names_get_one_mail_of_a_pause_from_several_workers(alone: Stack):
    user, staff = await holder(alone), await admin(alone)
    await published(alone, user, flow(FAILS, settings={"alert": ["OPS@example.com", "ops@example.com"]}))
    keyring = Keyring.parse(alone.settings.keys.get_secret_value(), CREDENTIALS)
    owner = (await accounts.get(alone.pool, user.id)).email
    await AutomationMails(alone.pool, keyring, {}).run()  # without a mail server there are none
    async with mail_server() as room:
        server = {"host": "127.0.0.1", "port": room.port, "security": "none", "from_address": "shop@example.org"}
        await staff.data("PATCH", "/settings", {"system_mail": server | {"allow_private_network": True}})
        await go_on(alone, await made(alone, user, 100))
        await asyncio.gather(*(Watch(alone.pool).run() for _ in range(3)))
        await asyncio.gather(*(AutomationMails(alone.pool, keyring, {}).run() for _ in range(3)))
        assert sorted(mail["To"] for mail in room.mails) == sorted([owner, "ops@example.com"])
    assert room.mails[0]["Subject"] == "Paused: automation Welcome"
    text = " ".join(room.mails[0].get_body(("plain",)).get_content().split())
    assert "100 of 100 runs failed at the step 's0' within 15 minutes" in text


async def test_whom_to_alert_is_an_address(alone: Stack):
    user = await holder(alone)
    await data(alone, user, "POST", "/automations", flow(sms(), settings={"alert": ["nobody"]}))
    answer = await alone.http.post("/api/automations/welcome/publish", headers=user.headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "alert_address"
