"""The HTTP server's own limits, over real sockets: of headers, of what leads nowhere, of time, of connections."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from api.limits import connections
from api.limits import protocol as http_limits
from api.limits.connections import ConnectionLimits, network_of
from api.limits.protocol import MAX_FIELDS, MAX_HEADER, MAX_PIPELINED
from tests.api.small_server import Peer, SmallServer, eventually, small_server

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
EARLY = b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
MANY = ConnectionLimits(connections=100, per_address=100, backlog=100)
ENOUGH = 2 * 2**20
"""Bytes that may pass until a peer that goes on sending is stopped, buffers of the kernel included: they are large."""


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines of tenths of a second."""
    monkeypatch.setattr(connections, "_SWEEP_SECONDS", 0.02)
    monkeypatch.setattr(http_limits, "HEADER_SECONDS", 0.2)
    monkeypatch.setattr(http_limits, "REST_SECONDS", 0.2)
    monkeypatch.setattr(http_limits, "UNREAD_SECONDS", 0.2)
    monkeypatch.setattr(http_limits, "_LINGER_SECONDS", 0.2)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[SmallServer]:
    async with small_server(MANY) as running:
        yield running


@pytest_asyncio.fixture
async def quick(hurried: None) -> AsyncIterator[SmallServer]:
    async with small_server(MANY) as running:
        yield running


def with_fields(*fields: bytes, path: bytes = b"/") -> bytes:
    return b"\r\n".join([b"GET " + path + b" HTTP/1.1", b"Host: x", *fields]) + b"\r\n\r\n"


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def assert_refused(answer: bytes, expected: int, code: str) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert status(head) == expected, answer
    assert b"connection: close" in head.lower()
    said = json.loads(body)
    assert (said["success"], said["errors"][0]["code"]) == (False, code)


async def test_usual_requests_share_a_connection(server: SmallServer):
    peer = await server.peer()
    assert status(await peer.ask(GET)) == 200
    assert (await peer.ask(CHUNKED + b"5\r\nhello\r\n5;note=1\r\nhello\r\n0\r\n\r\n")).endswith(b"\r\n10\n")
    body = b"x" * 1_000_000
    answer = await peer.ask(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert answer.endswith(b"\r\n1000000\n")
    peer.writer.write(GET * 5)
    assert [status(await peer.answer()) for _ in range(5)] == [200] * 5


async def test_a_header_of_the_greatest_size_passes_in_one_piece_and_in_many(server: SmallServer):
    request = with_fields(b"X: " + b"a" * (MAX_HEADER - 200))
    peer = await server.peer()
    assert status(await peer.ask(request)) == 200
    for start in range(0, len(request), 5000):
        peer.writer.write(request[start : start + 5000])
        await peer.writer.drain()
        await asyncio.sleep(0)
    assert status(await peer.answer()) == 200


@pytest.mark.parametrize(
    ("request_", "expected", "code"),
    [
        (with_fields(b"X: " + b"a" * MAX_HEADER), 431, "header_too_large"),
        (with_fields(*[b"X: a"] * MAX_FIELDS), 431, "header_too_large"),
        (with_fields(*[b"X: " + b"a" * 1000] * 60), 431, "header_too_large"),
        (with_fields(path=b"/" + b"a" * 2 * MAX_HEADER), 414, "url_too_long"),
        (b"NONSENSE\r\n\r\n", 400, "invalid_http"),
        (CHUNKED + b"1\r\nx\r\n" * 5000, 400, "chunks_too_small"),
        (CHUNKED + b"zz", 400, "invalid_http"),
    ],
    ids=["long", "many fields", "many long fields", "long address", "nonsense", "tiny chunks", "no chunk"],
)
async def test_what_is_too_much_or_no_http_is_told_so(server: SmallServer, request_: bytes, expected: int, code: str):
    peer = await server.peer()
    peer.writer.write(request_)
    assert_refused(await peer.rest(), expected, code)


@pytest.mark.parametrize(
    ("start", "endless"),
    [
        (b"GET / HTTP/1.1\r\nX: ", b"a" * 65536),
        (b"GET / HTTP/1.1\r\n", b"X: a\r\n" * 10_000),
        (b"GET /", b"a" * 65536),
        (b"", b"\r\n" * 32768),
        (CHUNKED + b"1;", b"a" * 65536),
        (CHUNKED + b"1\r\nx\r\n0\r\n", b"X: a\r\n" * 10_000),
        (CHUNKED + b"0\r\nX: ", b"a" * 65536),
        (CHUNKED, b"1\r\nx\r\n" * 10_000),
        (b"POST /early HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10_000),
    ],
    ids=["value", "fields", "address", "nothing", "chunk extension", "trailers", "trailer", "chunks", "answered"],
)
async def test_what_never_ends_is_not_read(server: SmallServer, start: bytes, endless: bytes):
    peer = await server.peer()
    peer.writer.write(start)
    _, sent = await peer.pour(endless)
    assert sent < 16 * ENOUGH
    assert status(await (await server.peer()).ask(GET)) == 200


async def test_trailers_are_no_headers(server: SmallServer):
    peer = await server.peer()
    assert status(await peer.ask(CHUNKED + b"1\r\nx\r\n0\r\nApi-key: stolen\r\n\r\n")) == 200
    assert b"api-key" not in [name for name, _ in server.app.seen[-1]]


async def test_of_endless_pipelining_a_few_are_answered(server: SmallServer):
    peer = await server.peer()
    peer.writer.write(GET * 3000)
    answers = (await peer.rest()).count(b"HTTP/1.1 200")
    assert 1 <= answers <= MAX_PIPELINED + 1
    assert len(server.app.seen) == answers


async def test_an_error_never_stands_in_for_the_answer_before_it(server: SmallServer):
    peer = await server.peer()
    peer.writer.write(b"GET /hold HTTP/1.1\r\nHost: x\r\n\r\nNONSENSE\r\n\r\n")
    await eventually(lambda: server.app.seen)
    server.app.released.set()
    answer = await peer.rest()
    assert (answer.count(b"HTTP/1.1"), status(answer)) == (1, 200)


async def test_a_header_that_does_not_end_in_time_is_told_so(quick: SmallServer):
    peer = await quick.peer()
    peer.writer.write(b"GET / HTTP/1.1\r\n")
    assert_refused(await peer.rest(), 408, "header_too_slow")


@pytest.mark.parametrize("dribbled", [b"", b"\r\n", b"G"], ids=["nothing", "empty lines", "a header"])
async def test_who_sends_no_request_is_let_go(quick: SmallServer, dribbled: bytes):
    peer = await quick.peer()
    reading = asyncio.create_task(peer.rest())
    while not reading.done():
        peer.writer.write(dribbled)
        dribbled = dribbled if dribbled == b"\r\n" else b""
        await asyncio.wait([reading], timeout=0.05)
    await eventually(lambda: not len(quick.connections))


async def test_who_goes_on_slowly_with_a_body_that_was_answered_is_let_go(quick: SmallServer):
    peer = await quick.peer()
    assert status(await peer.ask(EARLY)) == 200
    reading = asyncio.create_task(peer.rest())
    while not reading.done():
        peer.writer.write(b"x")
        await asyncio.wait([reading], timeout=0.05)
    assert await reading == b""


async def test_the_rest_of_an_answered_body_may_still_come(server: SmallServer):
    peer = await server.peer()
    assert status(await peer.ask(EARLY)) == 200
    peer.writer.write(b"x" * 100)
    assert status(await peer.ask(GET)) == 200


async def test_who_does_not_read_the_answer_is_let_go(quick: SmallServer):
    peer = await quick.peer()
    peer.writer.transport.pause_reading()
    peer.writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    await eventually(lambda: quick.app.seen)
    await eventually(lambda: not len(quick.connections))


async def test_who_reads_slowly_gets_all_of_it(quick: SmallServer):
    peer = await quick.peer()
    peer.writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    await peer.reader.readuntil(b"\r\n\r\n")
    read = 0
    while read < len(quick.app.LARGE):
        read += len(await peer.reader.readexactly(200_000))
        await asyncio.sleep(0.03)
    assert read == len(quick.app.LARGE)


async def idle_ones(server: SmallServer, count: int, source: str = "127.0.0.1") -> list[Peer]:
    return [await server.peer(source) for _ in range(count)]


async def test_a_newcomer_takes_the_place_of_the_longest_idle_one():
    async with small_server(ConnectionLimits(connections=10, per_address=10, backlog=10)) as server:
        used = await server.peer()
        first, *_ = await idle_ones(server, 9)
        await eventually(lambda: len(server.connections) == 10)
        assert status(await used.ask(GET)) == 200
        assert status(await (await server.peer()).ask(GET)) == 200
        assert await first.rest() == b""
        for _ in range(50):
            assert status(await (await server.peer()).ask(GET)) == 200
            assert status(await used.ask(GET)) == 200, "what is used is never the longest idle"
        assert len(server.connections) == 10


async def test_the_address_with_the_most_makes_room_for_others():
    async with small_server(ConnectionLimits(connections=10, per_address=8, backlog=10)) as server:
        (quiet,) = await idle_ones(server, 1, "127.0.0.2")
        first, *_ = await idle_ones(server, 7, "127.0.0.3")
        await idle_ones(server, 2, "127.0.0.4")
        await eventually(lambda: len(server.connections) == 10)
        assert status(await (await server.peer("127.0.0.5")).ask(GET)) == 200
        assert await first.rest() == b""
        assert status(await quiet.ask(GET)) == 200


async def test_an_address_has_its_share_alone():
    async with small_server(ConnectionLimits(connections=10, per_address=3, backlog=10)) as server:
        first, *_ = await idle_ones(server, 3)
        assert status(await (await server.peer()).ask(GET)) == 200
        assert await first.rest() == b""
        assert len(server.connections) == 3


async def test_a_proxy_is_held_to_no_share():
    limits = ConnectionLimits(connections=10, per_address=3, backlog=10)
    async with small_server(limits, proxies=("127.0.0.1",)) as server:
        await idle_ones(server, 10)
        await eventually(lambda: len(server.connections) == 10)


async def test_when_all_are_at_work_a_newcomer_is_told_so_and_the_next_one_is_served():
    async with small_server(ConnectionLimits(connections=3, per_address=3, backlog=10)) as server:
        working = await idle_ones(server, 3)
        for peer in working:
            peer.writer.write(b"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")
        await eventually(lambda: len(server.app.seen) == 3)
        answer = await (await server.peer()).ask(GET)
        assert_refused(answer, 503, "too_many_connections")
        assert b"retry-after: 1" in answer.lower()
        server.app.released.set()
        assert [status(await peer.answer()) for peer in working] == [200] * 3
        assert status(await (await server.peer()).ask(GET)) == 200


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_whose_share_an_address_counts_against(host: str, network: str):
    assert network_of(host) == network


@pytest.mark.parametrize("descriptors", [64, 256, 1024, 4096, 65536, 2**20])
def test_all_that_may_be_open_fits_under_the_limit_of_descriptors(descriptors: int):
    limits = ConnectionLimits.within(descriptors)
    assert 0 < limits.per_address <= limits.connections <= 4096
    assert limits.backlog > 0
    if descriptors >= 256:
        assert limits.connections + limits.backlog + 128 <= descriptors
