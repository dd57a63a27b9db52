"""Mail servers over real sockets: aiosmtpd for what servers do, a script for what they should not do."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from gateways.conformance.listening import listening


@dataclass
class Mailroom:
    """Handler of aiosmtpd that answers per address: ``550@`` gets a 550 to its RCPT, ``data-550@`` to its DATA."""

    port: int = 0
    sessions: int = 0
    envelopes: list[Envelope] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(envelope.content, policy=default) for envelope in self.envelopes]

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, to: str, options: Any) -> str:
        local = to.partition("@")[0]
        if local.isdigit():
            return f"{local} {local[0]}.1.1 no such luck"
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        code = envelope.rcpt_tos[0].partition("@")[0].removeprefix("data-")
        if code.isdigit():
            return f"{code} {code[0]}.6.0 not this one"
        self.envelopes.append(envelope)
        return f"250 2.0.0 Ok: queued as Q{len(self.envelopes)}"


def check_password(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"user", b"secret"), handled=False)


@asynccontextmanager
async def mail_server(tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Mailroom]:
    """Run aiosmtpd. ``tls`` offers STARTTLS."""
    room = Mailroom()
    sessions: list[SMTP] = []
    loop = asyncio.get_running_loop()

    def connected() -> SMTP:
        room.sessions += 1
        sessions.append(SMTP(room, loop=loop, tls_context=tls, hostname="mx.example.com", **options))
        return sessions[-1]

    server = await loop.create_server(connected, "127.0.0.1", 0)
    room.port = server.sockets[0].getsockname()[1]
    try:
        yield room
    finally:
        server.close()
        handlers = [session._handler_coroutine for session in sessions]
        for session, handler in zip(sessions, handlers, strict=True):
            if session.transport is not None:
                session.transport.abort()
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        await server.wait_closed()


Script = Callable[["Line"], Awaitable[None]]


@dataclass
class Line:
    """One command of the client; ``word`` is its verb, or ``<`` for the first line of a mail and ``.`` for its end."""

    word: str
    text: str
    writer: asyncio.StreamWriter
    connection: int

    def say(self, reply: str) -> None:
        self.writer.write(f"{reply}\r\n".encode())

    def proper(self) -> None:
        """Reply as a plain working server does."""
        if self.word == "<":
            return
        self.say({"DATA": "354 go on", "QUIT": "221 bye"}.get(self.word, "250 ok"))

    def hang_up(self) -> None:
        self.writer.close()


@dataclass
class Scripted:
    port: int = 0
    words: list[str] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def scripted_server(
    script: Script, greeting: str = "220 mx ready", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Scripted]:
    """Run a server whose every reply the test decides. ``tls`` is spoken from the start."""
    fake = Scripted()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fake.connections += 1
        number = fake.connections
        writer.write(f"{greeting}\r\n".encode())
        word = ""
        while raw := await reader.readline():
            text = raw.decode().rstrip("\r\n")
            if word == "<" and text != ".":
                continue
            word = "<" if word == "DATA" else text.split(" ")[0].upper()
            fake.words.append(word)
            await script(Line(word, text, writer, number))

    async with listening(talk, tls) as fake.port:
        yield fake
