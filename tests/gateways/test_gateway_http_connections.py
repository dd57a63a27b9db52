"""Connections over real sockets: which are used again, and which answer belongs to which request."""

import asyncio
import socket

import pytest

from domain.messages.outcomes import GatewayDown, Unknown
from gateways.conformance.fake_provider import answer, disconnect, hang, serve, then_close
from gateways.net import http_host
from gateways.net.http import HttpClient, UnfitHeader, call
from gateways.net.http_answer import Answer


@pytest.fixture
async def client():
    client = HttpClient(private=True)
    yield client
    await client.aclose()


async def _post(client, url, seconds=5.0):
    return await client.exchange(call("POST", url, {}, seconds), b"{}")


async def _until(true):
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.01)


async def test_answer_that_ends_with_the_connection_is_read(client):
    async with serve(then_close(b"HTTP/1.1 200 OK\r\n\r\nwhole")) as server:
        assert (await _post(client, server.url)).body == b"whole"


async def test_interim_answers_are_passed_over(client):
    early = b"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n"
    async with serve(b"HTTP/1.1 100 Continue\r\n\r\n" + early + answer(200, b"real")) as server:
        got = [await _post(client, server.url) for _ in range(2)]
    assert [(each.status, each.body, each.headers) for each in got] == [(200, b"real", {"content-length": "4"})] * 2
    assert server.connections == 1


async def test_chunked_answer_is_read_and_the_connection_used_again(client):
    async with serve(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n") as server:
        assert [(await _post(client, server.url)).body for _ in range(2)] == [b"abc", b"abc"]
    assert server.connections == 1


async def test_answer_in_many_pieces_is_read(client):
    async def slowly(request, writer):
        for byte in answer(200, b"pieces", X_One="1"):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    async with serve(slowly) as server:
        got = await _post(client, server.url)
    assert (got.body, got.headers["x-one"]) == (b"pieces", "1")


async def test_repeated_header_is_a_list(client):
    async with serve(b"HTTP/1.1 200 OK\r\nX-Id: a\r\nx-id: b\r\nContent-Length: 0\r\n\r\n") as server:
        assert (await _post(client, server.url)).headers["x-id"] == "a, b"


async def test_bare_line_feeds_are_put_up_with(client):
    async with serve(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok") as server:
        assert (await _post(client, server.url)).body == b"ok"


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_connection_that_the_server_will_close_is_not_used_again(client, version):
    close = b"" if version == "1.0" else b"Connection: close\r\n"
    async with serve(b"HTTP/" + version.encode() + b" 200 OK\r\n" + close + b"Content-Length: 2\r\n\r\nok") as server:
        assert [(await _post(client, server.url)).body for _ in range(2)] == [b"ok", b"ok"]
    assert server.connections == 2


async def test_second_answer_to_one_request_is_not_taken_for_the_next(client):
    async with serve(answer(200, b"mine", X_Mine="1") + answer(500, b"whose?", X_Whose="2")) as server:
        got = [await _post(client, server.url) for _ in range(2)]
    assert [(each.status, each.body) for each in got] == [(200, b"mine")] * 2
    assert "x-whose" not in got[0].headers
    assert server.connections == 2


async def test_words_on_an_idle_connection_are_not_taken_for_the_next_answer(client):
    idle = asyncio.Event()

    async def talkative(request, writer):
        writer.write(answer(200, b"mine"))
        if len(server.requests) == 1:
            await idle.wait()
            writer.write(answer(408, b"too slow"))

    async with serve(talkative) as server:
        first = await _post(client, server.url)
        idle.set()
        await _until(lambda: server.ended == 1)
        second = await _post(client, server.url)
    assert [first.body, second.body] == [b"mine", b"mine"]
    assert server.connections == 2


async def test_headers_without_end_are_given_up(client):
    async def endless(request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X: " + b"x" * 10_000 + b"\r\n")
            await writer.drain()

    async with serve(endless) as server:
        assert await _post(client, server.url) == Unknown("the answer was lost: the headers never end")


async def test_nobody_else_gets_the_answer_to_a_cancelled_request(client):
    released = asyncio.Event()

    async def first_late(request, writer):
        if len(server.requests) == 1:
            await released.wait()
            writer.write(answer(200, b"first"))
        else:
            writer.write(answer(200, b"second"))

    async with serve(first_late) as server:
        waiting = asyncio.create_task(_post(client, server.url))
        await _until(lambda: server.requests)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        released.set()
        assert (await _post(client, server.url)).body == b"second"


async def test_who_finds_all_connections_taken_waits_for_one(client, monkeypatch):
    monkeypatch.setattr(http_host, "CONNECTIONS", 2)
    async with serve(answer(200)) as server:
        got = await asyncio.gather(*(_post(client, server.url) for _ in range(20)))
    assert all(isinstance(each, Answer) for each in got)
    assert server.connections <= 2


async def test_no_connection_coming_free_in_time_is_down_and_others_are_reached(client, monkeypatch):
    monkeypatch.setattr(http_host, "CONNECTIONS", 1)
    async with serve(hang) as busy, serve(answer(200)) as other:
        waiting = asyncio.create_task(_post(client, busy.url))
        await _until(lambda: busy.requests)
        assert await _post(client, busy.url, seconds=0.05) == GatewayDown("no connection to 127.0.0.1 within 0.05 s")
        assert isinstance(await _post(client, other.url), Answer)
        waiting.cancel()
        await asyncio.wait([waiting])
    assert len(busy.requests) == 1


async def test_idle_connection_is_closed(client, monkeypatch):
    monkeypatch.setattr(http_host, "KEEP_ALIVE", 0.02)
    async with serve(answer(200)) as server:
        await _post(client, server.url)
        await _until(lambda: server.ended)


async def test_connection_in_use_while_the_client_is_closed_is_closed_after_its_answer():
    client = HttpClient(private=True)
    go = asyncio.Event()

    async def reply(request, writer):
        await go.wait()
        writer.write(answer(200, b"late"))

    async with serve(reply) as server:
        waiting = asyncio.create_task(_post(client, server.url))
        await _until(lambda: server.requests)
        await client.aclose()
        go.set()
        assert (await waiting).body == b"late"
        await _until(lambda: server.ended)


async def test_name_is_looked_up_once_for_many(client, monkeypatch):
    asked = []
    real = socket.getaddrinfo

    def counting(host, *args, **kwargs):
        asked.append(host)
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", counting)
    async with serve(disconnect) as server:
        url = f"http://localhost:{server.port}/"
        await asyncio.gather(*(_post(client, url) for _ in range(20)))
    assert server.connections == 20
    assert asked.count("localhost") == 1


async def test_failed_look_up_is_tried_again(client, monkeypatch):
    real = socket.getaddrinfo

    def failing(host, *args, **kwargs):
        raise socket.gaierror("no such name yet")

    async with serve(answer(200)) as server:
        url = f"http://localhost:{server.port}/"
        monkeypatch.setattr(socket, "getaddrinfo", failing)
        assert await _post(client, url) == GatewayDown("could not connect: the name localhost does not resolve")
        monkeypatch.setattr(socket, "getaddrinfo", real)
        assert isinstance(await _post(client, url), Answer)


def test_header_cannot_begin_another_one():
    with pytest.raises(UnfitHeader):
        call("POST", "http://example.com/", {"x-text": "a\r\nx-admin: 1"})
