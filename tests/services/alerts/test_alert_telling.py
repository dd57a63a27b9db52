"""Alerts on a real database, told over real sockets: by mail, to a chat, and to the admin's endpoints."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import SecretStr

from gateways.conformance.fake_provider import answer, hang, serve
from runtime.settings import Settings
from services.alerts.looking import look
from services.alerts.rules import Looked, Rule
from services.alerts.sending import AlertSender
from services.doctor.findings import Finding, failure
from store.alerts.alerts import all_alerts
from store.callbacks import callback_endpoints
from store.gateways import routing
from store.messages import pages
from store.pool import Pool
from store.settings import install_settings
from tests.gateways.fake_smtp import Mailroom, mail_server
from tests.receiver import register
from tests.store.builders import KEYRING, new_account, new_gateway, new_page

TO = ["ops@example.com", "night@example.com"]


class Trouble:
    """A check that finds what it is told to find."""

    def __init__(self, *found: Finding) -> None:
        self.found: Sequence[Finding] = found

    async def look(self, _: Looked) -> Sequence[Finding]:
        return self.found

    @property
    def rule(self) -> Rule:
        return Rule("gateways", self.look, 0)


DOWN = failure("gateways", "sms <main> does not work", "see why", about="sms main")


async def rows(pool: Pool, query: str) -> list[Any]:
    async with pool.connection() as conn:
        return await (await conn.execute(query)).fetchall()  # type: ignore[arg-type]


async def run(pool: Pool, *statements: str) -> None:
    async with pool.connection() as conn:
        for statement in statements:
            await conn.execute(statement)  # type: ignore[arg-type]


async def pass_minutes(pool: Pool, minutes: int) -> None:
    """As if the last look was so long ago."""
    moved = ", ".join(f"{name} = {name} - interval '{minutes} minutes'" for name in ("found_at", "seen_at", "told_at"))
    await run(pool, f"update alerts set {moved}", "update alert_deliveries set due_at = now()")


async def with_mail(pool: Pool, room: Mailroom, emails: list[str] | None = TO) -> None:
    server = {"host": "127.0.0.1", "port": room.port, "security": "none", "from_address": "x@example.org"}
    await install_settings.write_mail(pool, KEYRING, server | {"allow_private_network": True})
    await install_settings.write(pool, {} if emails is None else {"alert_emails": emails})


def posting(url: str) -> Settings:
    return Settings(alert_slack_url=SecretStr(url), public_url="https://send.example.com")


def texts(requests: list[Any]) -> list[str]:
    return [json.loads(request.body)["text"] for request in requests]


async def test_a_trouble_is_told_once_and_again_after_it_came_back(fresh_pool: Pool):
    trouble = Trouble(DOWN)
    async with mail_server() as room, serve(answer(200)) as chat:
        await with_mail(fresh_pool, room)
        settings = posting(chat.url)
        sender, on = AlertSender(fresh_pool, settings, KEYRING), Looked(fresh_pool, settings)

        async def looked() -> None:
            await asyncio.gather(look(on, [trouble.rule]), look(on, [trouble.rule]))  # as a new leader and the former
            await asyncio.gather(sender.mail(), sender.mail(), sender.post(), sender.post())

        for _ in range(3):
            await looked()
        assert sorted(mail["To"] for mail in room.mails) == sorted(TO)
        assert room.mails[0]["Subject"] == "Failure: sms <main> does not work"
        (text,) = texts(chat.requests)
        assert text.startswith("FAILURE: sms &lt;main&gt; does not work\nWhat to do: see why")
        assert text.endswith("Install: https://send.example.com")
        trouble.found = ()
        await looked()
        assert len(chat.requests) == 1, "it may come back at once"
        await pass_minutes(fresh_pool, 6)
        await looked()
        assert (len(room.mails), texts(chat.requests)[1][:10]) == (4, "OVER: sms ")
        assert await all_alerts(fresh_pool) == []
        trouble.found = [DOWN]
        await looked()
        assert (len(room.mails), len(chat.requests)) == (6, 3)


async def test_a_chat_that_does_not_answer_holds_up_no_mail_and_gets_the_alert_later(fresh_pool: Pool):
    async with mail_server() as room, serve(hang) as dead:
        await with_mail(fresh_pool, room)
        on = Looked(fresh_pool, posting(dead.url))
        sender = AlertSender(fresh_pool, on.settings, KEYRING)
        await look(on, [Trouble(DOWN).rule])
        hanging = asyncio.create_task(sender.post())
        while not dead.requests:
            await asyncio.sleep(0.01)
        await sender.mail()
        assert len(room.mails) == 2
        await look(on, [Trouble(DOWN, failure("disk", "full", "enlarge it")).rule])
        await sender.mail()
        assert len(room.mails) == 4
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
    tries = "select way, tries from alert_deliveries order by id"
    assert await rows(fresh_pool, tries) == [("slack", 1), ("slack", 0)]
    async with serve(answer(500)) as broken:
        await AlertSender(fresh_pool, posting(broken.url), KEYRING).post()
        assert len(broken.requests) == 1, "what was tried has its pause"
        await pass_minutes(fresh_pool, 0)
        await AlertSender(fresh_pool, posting(broken.url), KEYRING).post()
    assert await rows(fresh_pool, tries) == [("slack", 2), ("slack", 2)]
    async with serve(answer(200)) as repaired:
        await pass_minutes(fresh_pool, 0)
        await AlertSender(fresh_pool, posting(repaired.url), KEYRING).post()
        first_lines = {text.partition("\n")[0] for text in texts(repaired.requests)}
        assert first_lines == {"FAILURE: sms &lt;main&gt; does not work", "FAILURE: full"}
    assert await rows(fresh_pool, tries) == []


async def test_mails_that_a_server_does_not_take_are_sent_again_until_a_day_has_passed(fresh_pool: Pool):
    async with mail_server() as room:
        await with_mail(fresh_pool, room, ["451@example.com", "ops@example.com"])
        on = Looked(fresh_pool, Settings())
        sender = AlertSender(fresh_pool, on.settings, KEYRING)
        await look(on, [Trouble(DOWN).rule])
        await sender.mail()
        assert [mail["To"] for mail in room.mails] == ["ops@example.com"]
        assert await rows(fresh_pool, "select address, tries from alert_deliveries") == [("451@example.com", 1)]
        await run(fresh_pool, "update alert_deliveries set created_at = now() - interval '25 hours', due_at = now()")
        await sender.mail()
    assert await rows(fresh_pool, "select from alert_deliveries") == []


async def test_endpoints_of_the_admin_hear_what_changes(fresh_pool: Pool):
    endpoint = await register(fresh_pool, KEYRING, 0, "http://127.0.0.1:9/hook", "alert.raised", "alert.ended")
    await register(fresh_pool, KEYRING, await new_account(fresh_pool), "http://127.0.0.1:9/hook")
    on, trouble = Looked(fresh_pool, Settings()), Trouble(DOWN)
    assert await look(on, [trouble.rule]) == {endpoint.id}
    trouble.found = ()
    await pass_minutes(fresh_pool, 6)
    assert await look(on, [trouble.rule]) == {endpoint.id}
    posted = await rows(fresh_pool, "select type, data from callback_deliveries order by type desc")
    assert [kind for kind, _ in posted] == ["alert.raised", "alert.ended"]
    assert {(data["key"], data["level"]) for _, data in posted} == {("gateways sms main", "failure")}
    assert [data["ended_at"] is None for _, data in posted] == [True, False]
    assert posted[0][1]["id"] == posted[1][1]["id"]
    assert len(await callback_endpoints.list_endpoints(fresh_pool)) == 2


async def test_without_addresses_staff_that_may_pause_sending_is_mailed(fresh_pool: Pool):
    await run(
        fresh_pool,
        """insert into staff (email, name, role) values
           ('op@example.com', 'Op', 'operator'), ('money@example.com', 'Money', 'finance')""",
    )
    async with mail_server() as room:
        await with_mail(fresh_pool, room, None)
        await look(Looked(fresh_pool, Settings()), [Trouble(DOWN).rule])
    assert await rows(fresh_pool, "select way, address from alert_deliveries") == [("mail", "op@example.com")]


async def test_a_check_that_fails_ends_no_other_and_no_alert(fresh_pool: Pool):
    on, trouble = Looked(fresh_pool, Settings()), Trouble(DOWN)

    async def broken(_: Looked) -> Sequence[Finding]:
        raise ZeroDivisionError

    await look(on, [trouble.rule])
    await pass_minutes(fresh_pool, 6)
    await look(on, [Rule("gateways", broken, 0), Rule("disk", Trouble(failure("disk", "full", "x")).look, 0)])
    assert [one.key for one in await all_alerts(fresh_pool)] == ["gateways sms main", "disk"]


async def test_all_rules_look_at_an_install(fresh_pool: Pool):
    on = Looked(fresh_pool, Settings())
    await look(on)
    assert {one.check_name for one in await all_alerts(fresh_pool)} == {"queues"}, "there is no worker"
    gateway = await new_gateway(fresh_pool)
    await routing.record_down(fresh_pool, gateway, "refused", 9, 5, 60.0, probe=False)
    page = new_page(await new_account(fresh_pool, 5), [1], age=90)
    await pages.hold(fresh_pool, page)
    await run(fresh_pool, "update messages set created_at = created_at - interval '90 seconds'")
    await look(on)
    found = {one.key.partition(" ")[0]: one for one in await all_alerts(fresh_pool)}
    assert found.keys() == {"queues", "gateways", "messages"}
    assert found["messages"].key == "messages transactional gateway"
    assert all(one.told_at is None for one in found.values()), "they have not lasted"
    await pass_minutes(fresh_pool, 6)
    await look(on)
    assert all(one.told_at is not None for one in await all_alerts(fresh_pool))


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:1/"])
async def test_an_address_that_cannot_be_used_is_tried_again(fresh_pool: Pool, url: str):
    on = Looked(fresh_pool, posting(url))
    await look(on, [Trouble(DOWN).rule])
    await AlertSender(fresh_pool, on.settings, KEYRING).post()
    assert await rows(fresh_pool, "select tries from alert_deliveries") == [(1,)]
