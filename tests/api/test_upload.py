"""Bodies on their way: the least rate, the deadline, and the memory they may take."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from fastapi import Request

from api.http.bodies import body_memory, upload
from api.http.bodies.body_memory import BodyMemory
from api.http.body import MAX_BODY, SMALL_BODY, read_body
from api.http.errors import ApiError, error_response
from api.sending import large_bodies
from api.sending.large_bodies import LARGE_BODY, Bodies

KIB = b"x" * 1024


class Client:
    """Sends a body in pieces, each on request."""

    def __init__(self, length: int | None = None) -> None:
        headers = [] if length is None else [(b"content-length", str(length).encode())]
        self._pieces: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self.request = Request({"type": "http", "headers": headers}, self._pieces.get)

    def send(self, piece: bytes, *, is_last: bool = False) -> None:
        self._pieces.put_nowait({"type": "http.request", "body": piece, "more_body": not is_last})


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "GRACE", 0.05)
    monkeypatch.setattr(upload, "LEAST_RATE", 1024 * 1024)


def assert_too_slow(error: ApiError) -> None:
    assert (error.status, error.code) == (408, "upload_too_slow")
    assert error_response(error).headers["connection"] == "close"


async def test_a_body_that_stalls_is_given_up(hurried):
    client = Client()
    client.send(KIB)
    with pytest.raises(ApiError, match="nothing was accepted") as refused:
        await read_body(client.request)
    assert_too_slow(refused.value)


async def test_a_body_that_trickles_is_given_up_however_often_something_comes(hurried):
    client = Client()

    async def trickle() -> None:
        while True:
            client.send(b"x")
            await asyncio.sleep(0.005)

    trickling = asyncio.create_task(trickle())
    async with asyncio.timeout(5):
        with pytest.raises(ApiError) as refused:
            await read_body(client.request)
    trickling.cancel()
    assert_too_slow(refused.value)


async def test_what_has_come_buys_time(hurried):
    client = Client()
    client.send(KIB * 500)  # half a second

    async def end() -> None:
        await asyncio.sleep(0.15)
        client.send(b"y", is_last=True)

    ending = asyncio.create_task(end())
    assert len(await read_body(client.request, MAX_BODY)) == 500 * 1024 + 1
    await ending


async def test_no_body_takes_longer_than_a_minute(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(upload, "LONGEST", 0.05)
    client = Client()
    client.send(KIB * 1024)
    with pytest.raises(ApiError) as refused:
        await read_body(client.request, LARGE_BODY)
    assert_too_slow(refused.value)


@pytest.mark.parametrize("declared", [SMALL_BODY + 1, None])
async def test_requests_that_need_little_take_little(declared: int | None):
    client = Client(declared)
    client.send(b"x" * (SMALL_BODY + 1), is_last=True)
    with pytest.raises(ApiError) as refused:
        await read_body(client.request)
    assert (refused.value.status, refused.value.code) == (413, "too_large")


def assert_turned_away(error: ApiError, status: int) -> None:
    assert error.status == status
    assert error.retry_after
    assert "nothing was accepted" in error.message


def test_one_account_has_a_part_of_the_memory_and_all_have_all_of_it():
    memory, counted = BodyMemory(total=300, share=200), body_memory.UNCOUNTED
    with memory.body(1) as first, memory.body(1) as second, memory.body(2) as other:
        first.grow_to(counted + 150)
        with pytest.raises(ApiError) as refused:
            second.grow_to(counted + 51)
        assert_turned_away(refused.value, 429)
        with pytest.raises(ApiError) as refused:
            other.grow_to(counted + 151)
        assert_turned_away(refused.value, 503)
        other.grow_to(counted + 150)
    with memory.body(2) as other:
        other.grow_to(counted + 200)


def test_bodies_of_the_usual_size_are_never_turned_away():
    memory = BodyMemory(total=0, share=0)
    with memory.body(1) as held:
        held.grow_to(body_memory.UNCOUNTED)


class Reading:
    """A request whose body is being read, and kept."""

    def __init__(self, bodies: Bodies, account: int, client: Client) -> None:
        self.length = -1
        self._end = asyncio.Event()
        self.task = asyncio.create_task(self._read(bodies, account, client))

    async def _read(self, bodies: Bodies, account: int, client: Client) -> None:
        async with bodies.read(client.request, account) as raw:
            self.length = len(raw)
            await self._end.wait()

    async def end(self) -> None:
        self._end.set()
        await self.task


@pytest.fixture
async def started() -> AsyncIterator[Callable[..., Reading]]:
    bodies, readings = Bodies(), list[Reading]()

    def start(account: int, client: Client) -> Reading:
        readings.append(Reading(bodies, account, client))
        return readings[-1]

    yield start
    for reading in readings:
        reading.task.cancel()
    await asyncio.wait([reading.task for reading in readings])


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0)


async def settled(reading: Reading) -> int:
    for _ in range(20):
        await asyncio.sleep(0)
    return reading.length


async def test_slow_uploads_of_one_account_hold_up_only_its_own(started):
    for _ in range(4):  # of 8 MB and a half: the last one waits
        started(1, Client(LARGE_BODY // 4 + 1))
    late, other, small = Client(LARGE_BODY // 4), Client(LARGE_BODY), Client(100)
    for client in (late, other, small):
        client.send(b"x", is_last=True)
    waiting = started(1, late)
    assert await settled(started(2, other)) == 1
    assert await settled(started(1, small)) == 1
    assert await settled(waiting) == -1


async def test_a_body_without_a_length_needs_a_large_place_only_when_it_is_large(started):
    holding = started(1, Client(LARGE_BODY))
    small, large = Client(), Client()
    small.send(b"x" * MAX_BODY, is_last=True)
    large.send(b"x" * (MAX_BODY + 1))
    large.send(b"x", is_last=True)
    assert await settled(started(1, small)) == MAX_BODY
    reading = started(1, large)
    assert await settled(reading) == -1
    holding.task.cancel()
    await until(lambda: reading.length == MAX_BODY + 2)


async def test_a_body_beyond_all_is_refused(started, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(large_bodies, "LARGE_BODY", 2 * MAX_BODY)
    declared, undeclared = Client(2 * MAX_BODY + 1), Client()
    undeclared.send(b"x" * (2 * MAX_BODY + 1))
    for client in (declared, undeclared):
        with pytest.raises(ApiError) as refused:
            await started(1, client).task
        assert (refused.value.status, refused.value.code) == (413, "too_large")
