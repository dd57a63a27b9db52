"""Hostile posts to hooks: each is refused in a way that says why, and the next right one is taken."""

import asyncio
from urllib.parse import urlsplit

from psycopg_pool import PoolTimeout

from api.automations.hooks.checks import HookChecks
from store.automations.hooks import hooks
from store.automations.hooks.hooks import Door
from store.pool import Pool
from tests.api.answers import assert_error
from tests.api.automations.automations import call, data, holder
from tests.api.automations.hooks import ADA, entered, failed, listened, made, post
from tests.stack import Stack

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BODIES: list[tuple[bytes, dict[str, str], int]] = [
    (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, {}, 413),
    (b'{"a":' * 900 + b"1" + b"}" * 900, {}, 422),
    (b"[" * 60_000, {}, 413),
    (b'{"email": "\xff\xfe@example.com"}', {}, 400),
    (b'{"email": "\\ud800@example.com"}', {}, 422),
    (b'{"email": "a\\u0000@example.com"}', {}, 422),
    (b'{"email": 1e999}', {}, 422),
    (b'{"email": "ada@example.com", "email": "eve@example.com"}', {}, 422),
    (b'{"x": "' + b"x" * 70_000 + b'"}', {}, 413),
    (b"&".join(b"n%d=1" % number for number in range(10_000))[:60_000], FORM, 422),
    (b"email=%ff%fe", FORM, 422),
    (b"email=\xff", FORM, 422),
    (b"email=a%00b", FORM, 422),
    (b"a" + b"[b]" * 15_000 + b"=1", FORM, 422),
    (b"email=ada@example.com", {"Content-Type": "multipart/form-data; boundary=x"}, 400),
    (b"", {}, 400),
    (b"null", {"Content-Encoding": "gzip"}, 422),
]


async def raw(stack: Stack, head: bytes) -> bytes:
    """The answer to a request that no client would write."""
    where = urlsplit(stack.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(head)
        async with asyncio.timeout(20):
            try:
                await writer.drain()
                return await reader.read(65_536)
            except ConnectionError:
                return await reader.read(65_536)
    finally:
        writer.close()


async def test_hostile_bodies_are_refused(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, delivery=["/id"], topic="/topic")
    await listened(stack, user)
    for content, headers, status in BODIES:
        answer = await post(stack, hook["path"], content, headers)
        assert answer.status_code == status, (content[:40], answer.text)
        assert_error(answer, status, answer.json()["errors"][0]["code"], answer.json()["errors"][0]["pointer"])
    assert (await call(stack, user, "GET", "/contacts")).json()["data"] == []
    odd = ADA | {"id": {"a": [1]}, "topic": "t" * 30_000}
    assert (await post(stack, hook["path"], odd)).json()["workflows_triggered"] == 1
    (run,) = await entered(stack, user)
    assert run["event"]["topic"] == "t" * 200


async def test_hostile_headers_are_refused(stack: Stack):
    user = await holder(stack)
    auth = {"style": "hmac", "header": "X-Sig"}
    hook = await made(stack, user, auth=auth, secret="a-secret-of-ours")
    start = f"POST {hook['path']} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n".encode()
    long = await raw(stack, start + b"X-Sig: " + b"a" * 3_000_000 + b"\r\n\r\n{}")
    assert long.startswith(b"HTTP/1.1 431 ") or long == b"", long[:80]
    many = b"".join(b"X-H%d: 1\r\n" % number for number in range(10_000))
    assert (await raw(stack, start + many + b"\r\n{}")).startswith(b"HTTP/1.1 431 ")
    for signature in (b"\xff" * 64, b"a" * 8_000, b"sha256=" * 500, b",=" * 2_000):
        answer = await raw(stack, start + b"X-Sig: " + signature + b"\r\nConnection: close\r\n\r\n{}")
        assert answer.startswith(b"HTTP/1.1 401 "), answer[:80]
    twice = b"X-Sig: a\r\nX-Sig: b\r\nConnection: close\r\n\r\n{}"
    assert (await raw(stack, start + twice)).startswith(b"HTTP/1.1 401 ")


async def test_what_is_odd_in_a_sample_is_kept_as_it_is(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user)
    headers = {f"X-H{number}": "1" for number in range(60)} | {"X-Latin": "é".encode("latin-1"), "X-Long": "x" * 3_000}
    body = {"": {"": [None, [], {}]}, "number": 9_007_199_254_740_993, "text": "\u202eab\u2028", "big": "x" * 60_000}
    for _ in range(2):
        assert (await post(stack, hook["path"] + "?test=1", body, headers)).status_code == 200
    kept = await data(stack, user, "GET", "/hooks/shop-cart/samples")
    assert [one["body"] for one in kept] == [body, body]
    assert len(kept[0]["headers"]) <= 50
    assert max(map(len, kept[0]["headers"].values())) <= 500
    assert (await call(stack, user, "POST", "/hooks/shop-cart/suggest")).status_code == 200
    assert (await call(stack, user, "POST", "/hooks/shop-cart/try")).status_code == 200


async def test_refused_posts_in_masses_are_all_counted_and_cost_a_write_each_second(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, auth={"style": "bearer"})
    for _ in range(5):
        answers = await asyncio.gather(*(post(stack, hook["path"], ADA) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {401}
    assert await failed(stack, user, 100) == "signature_missing"


async def test_counts_survive_a_database_that_is_away_for_a_while(stack: Stack):
    user = await holder(stack)
    await made(stack, user)
    (hook,) = await hooks.page(stack.pool, user.id, None, 1)
    door = Door(hook.id, user.id, hook.key)
    checks = HookChecks(Away(stack.pool), stack.keyring)
    for why in ("signature_missing", "time_differs"):
        checks.note(door, why)
    assert await failed(stack, user, 2) == "time_differs"
    await checks.aclose()


class Away:
    """A database that is away when it is asked first."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._was_asked = False

    def connection(self):
        if not self._was_asked:
            self._was_asked = True
            raise PoolTimeout
        return self._pool.connection()
