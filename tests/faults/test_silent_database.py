"""The database's connections go silent (packets swallowed, nobody told) while new ones work: all is back in seconds."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from runtime.settings import Settings
from tests.faults.proxy import Proxy, running_proxy
from tests.faults.sink import running_sink
from tests.faults.size import SEED
from tests.stack import Stack, User, run_stack, run_worker

BACK = 40.0
"""Seconds in which everything must work again: it takes five, on a busy machine more. Kernels need 60."""
SMS = {"number": "+14155550123", "body": "Hi"}


@asynccontextmanager
async def proxied(settings: Settings) -> AsyncIterator[tuple[Settings, Proxy]]:
    """An install's settings whose database is behind a proxy."""
    url = settings.database_url
    async with running_proxy("127.0.0.1", int(str(conninfo_to_dict(url)["port"]))) as proxy:
        yield settings.model_copy(update={"database_url": make_conninfo(url, port=proxy.port)}), proxy


async def sender(stack: Stack) -> User:
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    return user


async def until_ok(http: httpx.AsyncClient, method: str, path: str, **request: object) -> None:
    """Repeat a request until it gets 200. Each answer on the way is a 503 that says when to try again."""
    async with asyncio.timeout(BACK):
        while (answer := await http.request(method, path, **request)).status_code != 200:  # type: ignore[arg-type]
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) >= 1
            await asyncio.sleep(0.2)


@pytest.mark.fault
async def test_the_api_is_back_within_seconds(settings: Settings):
    async with proxied(settings) as (far, proxy), run_stack(far) as stack:
        user = await sender(stack)
        warm = await asyncio.gather(*(stack.send(user, "sms", SMS, SMS) for _ in range(20)))  # opens the whole pool
        uid = warm[0].json()["data"][0]["uid"]
        await stack.final(user, "sms", uid)
        proxy.silence_old()
        send = {"json": {"contact": [SMS]}, "headers": user.headers}
        await asyncio.gather(
            *(until_ok(stack.http, "POST", "/api/sms/send", **send) for _ in range(10)),
            *(until_ok(stack.http, "GET", f"/api/get/sms/{uid}", headers=user.headers) for _ in range(10)),
            until_ok(stack.http, "GET", "/health"),
        )


@pytest.mark.fault
async def test_workers_send_what_was_accepted_meanwhile_once_and_within_seconds(settings: Settings):
    async with (
        proxied(settings) as (far, proxy),
        run_stack(settings, worker=False) as stack,
        run_worker(far, stack.temporal),
        running_sink(SEED) as sink,
    ):
        user = await stack.user()
        await stack.gateway(user.id, "sms", "http", sink.config)
        warm = await asyncio.gather(*(stack.send(user, "sms", *[SMS] * 20) for _ in range(10)))
        before = [item["uid"] for answer in warm for item in answer.json()["data"]]
        await stack.final(user, "sms", before[-1])
        proxy.silence_old()
        async with asyncio.timeout(BACK):
            answers = await asyncio.gather(*(stack.send(user, "sms", *[SMS] * 3) for _ in range(10)))
            meanwhile = [item["uid"] for answer in answers for item in answer.json()["data"]]
            for uid in meanwhile:
                await stack.final(user, "sms", uid, timeout=BACK)
        for uid in before:
            assert (await stack.final(user, "sms", uid))["state"] == "sent"
        assert sink.arrived == Counter(before + meanwhile)
