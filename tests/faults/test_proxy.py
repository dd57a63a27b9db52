"""The proxy does to connections what it says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.proxy import Proxy, running_proxy


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1000):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def _proxied_echo() -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    async with running_proxy(*server.sockets[0].getsockname()) as proxy:
        yield proxy
    server.close()


class _Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def echo(self, text: bytes, within: float = 2.0) -> bytes:
        self._writer.write(text)
        async with asyncio.timeout(within):
            return await self._reader.readexactly(len(text))


@asynccontextmanager
async def _client(proxy: Proxy) -> AsyncIterator[_Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield _Client(reader, writer)
    finally:
        writer.close()


async def test_silenced_connections_stay_open_and_silent_while_new_ones_pass():
    async with _proxied_echo() as proxy, _client(proxy) as old:
        assert await old.echo(b"hello") == b"hello"
        proxy.silence_old()
        with pytest.raises(TimeoutError):
            await old.echo(b"hello", within=0.2)
        async with _client(proxy) as new:
            assert await new.echo(b"hello") == b"hello"


async def test_all_can_be_silenced_until_it_resumes():
    async with _proxied_echo() as proxy:
        proxy.silence_all()
        async with _client(proxy) as client:
            with pytest.raises(TimeoutError):
                await client.echo(b"hello", within=0.2)
        proxy.resume()
        async with _client(proxy) as client:
            assert await client.echo(b"hello") == b"hello"


async def test_what_is_held_arrives_when_it_resumes():
    async with _proxied_echo() as proxy, _client(proxy) as client:
        proxy.hold()
        answer = asyncio.create_task(client.echo(b"hello"))
        done, _ = await asyncio.wait([answer], timeout=0.2)
        assert not done
        proxy.resume()
        assert await answer == b"hello"


async def test_refused_connections_are_reset():
    async with _proxied_echo() as proxy:
        proxy.refuse()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            async with _client(proxy) as client:
                await client.echo(b"hello")


async def test_a_connection_is_cut_in_the_middle_of_an_answer():
    async with _proxied_echo() as proxy, _client(proxy) as client:
        assert await client.echo(b"hello") == b"hello"
        proxy.cut(after=3)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.echo(b"hello")


async def test_a_delay_is_felt():
    async with _proxied_echo() as proxy, _client(proxy) as client:
        proxy.delay(0.1)
        begun = asyncio.get_running_loop().time()
        assert await client.echo(b"hello") == b"hello"
        assert asyncio.get_running_loop().time() - begun >= 0.19  # there and back; the loop counts milliseconds
