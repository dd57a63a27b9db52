"""Alerts of low credits by mail: one whenever a wallet becomes low, whoever sends it, and none is lost."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from domain.keyring import CREDENTIALS, Keyring
from runtime.settings import Settings
from store.accounts.credits import deduct, top_up
from store.credits import alerts
from tests.api.admin import admin
from tests.databases import new_install
from tests.gateways.fake_smtp import Mailroom, mail_server
from tests.stack import Stack, User, run_stack
from worker.sweeps.mails.low_credit_mails import LowCreditMails


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_stack(engine: Any) -> AsyncIterator[Stack]:
    """An install of these tests' own, without a worker."""
    url = await new_install(engine.database_url)
    settings = Settings(database_url=url, temporal_address=engine.temporal_address, keys=Keyring.generate())
    async with run_stack(settings, worker=False) as stack:
        yield stack


@pytest_asyncio.fixture
async def room(own_stack: Stack) -> AsyncIterator[Mailroom]:
    """The install's own mail server."""
    async with own_stack.pool.connection() as conn:
        await conn.execute("delete from credit_alerts")
    async with mail_server() as room:
        await set_server(own_stack, room.port)
        yield room


async def set_server(stack: Stack, port: int | None) -> None:
    server = {"host": "127.0.0.1", "port": port, "security": "none", "from_address": "shop@example.org"}
    mail = None if port is None else server | {"allow_private_network": True}
    await (await admin(stack)).data("PATCH", "/settings", {"system_mail": mail})


async def low_user(stack: Stack) -> User:
    """Somebody with 10 credits for SMS, who wants to hear of fewer than 50."""
    user = await stack.user(credit=10)
    await alerts.put(stack.pool, user.id, {"sms": alerts.Threshold(amount=50)})
    await alerts.tell(stack.pool)
    return user


async def email_of(stack: Stack, user: User) -> str:
    return (await (await admin(stack)).data("GET", f"/users/{user.id}"))["email"]


async def send(stack: Stack, workers: int = 1) -> None:
    """What workers do every few seconds, several of them at once."""
    keyring = Keyring.parse(stack.settings.keys.get_secret_value(), CREDENTIALS)
    await asyncio.gather(*(LowCreditMails(stack.pool, keyring, {}).run() for _ in range(workers)))


async def make_due(stack: Stack, hours: int = 0) -> None:
    """As if the time of the next try had come; ``hours``: and the wallets were low since then."""
    async with stack.pool.connection() as conn:
        await conn.execute(
            """update credit_alerts set mail_due = now(), low_since = low_since - %s * interval '1 hour'
               where mail_due is not null""",
            (hours,),
        )


async def test_a_wallet_that_becomes_low_is_mailed_once_and_again_after_it_was_not(own_stack: Stack, room: Mailroom):
    user = await low_user(own_stack)
    for _ in range(3):
        await send(own_stack, workers=3)
        await alerts.tell(own_stack.pool)
        await make_due(own_stack)
    (mail,) = room.mails
    assert mail["To"] == await email_of(own_stack, user)
    assert "sms" in mail["Subject"]
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "10 credits are left for sms" in plain.get_content()
    assert "fewer than 50" in plain.get_content()
    await top_up(own_stack.pool, user.id, "sms", 100, "test", uuid4())
    await alerts.tell(own_stack.pool)
    await deduct(own_stack.pool, user.id, "sms", 90, "test", uuid4())
    await alerts.tell(own_stack.pool)
    await send(own_stack, workers=2)
    assert len(room.mails) == 2


async def test_each_of_many_is_mailed_once_by_several_workers(own_stack: Stack, room: Mailroom):
    users = [await low_user(own_stack) for _ in range(20)]
    await send(own_stack, workers=3)
    expected = [await email_of(own_stack, user) for user in users]
    assert sorted(mail["To"] for mail in room.mails) == sorted(expected)


async def test_a_worker_that_dies_within_leaves_the_mail_to_others(
    own_stack: Stack, room: Mailroom, monkeypatch: pytest.MonkeyPatch
):
    await low_user(own_stack)

    async def die(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr("worker.sweeps.mails.low_credit_mails.try_notice", die)
        with pytest.raises(asyncio.CancelledError):
            await send(own_stack)
    await send(own_stack)
    assert room.mails == [], "another worker does not know yet that it died"
    await make_due(own_stack)
    await send(own_stack)
    assert len(room.mails) == 1


async def test_a_server_that_is_away_is_tried_again_for_a_day(own_stack: Stack, room: Mailroom):
    await low_user(own_stack)
    await set_server(own_stack, 9)
    await send(own_stack)
    await set_server(own_stack, room.port)
    await make_due(own_stack, hours=23)
    await send(own_stack)
    assert len(room.mails) == 1
    await low_user(own_stack)
    await make_due(own_stack, hours=25)
    await send(own_stack)
    assert len(room.mails) == 1


async def test_a_wallet_that_has_enough_again_is_not_mailed(own_stack: Stack, room: Mailroom):
    user = await low_user(own_stack)
    await top_up(own_stack.pool, user.id, "sms", 100, "test", uuid4())
    await alerts.tell(own_stack.pool)
    await send(own_stack)
    assert room.mails == []


async def test_without_a_mail_server_nothing_is_mailed_not_even_later(own_stack: Stack, room: Mailroom):
    await set_server(own_stack, None)
    await low_user(own_stack)
    await send(own_stack)
    await set_server(own_stack, room.port)
    await make_due(own_stack)
    await send(own_stack)
    assert room.mails == []


async def test_a_mail_server_that_does_not_open_loses_no_mail(own_stack: Stack, room: Mailroom):
    await low_user(own_stack)
    async with own_stack.pool.connection() as conn:
        ((kept,),) = await (await conn.execute("select system_mail from install_settings")).fetchall()
        await conn.execute("update install_settings set system_mail = ''")
    await send(own_stack)
    async with own_stack.pool.connection() as conn:
        await conn.execute("update install_settings set system_mail = %s", (kept,))
    await make_due(own_stack)
    await send(own_stack)
    assert len(room.mails) == 1
