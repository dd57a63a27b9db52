"""Strangers, without any key: endless headers, sockets that are only held, slow bodies, posts to webhooks."""

import asyncio
import os
import resource
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from embedded.ports import free_port
from gateways.email.sendgrid import SendGridWebhook
from gateways.whatsapp.cloud_webhook import WhatsAppCloudWebhook
from tests.abuse.felt import LEEWAY, MEASURES
from tests.abuse.raw import connected, dribble, exchange, pour
from tests.abuse.target import Target
from tests.api.doubles.email import SendGrid
from tests.api.doubles.whatsapp import WhatsAppCloud

SECONDS = 6.0
ENDLESS_HEADER = b"GET / HTTP/1.1\r\nHost: x\r\nX: "
LETTERS = b"a" * 262_144
POST = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n"
SENDGRID = b"/api/webhook/email/sendgrid"
META = b"/api/webhook/whatsapp/meta"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def twenty_gateways(target: Target) -> None:
    """Of two types, each of them with its own key: nobody's post is signed by any of them."""
    user = await target.stack.user()
    for double in (SendGrid(target.stack.url), WhatsAppCloud(target.stack.url)):
        for _ in range(20):
            await target.stack.gateway(user.id, double.CHANNEL, double.TYPE, type(double)(target.stack.url).config)


def signed_by_nobody(path: bytes, size: int) -> bytes:
    """A post that only the computation itself can tell from a genuine one."""
    genuine = SendGrid("").signed([]) if path == SENDGRID else WhatsAppCloud("").signed({})
    headers = "".join(f"{name}: {value}\r\n" for name, value in genuine.headers.items()).encode()
    return POST % (path, size, headers) + b" " * size


async def at_once(*attacks: Coroutine[Any, Any, None]) -> None:
    async with asyncio.TaskGroup() as group:
        for attack in attacks:
            group.create_task(attack)


@pytest.mark.parametrize("sockets", [1, 4] if MEASURES else [4])
async def test_endless_headers(target: Target, sockets: int):
    async def attack() -> None:
        await at_once(*(pour(target.stack.url, ENDLESS_HEADER, LETTERS) for _ in range(sockets)))

    (await target.under(f"endless headers, {sockets} at a time", attack, SECONDS)).check()


@pytest.mark.parametrize(
    ("start", "endless"),
    [
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10_000),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", LETTERS),
        (b"", b"GET /none HTTP/1.1\r\n\r\n" * 3000),
        (b"GET / HTTP/1.1\r\n", b"X: a\r\n" * 10_000),
    ],
    ids=["tiny chunks", "a chunk's extension", "pipelined requests", "header fields"],
)
async def test_what_never_ends(target: Target, start: bytes, endless: bytes, request: pytest.FixtureRequest):
    async def attack() -> None:
        await at_once(*(pour(target.stack.url, start, endless) for _ in range(2)))

    (await target.under(f"endless: {request.node.callspec.id}", attack, SECONDS)).check()


async def test_slow_headers_and_slow_bodies(target: Target):
    body = POST % (b"/api/sms/send", 1000, b"")

    async def attack() -> None:
        slow = [dribble(target.stack.url, start, b"a", 1.0) for start in [ENDLESS_HEADER] * 100 + [body] * 100]
        await at_once(*slow)

    (await target.under("200 headers and bodies, a byte a second", attack, SECONDS)).check()


@pytest.mark.usefixtures("twenty_gateways")
async def test_slow_posts_to_webhooks(target: Target):
    size = SendGridWebhook.MOST_BYTES
    start = signed_by_nobody(SENDGRID, size)[: size // 16]

    async def attack() -> None:
        sources = [f"127.0.0.{1 + number % 4}" for number in range(64)]
        await at_once(*(dribble(target.stack.url, start, b" ", 0.5, source) for source in sources))

    (await target.under("64 slow posts of 2 MiB to webhooks", attack, SECONDS)).check()


@pytest.mark.usefixtures("twenty_gateways")
@pytest.mark.parametrize(
    ("path", "size"),
    [(SENDGRID, SendGridWebhook.MOST_BYTES), (SENDGRID, 100), (META, WhatsAppCloudWebhook.MOST_BYTES), (META, 60_000)],
    ids=["sendgrid, 2 MiB", "sendgrid, small", "meta, 3 MiB", "meta, 60 kB"],
)
async def test_complete_posts_to_webhooks_of_twenty_gateways(
    target: Target, path: bytes, size: int, request: pytest.FixtureRequest
):
    post = signed_by_nobody(path, size)
    answers: list[bytes] = []

    async def attack() -> None:
        async with asyncio.TaskGroup() as group:
            posts = [group.create_task(exchange(target.stack.url, post)) for _ in range(4)]
        answers.extend(post.result()[9:12] for post in posts)

    felt = await target.under(f"forged posts to 20 gateways: {request.node.callspec.id}", attack, SECONDS)
    felt.check()
    assert b"403" in answers
    assert set(answers) <= {b"403", b"503"}


async def test_answers_that_nobody_reads(target: Target):
    ask = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"

    async def attack() -> None:
        async with AsyncExitStack() as held:
            for _ in range(200):
                _, writer = await held.enter_async_context(connected(target.stack.url, limit=1))
                writer.write(ask * 4)
                await asyncio.sleep(0.025)
            await asyncio.sleep(SECONDS)

    (await target.under("200 peers that read no answers", attack, SECONDS)).check()


async def test_health_and_documentation_asked_for_all_the_time(target: Target):
    paths = (b"/health", b"/health/ready", b"/docs", b"/openapi.json")

    async def attack() -> None:
        asks = [exchange(target.stack.url, b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path) for path in paths]
        await asyncio.gather(*asks)

    (await target.under("health and documentation, 4 at a time", attack, SECONDS)).check()


@asynccontextmanager
async def api_with(target: Target, descriptors: int) -> AsyncIterator[tuple[str, int]]:
    """Another API process of the same install, under a hard limit of descriptors; its address and its pid."""
    port, limit = free_port(), (descriptors, descriptors)
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("xsender")), "--data-dir", str(target.dev.data_dir)),
        *("api", "--host", "127.0.0.1", "--port", str(port)),
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_NOFILE, limit),
        env=os.environ | {"XSENDER_LOG_LEVEL": "WARNING"},
    )
    try:
        async with asyncio.timeout(180), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            while True:
                try:
                    if (await http.get("/health/ready")).status_code == 200:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        await process.wait()


async def test_more_idle_sockets_than_there_are_descriptors(target: Target):
    """Everybody else gets in all the time, newcomers and those who were there before."""
    live = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    async with api_with(target, 1024) as (url, pid), AsyncExitStack() as held:
        old = await held.enter_async_context(connected(url))
        took = []
        for number in range(1200):
            await held.enter_async_context(connected(url, f"127.0.0.{2 + number % 3}"))
            if number % 20 == 0:
                begun = time.monotonic()
                assert (await exchange(url, live)).startswith(b"HTTP/1.1 200")
                old[1].write(live)
                assert (await old[0].readuntil(b"}")).startswith(b"HTTP/1.1 200")
                took.append(time.monotonic() - begun)
        assert len(os.listdir(f"/proc/{pid}/fd")) < 1024
        assert sorted(took)[int(len(took) * 0.95)] < 0.5 * LEEWAY


async def test_idle_sockets_beside_sends(target: Target):
    async def attack() -> None:
        async with AsyncExitStack() as held:
            for number in range(1500):
                await held.enter_async_context(connected(target.stack.url, f"127.0.0.{1 + number % 4}"))
            await asyncio.sleep(SECONDS)

    (await target.under("1,500 idle sockets", attack, SECONDS)).check()
