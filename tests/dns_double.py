"""A DNS server on this machine, over UDP and TCP, that answers as a test wants it."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from dns import flags, message, name, rcode, rdata, rdataclass, rdatatype, rrset

SERVFAIL, REFUSED, SILENT, GARBAGE = "SERVFAIL", "REFUSED", "SILENT", "GARBAGE"
"""Instead of texts: how it fails."""


@dataclass
class Dns:
    """What it answers, by lower-case name without the last dot; other names do not exist."""

    address: str = ""
    texts: dict[str, list[str] | str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    upper_case: bool = False
    """Whether its answers spell names in upper case."""
    asked: Counter[str] = field(default_factory=Counter)
    """By ``udp`` and ``tcp``, and by name."""

    def answer(self, wire: bytes, way: str) -> bytes | None:
        """The answer to a question; ``None``: silence."""
        question = message.from_wire(wire)
        wanted = question.question[0].name.to_text(omit_final_dot=True).lower()
        self.asked.update([way, wanted])
        made = message.make_response(question, recursion_available=True)
        found = self._follow(made, wanted)
        if found == SILENT:
            return None
        if found == GARBAGE:
            return wire[:2] + b"\xff" * 9
        if found in (SERVFAIL, REFUSED):
            made.set_rcode(rcode.SERVFAIL if found == SERVFAIL else rcode.REFUSED)
        size = 65535 if way == "tcp" else max(512, question.payload or 0)
        written = made.to_wire(max_size=65535)
        if len(written) <= size:
            return written
        cut = message.make_response(question, recursion_available=True)
        cut.flags |= flags.TC
        return cut.to_wire()

    def _follow(self, made: message.Message, wanted: str) -> str:
        for _ in range(30):
            if wanted not in self.aliases:
                break
            made.answer.append(self._set(wanted, "CNAME", [self.aliases[wanted] + "."]))
            wanted = self.aliases[wanted]
        texts = self.texts.get(wanted)
        if isinstance(texts, str):
            return texts
        if texts is None and wanted not in self.aliases:
            made.set_rcode(rcode.NXDOMAIN)
        elif texts:
            made.answer.append(self._set(wanted, "TXT", [_quoted(text) for text in texts]))
        return ""

    def _set(self, owner: str, kind: str, values: list[str]) -> rrset.RRset:
        spelled = name.from_text((owner.upper() if self.upper_case else owner) + ".")
        found = rrset.RRset(spelled, rdataclass.IN, rdatatype.from_text(kind))
        for value in values:
            found.add(rdata.from_text(rdataclass.IN, rdatatype.from_text(kind), value), ttl=60)
        return found


def _quoted(text: str) -> str:
    pieces = [text[at : at + 255] for at in range(0, len(text), 255)] or [""]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, dns: Dns) -> None:
        self._dns = dns

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if (answer := self._dns.answer(data, "udp")) is not None:
            self._transport.sendto(answer, addr)  # type: ignore[attr-defined]


@asynccontextmanager
async def serve_dns() -> AsyncIterator[Dns]:
    """The server, while the context is open."""
    dns = Dns()
    loop = asyncio.get_running_loop()
    server, port = await _tcp(dns)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.setblocking(False)
    udp.bind(("127.0.0.1", port))
    transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(dns), sock=udp)
    dns.address = f"127.0.0.1:{port}"
    try:
        yield dns
    finally:
        transport.close()
        server.close()


async def _tcp(dns: Dns) -> tuple[asyncio.Server, int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            size = int.from_bytes(await reader.readexactly(2), "big")
            answer = dns.answer(await reader.readexactly(size), "tcp")
            if answer is not None:
                writer.write(len(answer).to_bytes(2, "big") + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]
