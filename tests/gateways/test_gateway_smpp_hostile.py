"""SMPP with what no SMSC should send: octets of the test's own, on a real socket."""

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from smsc import gateway_at

from domain.messages.outcomes import Accepted, GatewayDown, Unknown
from gateways.conformance.listening import listening
from gateways.sms.smpp import gateway as smpp
from gateways.sms.smpp import session as smpp_session
from gateways.sms.smpp.pdu import PDU_CAP, Pdu
from gateways.sms.smpp.session import Session

BIND, SUBMIT, ENQUIRE, DELIVER = 0x09, 0x04, 0x15, 0x05
RESPONSE = 0x80000000


@pytest.fixture(autouse=True)
def short_goodbye(monkeypatch):
    """These servers seldom answer it."""
    monkeypatch.setattr(smpp_session, "UNBIND_SECONDS", 0.1)


@dataclass
class Raw:
    """A server that reads PDUs and answers with whatever the script returns; ``None``: with nothing."""

    script: object
    port: int = 0
    requests: list[Pdu] = field(default_factory=list)
    connections: int = 0

    async def talk(self, reader, writer):
        self.connections += 1
        while head := await reader.read(16):
            head += await reader.readexactly(16 - len(head))
            length, command, status, sequence = struct.unpack(">IIII", head)
            request = Pdu(command, sequence, status, await reader.readexactly(length - 16))
            self.requests.append(request)
            reply = self.script(request)
            if reply == "hang up":
                return
            if reply:
                writer.write(reply)
                await writer.drain()

    def count(self, command):
        return sum(request.command == command for request in self.requests)


def proper(request):
    """Answer as a working SMSC does."""
    if not request.is_response:
        return Pdu(request.command | RESPONSE, request.sequence, body=b"id1\0").encode()
    return None


def after_bind(reply):
    """Answer the bind, and anything else as ``reply`` does."""
    return lambda request: proper(request) if request.command == BIND else reply(request)


async def send_to(outside, make, script, **config):
    server = Raw(script)
    async with listening(server.talk) as port, gateway_at(outside, port, **config) as gateway:
        return await gateway.send(make()), server


def header(length, command=SUBMIT | RESPONSE, status=0, sequence=2):
    return struct.pack(">IIII", length, command, status, sequence)


@pytest.mark.parametrize(
    "reply",
    [
        header(0),
        header(15),
        header(PDU_CAP + 1),
        header(0xFFFFFFFF),
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\0" * 64,
        header(16, ENQUIRE | RESPONSE),  # the right number, another answer
        header(16, RESPONSE | 0x84),
    ],
    ids=["zero", "short", "long", "absurd", "http", "zeros", "other command", "made up"],
)
async def test_an_answer_that_is_none_is_unknown(outside, make, reply):
    got, server = await send_to(outside, make, after_bind(lambda request: reply))
    assert isinstance(got, Unknown)
    assert not got.silent
    assert server.count(SUBMIT) == 1


@pytest.mark.parametrize(
    "reply",
    [
        lambda request: None,
        lambda request: header(32) + b"half",
        lambda request: header(16)[:7],
        lambda request: header(16, sequence=request.sequence + 1),
        lambda request: header(16, sequence=0),
        lambda request: header(16, RESPONSE, 0x03, sequence=0),  # it could not even read the number
    ],
    ids=["nothing", "half a body", "half a header", "other number", "number 0", "nack of nothing"],
)
async def test_an_answer_that_does_not_come_is_unknown_and_silent(outside, make, reply):
    got, server = await send_to(outside, make, after_bind(reply), timeout=0.3)
    assert got == Unknown("no answer within 0.3 s", silent=True)
    assert server.count(SUBMIT) == 1


async def test_a_nack_refuses_the_message_it_names(outside, make):
    script = after_bind(lambda request: Pdu(RESPONSE, request.sequence, 0x02).encode())
    got, _ = await send_to(outside, make, script)
    assert got.code == "smpp_0x02"


async def test_a_nack_without_an_error_tells_nothing(outside, make):
    got, _ = await send_to(outside, make, after_bind(lambda request: Pdu(RESPONSE, request.sequence).encode()))
    assert got == Unknown("the SMSC neither took nor refused it")


@pytest.mark.parametrize(("body", "kept"), [(b"", None), (b"\0", None), (b"7f", "7f"), (b"a\x1b[b\0\0\0", "a [b")])
async def test_an_answer_with_an_odd_id_is_an_answer(outside, make, body, kept):
    script = after_bind(lambda request: Pdu(request.command | RESPONSE, request.sequence, body=body).encode())
    got, _ = await send_to(outside, make, script)
    assert got == Accepted(kept, receipts=False)


async def test_answers_come_in_any_order_and_in_any_pieces(outside, make):
    waiting = []

    def script(request):
        waiting.append(request)
        if len(waiting) < 5:
            return None
        answers = [Pdu(SUBMIT | RESPONSE, one.sequence, body=f"{one.body[-2]}\0".encode()) for one in waiting]
        return b"".join(answer.encode() for answer in reversed(answers))

    server = Raw(after_bind(script))
    async with listening(server.talk) as port, gateway_at(outside, port) as gateway:
        outcomes = await asyncio.gather(*(gateway.send(make(body=f"{letter}.")) for letter in "abcde"))
    assert [outcome.provider_id for outcome in outcomes] == [str(ord(letter)) for letter in "abcde"]


@pytest.mark.parametrize(
    "reply",
    [
        lambda request: "hang up",
        lambda request: b"\0" * 16,
        lambda request: Pdu(RESPONSE, request.sequence).encode(),
        lambda request: Pdu(SUBMIT | RESPONSE, request.sequence).encode(),
        lambda request: Pdu(0x06, 1).encode(),
        lambda request: None,
    ],
    ids=["hang up", "garbage", "nack", "other answer", "good-bye", "silence"],
)
async def test_a_bind_without_a_proper_answer_is_down(outside, make, reply):
    got, server = await send_to(outside, make, reply, timeout=0.3)
    assert isinstance(got, GatewayDown)
    assert server.count(SUBMIT) == 0


async def test_a_connection_that_is_only_half_there_is_found_out(outside, make):
    def script(request):
        return None if request.command == ENQUIRE else proper(request)

    server = Raw(after_bind(script))
    config = {"keep_alive": 0.05, "timeout": 0.2}
    async with listening(server.talk) as port, gateway_at(outside, port, **config) as gateway:
        await gateway.connect()
        async with asyncio.timeout(5):
            while server.count(BIND) < 2:
                await asyncio.sleep(0.02)
    assert server.count(ENQUIRE) >= 1


async def test_whoever_never_reads_is_given_up(monkeypatch):
    monkeypatch.setattr(smpp_session, "UNREAD_CAP", 1000)
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    theirs.setblocking(False)
    _, session = await loop.create_connection(lambda: Session(None, 5.0), sock=ours)
    with theirs, suppress(ConnectionError):
        async with asyncio.timeout(10):
            while not session.has_ended:
                await loop.sock_sendall(theirs, Pdu(ENQUIRE, 1).encode() * 1000)
    assert session.has_ended


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 0x02), (b"\0" * 5, 0x02), (b"x" * 40, 0x02), (b"\0" * 16 + b"\xff", 0x02), (b"\0" * 17, 0)],
)
async def test_a_delivery_that_cannot_be_read_is_refused(outside_of, body, status):
    answers = asyncio.Queue()

    async def take(events):
        pass

    def script(request):
        if request.is_response:
            answers.put_nowait(request)
            return None
        return proper(request) + Pdu(DELIVER, 77, body=body).encode()

    server = Raw(script)
    async with listening(server.talk) as port, gateway_at(outside_of(take), port) as gateway:
        await gateway.connect()
        async with asyncio.timeout(5):
            answer = await answers.get()
    assert (answer.command, answer.sequence, answer.status) == (DELIVER | RESPONSE, 77, status)


async def test_a_cancelled_send_leaves_the_connection_in_order(outside, make):
    reached = asyncio.Event()
    late = []

    def script(request):
        if not reached.is_set():
            reached.set()
            late.append(proper(request))
            return None
        return b"".join(late) + proper(request)

    server = Raw(after_bind(script))
    async with listening(server.talk) as port, gateway_at(outside, port, window=1) as gateway:
        task = asyncio.create_task(gateway.send(make()))
        await reached.wait()
        task.cancel()
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)
        assert isinstance(await gateway.send(make()), Accepted)
    assert server.connections == 1


async def test_parts_go_on_over_the_next_connection(outside, make, monkeypatch):
    monkeypatch.setattr(smpp, "AGAIN_SECONDS", 0.05)
    goodbye = Pdu(0x06, 1).encode()

    def script(request):
        if server.count(SUBMIT) == 1 and request.command == SUBMIT:
            return proper(request) + goodbye
        return proper(request)

    server = Raw(script)
    async with listening(server.talk) as port, gateway_at(outside, port) as gateway:
        assert await gateway.send(make(body="x" * 161)) == Accepted("id1")
    assert server.count(SUBMIT) == 2
    assert server.connections == 2
