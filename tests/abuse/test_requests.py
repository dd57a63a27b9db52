"""Requests that are dear to read, or slow to come: one account's must not be felt by another."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from uuid import uuid4

import httpx
import pytest

from tests.abuse.felt import LEEWAY, MEASURES
from tests.abuse.target import Target
from tests.stack import User

SECONDS = 7
MIB = 1024 * 1024
SMS = {"number": "+14155550123", "body": "Hi"}
LISTS = b'{"contact":[{"number":"+14155550123","body":"Hi"}],"schedule_at":[' + b"[]," * (MIB // 3 - 40) + b"[]]}"
LOOP = "{% for i in (1..1000) %}{% if i == 0 %}x{% endif %}{% endfor %}Hi"
HEAVY = json.dumps({"message": LOOP, "contact": [{"number": "+14155550123"}] * 1500}).encode()
"""About the most work that is allowed: some three seconds of it."""
LARGE = json.dumps({"contact": [SMS] * 3000}).encode()
PATIENCE = 6.0 if MEASURES else 20.0
"""Seconds for a request of 3,000 contacts, which takes half a second on a quiet machine; behind the heavy templates, if
it had to wait for them, 36."""

Post = Callable[[], Coroutine[object, object, object]]


async def sender(target: Target) -> User:
    user = await target.stack.user(1_000_000)
    for channel in ("sms", "email"):
        await target.stack.gateway(user.id, channel, "sandbox", {})
    return user


def poster(target: Target, user: User, path: str, bodies: list[bytes]) -> Post:
    """Posts one body after the other."""
    rest = itertools.cycle(bodies)

    async def post() -> httpx.Response:
        return await target.stack.http.post(path, content=next(rest), headers=user.headers, timeout=60)

    return post


async def again(post: Post) -> None:
    while True:
        with suppress(httpx.HTTPError):
            await post()


def side_by_side(*posts: Post) -> Post:
    """An attack that makes all of them, each again and again."""

    async def attack() -> None:
        await asyncio.gather(*(again(post) for post in posts))

    return attack


def umlauts(request: int) -> bytes:
    """100 emails to ten more addresses each, all of domains that are seen for the first time."""
    return json.dumps(
        {
            "subject": "Hi",
            "message": "Hi",
            "contact": [
                {"email": "a@example.com", "cc": [f"a@{'ü' * 20}{request}x{n * 10 + copy}.com" for copy in range(10)]}
                for n in range(100)
            ],
        }
    ).encode()


async def test_a_mebibyte_of_lists_is_not_felt(target: Target):
    user = await sender(target)
    send = poster(target, user, "/api/sms/send", [LISTS])
    reschedule = poster(target, user, f"/api/sms/{uuid4()}/reschedule", [LISTS])
    assert (await send()).status_code == 422
    assert (await reschedule()).status_code == 413
    (await target.under("1 MiB of lists", side_by_side(send, reschedule), SECONDS)).check()


async def test_a_thousand_unicode_domains_are_not_felt(target: Target):
    send = poster(target, await sender(target), "/api/email/send", [umlauts(n) for n in range(60)])
    assert (await send()).status_code == 200
    (await target.under("1,000 Unicode domains", side_by_side(send), SECONDS)).check()


class Bystander:
    """A third account, which sends 3,000 contacts, and one in a request without a length."""

    def __init__(self, target: Target, user: User) -> None:
        self.took: list[tuple[str, float, int]] = []
        self._posts = [
            ("3,000 contacts", poster(target, user, "/api/sms/send", [LARGE])),
            ("without a length", self._chunked(target, user)),
        ]

    def _chunked(self, target: Target, user: User) -> Post:
        async def post() -> httpx.Response:
            async def body():
                yield json.dumps({"contact": [SMS]}).encode()

            return await target.stack.http.post("/api/sms/send", content=body(), headers=user.headers, timeout=60)

        return post

    async def watch(self, attacked: asyncio.Event) -> None:
        """Send once in the middle of the attack."""
        await attacked.wait()
        await asyncio.sleep(1)
        for name, post in self._posts:
            begun = time.monotonic()
            answer = await post()
            self.took.append((name, time.monotonic() - begun, answer.status_code))

    def check(self) -> None:
        assert [(name, status) for name, _, status in self.took] == [(name, 200) for name, _ in self._posts], self.took
        assert self.took[0][1] < PATIENCE, self.took
        assert self.took[1][1] < LEEWAY, self.took


async def upload_slowly(target: Target, user: User) -> None:
    """2 MB at one byte a second."""
    url = httpx.URL(target.stack.url)
    _, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST /api/sms/send HTTP/1.1\r\nHost: x\r\nApi-key: {user.key}\r\nContent-Length: 2000000\r\n\r\n"
    try:
        writer.write(head.encode())
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(1)
    finally:
        writer.close()


@pytest.mark.parametrize("attack", ["slow uploads", "heavy templates"])
async def test_what_one_account_makes_wait_holds_up_no_other(target: Target, attack: str):
    attacker, bystander = await sender(target), Bystander(target, await sender(target))
    if attack == "slow uploads":
        post, times = lambda: upload_slowly(target, attacker), 8
    else:
        post, times = poster(target, attacker, "/api/sms/send", [HEAVY]), 12
    attacked = asyncio.Event()

    async def begin() -> None:
        attacked.set()
        await side_by_side(*[post] * times)()

    async with asyncio.TaskGroup() as group:
        group.create_task(bystander.watch(attacked))
        felt = await target.under(attack, begin, SECONDS)
    bystander.check()
    felt.check()


async def test_a_slow_upload_is_ended(target: Target):
    attacker = await sender(target)
    begun = time.monotonic()
    with suppress(OSError):
        async with asyncio.timeout(60):
            await upload_slowly(target, attacker)
    assert 8 < time.monotonic() - begun < 60
