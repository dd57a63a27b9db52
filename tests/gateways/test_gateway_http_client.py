"""Every way an exchange can end, over real sockets."""

import asyncio
import gzip
import ssl

import pytest
from certificates import server_context

from domain.messages.outcomes import GatewayDown, Unknown
from gateways.conformance.fake_provider import answer, disconnect, drip, hang, reset, serve, then_close
from gateways.net.http import HttpClient, call
from gateways.net.http_answer import BODY_CAP, Answer


@pytest.fixture
async def client():
    client = HttpClient(private=True)
    yield client
    await client.aclose()


async def _post(client, url, body=b"{}", seconds=5.0, method="POST"):
    return await client.exchange(call(method, url, {"X-Key": "k"}, seconds), body)


async def test_request_and_answer_pass_whole(client):
    async with serve(answer(201, b'{"id":1}', X_Extra="yes")) as server:
        got = await _post(client, f"{server.url}/a%2Fb?x=%2B1", b"\x00body")
    assert (got.status, got.body, got.headers["x-extra"]) == (201, b'{"id":1}', "yes")
    request = server.requests[0]
    assert (request.method, request.target, request.body) == ("POST", "/a%2Fb?x=%2B1", b"\x00body")
    assert request.headers["x-key"] == "k"
    assert request.headers["accept-encoding"] == "identity"


async def test_connection_is_reused_and_cookies_are_not_kept(client):
    async with serve(answer(200, b"ok", Set_Cookie="a=b; Path=/")) as server:
        for _ in range(3):
            await _post(client, server.url)
    assert server.connections == 1
    assert "cookie" not in server.requests[2].headers


async def test_environment_proxies_are_ignored(client, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with serve(answer(200)) as server:
        assert isinstance(await _post(client, server.url), Answer)


async def test_redirects_are_not_followed(client):
    async with serve(answer(200)) as target, serve(answer(302, Location=target.url)) as server:
        got = await _post(client, server.url)
    assert got.status == 302
    assert target.requests == []


async def test_closed_port_is_down(client):
    async with serve(b"") as server:
        url = server.url
    assert isinstance(await _post(client, url), GatewayDown)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "a" * 64 + ".com", "a.", "-"])
async def test_unknown_or_impossible_name_is_down(client, host):
    assert isinstance(await _post(client, f"http://{host}/"), GatewayDown)


async def test_untrusted_certificate_is_down(client, certificate):
    async with serve(answer(200), tls=server_context(certificate)) as server:
        got = await _post(client, f"https://127.0.0.1:{server.port}/")
    assert isinstance(got, GatewayDown)
    assert "certificate" in got.reason
    assert server.requests == []


async def test_plain_port_spoken_to_in_tls_is_down(client):
    async with serve(b"") as server:
        got = await _post(client, f"https://127.0.0.1:{server.port}/", seconds=0.3)
    assert isinstance(got, GatewayDown)


async def test_handshake_that_never_ends_is_down(client):
    stop = asyncio.Event()

    async def silent(reader, writer):
        await stop.wait()
        writer.transport.abort()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert isinstance(await _post(client, f"https://127.0.0.1:{port}/", seconds=0.2), GatewayDown)
    stop.set()
    server.close()
    await server.wait_closed()


async def test_trusted_certificate_works(certificate):
    client = HttpClient(private=True, ssl_context=ssl.create_default_context(cafile=certificate[0]))
    async with serve(answer(200, b"ok"), tls=server_context(certificate)) as server:
        got = await _post(client, f"https://localhost:{server.port}/")
        await client.aclose()
    assert got.body == b"ok"


@pytest.mark.parametrize("reply", [hang, drip], ids=["hang", "drip"])
async def test_no_full_answer_in_time_is_unknown(client, reply):
    async with serve(reply) as server:
        got = await _post(client, server.url, seconds=0.2)
    assert got == Unknown("no full answer in time", silent=True)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        reset,
        disconnect,
        then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
        then_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n"),
        then_close(b"HTTP/1.1 200 OK\r\nContent-"),
        then_close(b"SSH-2.0-OpenSSH_9.6\r\n"),
        then_close(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"),
        then_close(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n"),
    ],
    ids=["reset", "disconnect", "short body", "short chunks", "half head", "not http", "bad length", "huge head"],
)
async def test_lost_or_senseless_answer_is_unknown(client, reply):
    async with serve(reply) as server:
        got = await _post(client, server.url)
    assert isinstance(got, Unknown)
    assert not got.silent
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "GET", "PATCH"])
@pytest.mark.parametrize("end", [reset, disconnect], ids=["reset", "disconnect"])
async def test_kept_connection_that_dies_is_unknown_and_nothing_is_sent_twice(client, method, end):
    async def first_ok(request, writer):
        if len(server.requests) == 1:
            writer.write(answer(200))
        else:
            await end(request, writer)

    async with serve(first_ok) as server:
        assert isinstance(await _post(client, server.url, b"", method=method), Answer)
        got = await _post(client, server.url, b"", method=method)
    assert isinstance(got, Unknown)
    assert (len(server.requests), server.connections) == (2, 1)


async def test_large_body_is_cut(client):
    async with serve(answer(200, b"x" * 10_000_000)) as server:
        got = await _post(client, server.url)
    assert len(got.body) == BODY_CAP


async def test_endless_chunked_body_is_cut(client):
    async def endless(request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()

    async with serve(endless) as server:
        got = await _post(client, server.url)
    assert len(got.body) == BODY_CAP


async def test_compressed_bomb_is_cut(client):
    async with serve(answer(200, gzip.compress(b"0" * 50_000_000), Content_Encoding="gzip")) as server:
        got = await _post(client, server.url)
    assert len(got.body) == BODY_CAP


async def test_compressed_answer_is_read(client):
    async with serve(answer(200, gzip.compress(b'{"id":1}'), Content_Encoding="gzip")) as server:
        got = await _post(client, server.url)
    assert got.body == b'{"id":1}'


async def test_many_at_once(client):
    async with serve(answer(200, b"ok")) as server:
        answers = await asyncio.gather(*(_post(client, server.url) for _ in range(200)))
    assert all(isinstance(got, Answer) for got in answers)
    assert len(server.requests) == 200
