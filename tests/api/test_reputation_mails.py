"""Mails about what the reputation guard found: each once, to the owner and to staff that may end a pause."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest_asyncio

from domain.keyring import CREDENTIALS, Keyring
from domain.reputation.rules import LIMITS
from runtime.settings import Settings
from store.accounts import accounts
from store.reputation import findings
from store.reputation.bad_reports import of_account
from tests.api.admin import admin
from tests.databases import new_install
from tests.gateways.fake_smtp import mail_server
from tests.stack import Stack, run_stack
from worker.sweeps.mails.reputation_mails import ReputationMails


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_stack(engine: Any) -> AsyncIterator[Stack]:
    """An install of these tests' own, without a worker."""
    url = await new_install(engine.database_url)
    settings = Settings(database_url=url, temporal_address=engine.temporal_address, keys=Keyring.generate())
    async with run_stack(settings, worker=False) as stack:
        yield stack


async def send(stack: Stack, workers: int) -> None:
    """What workers do every few seconds, several of them at once."""
    keyring = Keyring.parse(stack.settings.keys.get_secret_value(), CREDENTIALS)
    await asyncio.gather(*(ReputationMails(stack.pool, keyring, {}).run() for _ in range(workers)))


async def test_a_pause_is_mailed_once_to_the_owner_and_to_staff_that_may_end_it(own_stack: Stack):
    staff, user = await admin(own_stack), await own_stack.user()
    await staff.colleague("support")
    operator = await staff.data("POST", "/staff", {"email": "op@example.com", "name": "Op", "role": "operator"})
    owner = (await accounts.get(own_stack.pool, user.id)).email
    await findings.add(own_stack.pool, of_account(user.id, "email"), "warning", LIMITS[0], 5, 500, "5 of 500 bounced")
    await send(own_stack, 1)  # without a mail server there are none, also when there is one later
    async with mail_server() as room:
        server = {"host": "127.0.0.1", "port": room.port, "security": "none", "from_address": "shop@example.org"}
        await staff.data("PATCH", "/settings", {"system_mail": server | {"allow_private_network": True}})
        await send(own_stack, 1)
        assert room.mails == []
        await findings.add(own_stack.pool, of_account(user.id, "email"), "pause", LIMITS[0], 9, 500, f"9 {uuid4()}")
        for _ in range(2):
            await send(own_stack, 3)
        assert sorted(mail["To"] for mail in room.mails) == sorted([owner, operator["email"]])
        plain = room.mails[0].get_body(("plain",))
        assert plain is not None
        text = " ".join(plain.get_content().split())
    assert room.mails[0]["Subject"] == f"Paused: messages of the user {user.id} on email"
    assert "not transactional wait until staff resumes them" in text
    assert "make it easy to unsubscribe" in text
