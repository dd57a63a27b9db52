"""Steps that tell somebody: the first at once, later ones together, and only people of the account."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from domain.keyring import Keyring
from runtime.settings import Settings
from services.automations.runs.running import Running
from services.automations.telling.gathering import tell_gathered
from store.accounts import accounts
from tests.api.admin import admin
from tests.api.automations.automations import ada, call, data, entered, flow, holder, published
from tests.databases import new_install
from tests.gateways.fake_smtp import mail_server
from tests.stack import Stack, User, new_namespace, run_stack
from worker.sweeps.mails.automation_mails import AutomationMails

MANY = 24


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def quiet(engine: Any) -> AsyncIterator[Stack]:
    """An install of these tests' own, without a worker."""
    url = await new_install(engine.database_url)
    settings = Settings(
        database_url=url,
        temporal_address=engine.temporal_address,
        temporal_namespace=await new_namespace(engine.temporal_address),
        keys=Keyring.generate(),
    )
    async with run_stack(settings, worker=False) as stack:
        yield stack


def tells(**to: Any) -> dict[str, Any]:
    return {"kind": "notify", "to": to, "message": "New lead: {{ contact.first_name }} {{ event.n }}"}


async def listening(stack: Stack, user: User, **more: Any) -> None:
    await data(stack, user, "POST", "/callbacks", {"url": "https://192.0.2.1/hook", **more})


async def posted(stack: Stack, user: User) -> list[dict[str, Any]]:
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select data from callback_deliveries where account_id = %s and type = 'automation.notice' order by id",
            (user.id,),
        )
        return sorted((row for (row,) in await cursor.fetchall()), key=lambda row: row["count"])


async def going(stack: Stack, user: User, count: int, first: int = 0) -> None:
    """So many new runs, which take their steps in one round, and what they tell is told if it is due."""
    contacts = [await ada(stack, user, phone=None) for _ in range(count)]
    runs = [await entered(stack, user, contact, n=first + n) for n, contact in enumerate(contacts)]
    running = Running(stack.pool)
    rests = await asyncio.gather(*(running.go_on(UUID(run)) for run in runs))
    assert all(rest.is_over for rest in rests)
    await asyncio.gather(*(tell_gathered(stack.pool) for _ in range(2)))


async def later(stack: Stack) -> None:
    """As if the five minutes were over."""
    async with stack.pool.connection() as conn:
        await conn.execute("update automation_told_turns set next_at = clock_timestamp()")


async def test_the_first_is_told_at_once_and_later_ones_together(quiet: Stack):
    user = await holder(quiet)
    await listening(quiet, user)
    await published(quiet, user, flow(tells(callback=True)))
    await going(quiet, user, 1)
    [first] = await posted(quiet, user)
    assert (first["subject"], first["message"]) == ("Welcome: New lead: Ada 0", "New lead: Ada 0")
    await going(quiet, user, MANY, first=1)
    assert len(await posted(quiet, user)) == 1, "five minutes are not over"
    await later(quiet)
    await asyncio.gather(*(tell_gathered(quiet.pool) for _ in range(3)))
    _, many = await posted(quiet, user)
    assert (many["count"], many["left_out"], many["step"]) == (MANY, MANY - 10, "s0")
    assert many["message"].count("New lead") == 10
    assert f"And {MANY - 10} more" in many["message"]


async def test_the_owner_is_mailed_and_nothing_is_charged(quiet: Stack):
    user, staff = await holder(quiet), await admin(quiet)
    account = await accounts.get(quiet.pool, user.id)
    async with mail_server() as room:
        server = {
            "host": "127.0.0.1",
            "port": room.port,
            "security": "none",
            "from_address": "x@example.com",
            "allow_private_network": True,
        }
        await staff.data("PATCH", "/settings", {"system_mail": server})
        await published(quiet, user, flow(tells(role="owner"), tells(email=account.email.upper())))
        await going(quiet, user, 1)
        await AutomationMails(quiet.pool, quiet.keyring, {}).run()
        await staff.data("PATCH", "/settings", {"system_mail": None})
        assert [mail["To"].lower() for mail in room.mails] == [account.email] * 2
        assert {mail["Subject"] for mail in room.mails} == {"Welcome: New lead: Ada 0"}


async def test_only_people_of_the_account_can_be_named(quiet: Stack):
    user = await holder(quiet)
    recipients = [{"callback": True}, {"staff": "ann@example.com"}, {"role": "sales"}, {"email": "x@elsewhere.test"}]
    await data(quiet, user, "POST", "/automations", flow(*(tells(**to) for to in recipients)))
    errors = (await call(quiet, user, "POST", "/automations/welcome/publish")).json()["errors"]
    assert [(one["pointer"], one["code"]) for one in errors] == [
        ("/steps/0/to/callback", "callback_missing"),
        ("/steps/1/to/staff", "notify_recipient"),
        ("/steps/2/to/role", "notify_recipient"),
        ("/steps/3/to/email", "notify_recipient"),
        ("/steps/3/to", "notify_recipient"),
    ]


@pytest.mark.parametrize("events", [["message.sent"], ["automation.notice"]])
async def test_a_callback_must_listen_to_notices(quiet: Stack, events: list[str]):
    user = await holder(quiet)
    await listening(quiet, user, events=events)
    await data(quiet, user, "POST", "/automations", flow(tells(callback=True)))
    answer = await call(quiet, user, "POST", "/automations/welcome/publish")
    assert answer.status_code == (200 if events == ["automation.notice"] else 422)


async def test_an_address_at_a_verified_domain_is_the_accounts_own(quiet: Stack):
    user, other = await holder(quiet), await holder(quiet)
    async with quiet.pool.connection() as conn:
        await conn.execute(
            """insert into sender_domains (account_id, domain, state, selector, key, public, token)
               values (%s, 'shop.example', 'verified', 's', '', '', 't')""",
            (user.id,),
        )
    for one, code in ((user, ["notify_recipient"]), (other, ["notify_recipient", "notify_recipient"])):
        await data(quiet, one, "POST", "/automations", flow(tells(email="Sales@Shop.example")))
        errors = (await call(quiet, one, "POST", "/automations/welcome/publish")).json()["errors"]
        assert [error["code"] for error in errors] == code
