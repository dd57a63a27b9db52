"""One connection to an SMSC: bound, used for many messages at a time, checked by ``enquire_link``."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from gateways.answers import clean
from gateways.net.addresses import SocketFactory
from gateways.net.dial import Dialer
from gateways.net.failures import words_for
from gateways.sms.smpp.pdu import (
    BIND_TRANSCEIVER,
    DELIVER_SM,
    ENQUIRE_LINK,
    GENERIC_NACK,
    RESPONSE,
    UNBIND,
    BadStream,
    Pdu,
    bind_body,
    take_pdus,
)
from gateways.sms.smpp.status import INVALID_COMMAND, OK, words

UNBIND_SECONDS = 2.0
"""How long the SMSC may take to answer our good-bye."""
CONNECT_SECONDS = 20.0
"""Longest wait for the connection, and then for the answer to the bind. The gateway's own time-out may be longer."""
UNREAD_CAP = 1_000_000
"""Octets that an SMSC may leave unread before we close: it sends without reading."""

_LAST_SEQUENCE = 0x7FFFFFFF
_WITHOUT_RESPONSE = frozenset({0x0000000B, 0x00000102})  # outbind, alert_notification

Answer = Callable[[int], bool]
"""Answers a delivery with a status. Returns whether the connection was still there for it."""
Deliver = Callable[[bytes, Answer], None]
"""Takes the body of a ``deliver_sm``, and is to answer it."""


class CannotBind(Exception):
    """No bound connection came about: no network, no TLS, wrong credentials, or it is not yet time to try again."""


class NotSent(Exception):
    """The connection had ended before the request was written."""


class Lost(Exception):
    """The connection ended after the request was written and before its answer came."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where and as whom to bind. ``timeout`` is in seconds, for the connection and for each answer."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    make_socket: SocketFactory
    dialer: Dialer
    system_id: str
    password: str
    system_type: str
    timeout: float


class Session(asyncio.Protocol):
    """Requests go out as they come; answers find them by their sequence number."""

    def __init__(self, deliver: Deliver, timeout: float) -> None:
        self._deliver = deliver
        self._timeout = timeout
        self._buffer = bytearray()
        self._sequence = 0
        self._pending: dict[int, tuple[int, asyncio.Future[Pdu]]] = {}
        self._ended = asyncio.Event()
        self._reason: Exception = Lost("the SMSC closed the connection")

    @classmethod
    async def open(cls, target: Target, deliver: Deliver) -> "Session":
        """Connect and bind. Raises ``CannotBind``."""
        seconds = min(target.timeout, CONNECT_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                sock = await target.dialer.dial(target.host, target.port, target.make_socket)
                _, session = await asyncio.get_running_loop().create_connection(
                    lambda: cls(deliver, target.timeout),
                    sock=sock,
                    ssl=target.tls,
                    server_hostname=target.host.removesuffix(".") if target.tls else None,
                )
        except TimeoutError:
            raise CannotBind(f"no connection within {seconds:g} s") from None
        except OSError as error:
            raise CannotBind(words_for(error)) from error
        try:
            await session._bind(target)
        except BaseException:
            session.close()
            raise
        return session

    async def request(self, command: int, body: bytes = b"", seconds: float | None = None) -> Pdu:
        """Send a request and wait for its answer, which may be a ``generic_nack``.

        Raises ``NotSent``, ``Lost`` and ``TimeoutError``.
        """
        if self.has_ended:
            raise NotSent(str(self._reason))
        sequence = self._next_sequence()
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._pending[sequence] = command, answer
        try:
            self._write(Pdu(command, sequence, body=body))
            async with asyncio.timeout(seconds or self._timeout):
                return await answer
        finally:
            del self._pending[sequence]

    @property
    def has_ended(self) -> bool:
        """Whether nothing can be written any more."""
        return self._ended.is_set()

    async def watch(self, every: float) -> str:
        """Ask every so many seconds whether the SMSC is still there. Returns when the connection has ended, and why."""
        while not self.has_ended:
            try:
                async with asyncio.timeout(every):
                    await self._ended.wait()
            except TimeoutError:
                await self._enquire()
        return str(self._reason)

    async def unbind(self) -> None:
        """Say good-bye, and close."""
        with suppress(NotSent, Lost, TimeoutError):
            await self.request(UNBIND, seconds=UNBIND_SECONDS)
        self.close()

    def close(self) -> None:
        """Close at once, whatever is under way."""
        self._end(Lost("the connection was closed"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin. Called by the event loop, as are the two below."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._buffer += data
        try:
            for pdu in take_pdus(self._buffer):
                if self.has_ended:
                    return
                self._received(pdu)
        except BadStream as error:
            self._end(Lost(f"what came is no SMPP: {error}"))

    def connection_lost(self, error: Exception | None) -> None:
        """Fail all waiting requests."""
        self._end(Lost(clean(str(error))) if error else self._reason)

    async def _bind(self, target: Target) -> None:
        seconds = min(target.timeout, CONNECT_SECONDS)
        try:
            body = bind_body(target.system_id, target.password, target.system_type)
            answer = await self.request(BIND_TRANSCEIVER, body, seconds)
        except TimeoutError:
            raise CannotBind(f"no answer to the bind within {seconds:g} s") from None
        except (NotSent, Lost) as error:
            raise CannotBind(f"the connection was lost before it was bound: {error}") from error
        if answer.status != OK or answer.command == GENERIC_NACK:
            raise CannotBind(f"the bind was refused: {words(answer.status)}")

    async def _enquire(self) -> None:
        try:
            await self.request(ENQUIRE_LINK)
        except TimeoutError:
            self._end(TimeoutError(f"the SMSC did not say within {self._timeout:g} s that it is still there"))
        except (NotSent, Lost):
            pass  # and so it has ended

    def _received(self, pdu: Pdu) -> None:
        if pdu.is_response:
            self._answered(pdu)
        elif pdu.command == DELIVER_SM:
            self._deliver(pdu.body, lambda status: self._respond(pdu, status, b"\0"))  # a message_id, which is unused
        elif pdu.command == ENQUIRE_LINK:
            self._respond(pdu)
        elif pdu.command == UNBIND:
            self._respond(pdu)
            self._end(Lost("the SMSC said good-bye"))
        elif pdu.command not in _WITHOUT_RESPONSE:
            self._write(Pdu(GENERIC_NACK, pdu.sequence, INVALID_COMMAND))

    def _answered(self, pdu: Pdu) -> None:
        command, answer = self._pending.get(pdu.sequence, (0, None))
        if answer is None:
            return  # its time was over, or it answers something that we could not have asked
        if pdu.command not in (command | RESPONSE, GENERIC_NACK):
            self._end(Lost(f"command {command:#x} was answered by {pdu.command:#x}"))
        elif not answer.done():
            answer.set_result(pdu)

    def _respond(self, request: Pdu, status: int = OK, body: bytes = b"") -> bool:
        return self._write(Pdu(request.command | RESPONSE, request.sequence, status, body))

    def _write(self, pdu: Pdu) -> bool:
        if self.has_ended:
            return False
        self._transport.write(pdu.encode())
        if self._transport.get_write_buffer_size() > UNREAD_CAP:
            self._end(Lost("the SMSC reads nothing of what we write"))
        return True

    def _end(self, reason: Exception) -> None:
        if self.has_ended:
            return
        self._ended.set()
        self._reason = reason
        for _, answer in self._pending.values():
            if not answer.done():
                answer.set_exception(reason)
        self._transport.abort()

    def _next_sequence(self) -> int:
        self._sequence = self._sequence % _LAST_SEQUENCE + 1
        return self._sequence
