"""Requests that no HTTP library would make, written to the socket byte by byte."""

import asyncio

import pytest

from tests.stack import Stack

BODY = b'{"contact":[{"number":"+14155550123","body":"Hi"}]}'


async def exchange(stack: Stack, request: bytes, *, patience: float = 5.0) -> bytes:
    """What comes back until the server closes or is silent."""
    host, port = stack.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        async with asyncio.timeout(patience):
            return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as closed:
        return closed.partial
    finally:
        writer.close()
        await asyncio.wait([asyncio.ensure_future(writer.wait_closed())])


async def post(stack: Stack, *headers: bytes, body: bytes = BODY, path: bytes = b"/api/sms/send") -> bytes:
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    lines = [b"POST " + path + b" HTTP/1.1", b"Host: x", b"Api-key: " + user.key.encode(), *headers]
    return await exchange(stack, b"\r\n".join(lines) + b"\r\n\r\n" + body)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def assert_still_serves(stack: Stack) -> None:
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    answer = await stack.send(user, "sms", {"number": "+14155550123", "body": "Hi"})
    assert answer.status_code == 200, answer.text
    await stack.final(user, "sms", answer.json()["data"][0]["uid"])


LENGTH = b"Content-Length: %d" % len(BODY)


async def test_a_plain_request_passes(stack: Stack):
    assert status(await post(stack, LENGTH)) == 200


@pytest.mark.parametrize(
    "headers",
    [
        [b"Content-Length: -1"],
        [b"Content-Length: 5x"],
        [b"Content-Length: 0x10"],
        [b"Content-Length: 99999999999999999999999999999999"],
        [LENGTH, b"Content-Length: 5"],
        [LENGTH, b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: gzip"],
    ],
    ids=lambda value: b" | ".join(value).decode(),
)
async def test_a_length_that_cannot_be_is_refused(stack: Stack, headers):
    assert status(await post(stack, *headers)) in (400, 413)


async def test_a_declared_length_beyond_the_limit_is_refused_before_the_body_comes(stack: Stack):
    assert status(await post(stack, b"Content-Length: 33554433", body=b"")) == 413


async def test_a_body_that_breaks_off_is_not_acted_on(stack: Stack):
    user = await stack.user()
    request = b"POST /api/sms/send HTTP/1.1\r\nHost: x\r\nApi-key: %s\r\n%s\r\n\r\n" % (user.key.encode(), LENGTH)
    host, port = stack.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(request + BODY[:20])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    await assert_still_serves(stack)
    async with stack.pool.connection() as conn:
        row = await (await conn.execute("select count(*) from messages where account_id = %s", (user.id,))).fetchone()
    assert row == (0,)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/api/sms/send?%00", 200),
        (b"/api/sms/send?a=%FF%FE", 200),
        (b"/api/sms/%00/cancel", 404),
        (b"/api/%00/x/cancel", 404),
        (b"/api/sms%2Fsend", 200),
        (b"/API/sms/send", 404),
        (b"/api/sms/send/../send", 404),
        (b"//api/sms/send", 404),
        (b"http://elsewhere/api/sms/send", 200),
        (b"*", 404),
    ],
    ids=repr,
)
async def test_odd_paths(stack: Stack, path, expected):
    assert status(await post(stack, LENGTH, path=path)) == expected


@pytest.mark.parametrize(
    "header",
    [b"Idempotency-Key: \xe9", b"Idempotency-Key: " + b"a" * 256, b"Idempotency-Key:"],
)
async def test_an_idempotency_key_that_is_none_is_refused(stack: Stack, header):
    assert status(await post(stack, LENGTH, header)) == 422


@pytest.mark.parametrize(
    "request_", [b"\x16\x03\x01\x02\x00\x01\x00\x01", b"GET / HTTP/9.9\r\n\r\n", b"NONSENSE\r\n\r\n"]
)
async def test_what_is_not_http_is_refused_and_the_server_lives(stack: Stack, request_):
    answer = await exchange(stack, request_ + b"\r\n\r\n", patience=5.0)
    assert answer == b"" or status(answer) == 400
    await assert_still_serves(stack)
