"""A worker dies between a request of an automation and its answer: it is made again with its id; no run is lost."""

import asyncio
from collections import Counter

import pytest

from gateways.conformance.fake_provider import Request, answer, serve
from tests.api.admin import admin
from tests.api.automations.automations import ada, entered, flow, published, reaches
from tests.api.test_narrowed_keys import key_with
from tests.faults.dev import Dev

PEOPLE = 12
UNDER_WAY = 8


@pytest.mark.fault
async def test_requests_whose_answers_were_lost_with_the_worker_are_made_again_with_their_ids(dev: Dev):
    killed = asyncio.Event()

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await killed.wait()
        writer.write(answer(200, b'{"n": 1}'))

    async with serve(reply) as server, dev.stack() as stack:
        await (await admin(stack)).data("PATCH", "/settings", {"private_call_hosts": ["127.0.0.1"]})
        user = await key_with(stack, await stack.user(), "contacts", "templates", "send", "read")
        step = {"kind": "call", "url": f"{server.url}/", "timeout": "10s", "save": {"n": "/n"}}
        await published(stack, user, flow(step))
        people = [await ada(stack, user, phone=f"+1415555{number:04}") for number in range(PEOPLE)]
        runs = [await entered(stack, user, contact) for contact in people]
        async with asyncio.timeout(30):
            while len(server.requests) < UNDER_WAY:
                await asyncio.sleep(0.02)
        assert dev.kill("bulk worker") == 1
        killed.set()
        async with asyncio.timeout(90):
            for run in runs:
                while True:
                    try:
                        found = await reaches(stack, user, run)
                    except TimeoutError:
                        continue
                    break
                assert (found["state"], found["vars"], found["tries"]) == ("completed", {"n": 1}, 0), found
                assert len(found["steps"]) == 1
    times = Counter(request.headers["webhook-id"] for request in server.requests)
    assert Counter(times.values()) == {2: UNDER_WAY, 1: PEOPLE - UNDER_WAY}
