"""A thousand failed messages, sent again by one command, through `kill -9` of the workers in the middle of it."""

import asyncio
import random
from collections import Counter

import pytest

from gateways.conformance.fake_provider import Request, answer, serve
from store.accounts import credits
from tests.api.admin import admin
from tests.api.operations import ended, until
from tests.faults.dev import Dev
from tests.faults.promise import asked, check_promise
from tests.faults.sink import running_sink
from tests.faults.size import MINUTES, SEED
from tests.stack import Stack, User

MESSAGES, A_PAGE = 1000, 10
KILLS = (1, 501) if MINUTES else (1,)
"""Once so many messages wait again: that is, while the first 50 pages, and the others, are started for them."""
_STATES = (
    """select uid::text, case when credit = 'held' then credit else state end from messages where account_id = %s"""
)


@pytest.mark.fault
async def test_a_thousand_failed_messages_are_sent_again_once_and_charged_once_through_kills(dev: Dev):
    dice = random.Random(SEED)
    async with (
        serve(_refuse) as broken,
        running_sink(SEED, thinks=0.01) as sink,
        dev.stack() as stack,
    ):
        staff, user = await admin(stack), await stack.user(credit=MESSAGES)
        name = await stack.gateway(user.id, "sms", "http", sink.config | {"url": broken.url}, identifier="acme")
        uids = await _failed(stack, user)
        gateway = (await staff.data("GET", f"/gateways?owner={user.id}"))[0]["id"]
        await staff.data("PATCH", f"/gateways/{gateway}", {"config": {"url": sink.url}})
        # Nothing is handed over meanwhile, so that no answer is lost by the kills: they are of the command alone.
        await staff.data("POST", f"/gateways/{gateway}/pause")
        begun = await dev.cli("failures", "replay", "--user", str(user.id), "--gateway", name)
        assert begun["messages"] == MESSAGES
        for done in KILLS:
            await until(stack.pool, begun["operation"], lambda found, done=done: found.done >= done, 60)
            await asyncio.sleep(dice.uniform(0.0, 0.05))
            while not dev.kill("bulk worker"):
                await asyncio.sleep(0.02)
        operation = await ended(stack.pool, begun["operation"], 120)
        assert (operation.state, operation.done, operation.failed) == ("done", MESSAGES, 0)
        assert operation.result == {"replayed": MESSAGES, "credits": {"sms": MESSAGES}}
        assert sink.arrived.total() == 0
        await staff.data("POST", f"/gateways/{gateway}/resume")
        await sink.reaches(MESSAGES)
        states = await _states(stack, user, "sent")
        check_promise(sink, uids, states)
        assert set(sink.arrived.values()) == {1}
        wallet = (await credits.show(stack.pool, user.id))["sms"]
        assert (wallet.available, wallet.held, wallet.spent) == (0, 0, MESSAGES)
        assert await credits.audit(stack.pool) == []


async def _refuse(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(400, b'{"error": "the account is not set up"}'))


async def _failed(stack: Stack, user: User) -> list[str]:
    """Messages that the gateway refused, in many pages."""
    limit = asyncio.Semaphore(20)

    async def send(first: int) -> list[str]:
        contacts = [{"number": f"+1415555{first + n:04}", "body": "Hi"} for n in range(A_PAGE)]
        async with limit:
            sent = await stack.send(user, "sms", *contacts)
        assert sent.status_code == 200, sent.text
        return [item["uid"] for item in sent.json()["data"]]

    pages = await asyncio.gather(*map(send, range(0, MESSAGES, A_PAGE)))
    await _states(stack, user, "rejected")
    return [uid for page in pages for uid in page]


async def _states(stack: Stack, user: User, state: str) -> dict[str, str]:
    """The states of all messages, once they are all in this one, and their credits are settled."""
    async with asyncio.timeout(120):
        while True:
            states = dict(await asked(stack, _STATES, user.id))
            if Counter(states.values()) == {state: MESSAGES}:
                return states
            await asyncio.sleep(0.1)
