"""The way to Temporal's web UI: for requests that name this machine, one at a time."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_address

import httpx
import pytest

from embedded.ports import free_port
from embedded.web_ui import WebUi, is_for, only_one

HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8233\r\nConnection: keep-alive\r\nAccept: */*\r\n\r\n"


@pytest.fixture
async def ui() -> AsyncIterator[WebUi]:
    """A UI that answers with the request it got, and would go on on the same connection."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
        body = head + await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    port = free_port()
    web_ui = WebUi(port, free_port(avoid=[port]))
    async with await asyncio.start_server(answer, web_ui.own_host, web_ui.own_port), web_ui.reachable():
        yield web_ui


async def test_a_request_for_this_machine_is_passed_on(ui: WebUi):
    async with httpx.AsyncClient() as http:
        for host in ("127.0.0.1", "localhost"):
            for _ in range(2):
                answer = await http.post(ui.url, content=b"x" * 300_000, headers={"Host": f"{host}:{ui.port}"})
                assert answer.status_code == 200
                assert answer.text.startswith("POST / HTTP/1.1")
                assert "Connection: close" in answer.text
                assert answer.text.endswith("x" * 300_000)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8233", "127.0.0.1.evil.example", "127.0.0.1", ""])
async def test_a_request_for_another_host_is_refused(ui: WebUi, host):
    async with httpx.AsyncClient() as http:
        answer = await http.get(ui.url, headers={"Host": host})
    assert answer.status_code == 421
    assert answer.content == b""


async def test_the_second_request_of_a_connection_is_not_passed_on_unseen(ui: WebUi):
    reader, writer = await asyncio.open_connection("127.0.0.1", ui.port)
    first = HEAD.replace(b"8233", b"%d" % ui.port)
    writer.write(first + first.replace(b"127.0.0.1", b"evil.example"))
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b"evil" not in answer


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"x" * 70_000])
async def test_what_is_no_request_gets_no_further(ui: WebUi, sent):
    reader, writer = await asyncio.open_connection("127.0.0.1", ui.port)
    writer.write(sent)
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert b"200" not in answer


async def test_a_ui_that_is_away_is_said_to_be():
    port = free_port()
    ui = WebUi(port, free_port(avoid=[port]))
    async with ui.reachable(), httpx.AsyncClient() as http:
        assert (await http.get(ui.url)).status_code == 502


def test_the_uis_own_address_is_one_of_this_machine_that_cannot_be_guessed():
    hosts = {ip_address(WebUi(1, 2).own_host) for _ in range(50)}
    assert len(hosts) >= 49
    assert all(host.is_loopback for host in hosts)


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace(b"Host", b"X-Host"),
        HEAD.replace(b"Accept: */*", b"host: evil.example"),
        HEAD.replace(b"8233", b"8234"),
    ],
)
def test_a_host_is_named_once_and_is_ours(head):
    assert is_for(HEAD, 8233)
    assert not is_for(head, 8233)


def test_a_passed_on_request_closes_its_connection():
    assert only_one(HEAD) == b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8233\r\nAccept: */*\r\nConnection: close\r\n\r\n"
