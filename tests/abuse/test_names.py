"""One account's names never answer: callbacks, gateways of every kind. What another account's sends and batch feel."""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from store.callbacks import callback_endpoints
from tests.abuse.felt import FACTOR, LEEWAY
from tests.abuse.target import Target, again_and_again
from tests.faults.clients import contacts
from tests.faults.promise import batch_ends, find
from tests.faults.sink import Sink, running_sink
from tests.faults.size import SEED
from tests.receiver import receiving, register
from tests.stack import Stack, User

SILENT = 10
"""Endpoints, and gateways."""
SECONDS = 8.0
BATCH = 600
SILENCE = 30.0
"""Seconds, less than until a look-up of such a name ends."""
NOISE = 1.0
"""Seconds of a quiet batch that this machine's own noise makes."""


async def seconds_of_a_batch(stack: Stack, user: User) -> float:
    """How long a batch takes, from its acceptance to its end. All of it is sent."""
    items = contacts(BATCH, random.Random(SEED))
    answer = await stack.http.post("/api/sms/send", json={"contact": items}, headers=user.headers)
    assert answer.status_code == 200, answer.text
    batch = answer.json()["batch"]
    assert set((await batch_ends(stack.pool, batch, 60)).values()) == {"sent"}
    record = await find(stack.pool, batch)
    assert record.finished_at is not None
    return (record.finished_at - record.created_at).total_seconds()


async def customer_of(stack: Stack, sink: Sink) -> User:
    """Another account, whose gateway has a name."""
    user = await stack.user(100_000)
    url = f"http://provider.live.test:{urlsplit(sink.url).port}/"
    await stack.gateway(user.id, "sms", "http", sink.config | {"url": url}, identifier="sink")
    return user


@asynccontextmanager
async def attacker_with_silent_callbacks(stack: Stack) -> AsyncIterator[User]:
    """An account with as many endpoints as it may have, all with names that never answer, until the context is left."""
    attacker = await stack.user(100_000)
    await stack.gateway(attacker.id, "sms", "sandbox", {})
    for number in range(SILENT):
        await register(stack.pool, stack.keyring, attacker.id, f"http://n{number}.dead.test/")
    yield attacker
    for endpoint in await callback_endpoints.list_endpoints(stack.pool, attacker.id):
        await callback_endpoints.remove(stack.pool, endpoint.id)


async def send_some(stack: Stack, user: User) -> None:
    """A few messages, each with something to report."""
    await stack.send(user, "sms", *[{"number": "+14155550123", "body": "hi"}] * 5)
    await asyncio.sleep(0.5)


async def test_callbacks_to_names_that_never_answer(target: Target):
    async with attacker_with_silent_callbacks(target.stack) as attacker:
        felt = await target.under(
            "callbacks to ten names that never answer", lambda: send_some(target.stack, attacker), SECONDS
        )
    felt.check()


async def test_a_batch_and_callbacks_of_another_account_beside_callbacks_to_names_that_never_answer(target: Target):
    stack = target.stack
    async with (
        attacker_with_silent_callbacks(stack) as attacker,
        running_sink(SEED) as sink,
        receiving() as receiver,
    ):
        user = await customer_of(stack, sink)
        quiet = min([await seconds_of_a_batch(stack, user) for _ in range(2)])
        attack = asyncio.create_task(again_and_again(lambda: send_some(stack, attacker)))
        await asyncio.sleep(2.0)  # until the silent names have all the places they get
        during = min([await seconds_of_a_batch(stack, user) for _ in range(2)])
        url = f"http://hook.live.test:{receiver.server.port}/"
        await register(stack.pool, stack.keyring, user.id, url, "message.sent")
        await stack.send(user, "sms", *contacts(5, random.Random(SEED)))
        await receiver.hears(5, seconds=min(5 * LEEWAY, SILENCE))
        attack.cancel()
        await asyncio.wait([attack])
    print(f"a batch: quiet {quiet:.2f} s, beside silent callbacks {during:.2f} s", file=sys.stderr)
    assert during <= FACTOR * max(quiet, NOISE)


async def test_single_messages_beside_gateways_whose_names_never_answer(target: Target):
    stack = target.stack
    attacker = await stack.user(100_000)
    config = {"url": "http://x/", "body": {"to": "{{ to }}"}, "allow_private_network": True}
    for number in range(SILENT):
        url = f"http://g{number}.dead.test/"
        await stack.gateway(attacker.id, "sms", "http", config | {"url": url}, identifier=f"silent-{number}")
    bind = {"host": "smsc.dead.test", "system_id": "u", "password": "p"}
    await stack.gateway(attacker.id, "sms", "smpp", bind, identifier=f"silent-{SILENT}")
    to = [{"number": "+14155550123", "body": "hi", "gateway_identifier": f"silent-{n}"} for n in range(SILENT + 1)]
    took: list[float] = []
    over = asyncio.Event()

    async def attack() -> None:
        await asyncio.gather(*(stack.send(attacker, "sms", contact) for contact in to))
        await asyncio.sleep(1.0)

    async def sends(user: User) -> None:
        while not over.is_set():
            begun = time.monotonic()
            (uid,) = [
                item["uid"]
                for item in (await stack.send(user, "sms", *contacts(1, random.Random(SEED)))).json()["data"]
            ]
            assert (await stack.final(user, "sms", uid))["state"] == "sent"
            took.append(time.monotonic() - begun)
            await asyncio.sleep(0.3)  # it is not the load of this that is to be felt

    async with running_sink(SEED) as sink:
        user = await customer_of(stack, sink)
        sending = asyncio.create_task(sends(user))
        felt = await target.under("gateways whose names never answer", attack, SECONDS)
        over.set()
        await sending
    felt.check()
    print(f"messages beside silent gateways: {len(took)}, the slowest in {max(took):.2f} s", file=sys.stderr)
    assert max(took) < min(5 * LEEWAY, SILENCE)
