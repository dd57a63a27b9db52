"""The HTTP client: every provider adapter sends through ``HttpClient.exchange``."""

import asyncio
import copy
import re
import ssl
from contextvars import ContextVar
from dataclasses import dataclass

import httpx

from domain.messages.outcomes import GatewayDown, Unknown
from gateways.net.addresses import HTTP_PORTS, BlockedAddress, private_too, public_only
from gateways.net.dial import Dialer
from gateways.net.failures import words_for
from gateways.net.http_answer import BODY_CAP, Answer
from gateways.net.http_connection import Lost
from gateways.net.http_host import Host, Origin
from gateways.net.owner_slots import OwnerSlots
from gateways.net.tls import client_context

CONNECT_SECONDS = 10.0
"""Longest wait for a connection: a free place in the pool, the name, the handshake of TCP and of TLS."""
DEFAULT_SECONDS = 30.0
CONNECTIONS = 1024
OWNERS_CONNECTIONS = 256
"""Of one owner: hosts of his that hang leave the others theirs."""
USER_AGENT = "xsender"
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What a header cannot hold (RFC 9110 §5.5)."""

STATUSES: ContextVar[list[int] | None] = ContextVar("statuses", default=None)
"""Where statuses of answers are noted, for a caller that has nothing else of them than what the adapter makes of it."""


class NotConnected(Exception):
    """No connection came about, so nothing was sent. ``is_blocked``: our own rule about addresses forbids it."""

    def __init__(self, reason: str, *, is_blocked: bool = False) -> None:
        super().__init__(reason)
        self.is_blocked = is_blocked


class UnfitHeader(ValueError):
    """A header would end early and begin another one."""


@dataclass(frozen=True, slots=True)
class Call:
    """All of a request that stays the same from message to message, prepared once per gateway.

    ``head`` is the request as it leaves, up to the length of the body. ``connect`` and ``seconds`` limit the wait for a
    connection and, after it, that for the whole answer.
    """

    origin: Origin
    head: bytes
    has_body: bool
    connect: float
    seconds: float
    most: int = BODY_CAP
    """Bytes of the answer's body that are read."""


def call(
    method: str, url: str, headers: dict[str, str], seconds: float = DEFAULT_SECONDS, most: int = BODY_CAP
) -> Call:
    """Prepare a call. ``seconds`` is the time for the request and its whole answer once a connection is there.

    Raises ``UnfitHeader``, ``UnicodeEncodeError`` for headers beyond ASCII, and ``httpx.InvalidURL``.
    """
    address = httpx.URL(url)
    tls = address.scheme == "https"
    host = address.raw_host.decode()
    fields = {"host": address.netloc.decode(), "accept": "*/*", "accept-encoding": "identity", "user-agent": USER_AGENT}
    fields |= {name.lower(): value for name, value in headers.items()}
    if any(map(CONTROL_CHARACTERS.search, fields.values())):
        raise UnfitHeader("a header would contain a line break or another control character")
    lines = [f"{method} {address.raw_path.decode()} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return Call(
        origin=Origin(host, address.port or (443 if tls else 80), tls),
        head="".join(f"{line}\r\n" for line in lines).encode("ascii"),
        has_body=method != "GET",
        connect=min(CONNECT_SECONDS, seconds),
        seconds=seconds,
        most=most,
    )


class HttpClient:
    """Connections to public addresses only, or (``private=True``) to private ones as well.

    One request, one answer: no redirects, cookies, proxies or environment, and never a silent second try.
    """

    def __init__(
        self, *, private: bool = False, ssl_context: ssl.SSLContext | None = None, dialer: Dialer | None = None
    ) -> None:
        self._dialer = dialer or Dialer()
        self._owners = OwnerSlots(OWNERS_CONNECTIONS)
        self._owners_slots = self._owners.of("")
        self._make_socket = private_too if private else public_only(HTTP_PORTS)
        self._tls = ssl_context or client_context()
        self._slots = asyncio.Semaphore(CONNECTIONS)
        self._hosts: dict[Origin, Host] = {}

    def of(self, owner: str) -> "HttpClient":
        """The same connections, used by one owner, who cannot use them up."""
        owned = copy.copy(self)
        owned._dialer = self._dialer.of(owner)
        owned._owners_slots = self._owners.of(owner)
        return owned

    async def exchange(self, call: Call, body: bytes = b"") -> Answer | GatewayDown | Unknown:
        """Send one request and read its answer.

        ``GatewayDown`` when no connection came about, so that nothing was sent; ``Unknown`` when the request may have
        left but its whole answer did not come back. It is never sent twice.
        """
        try:
            return await self.request(call, body)
        except NotConnected as error:
            return GatewayDown(str(error))
        except TimeoutError:
            return Unknown("no full answer in time", silent=True)
        except Lost as error:
            return Unknown(f"the answer was lost: {error}")

    async def request(self, call: Call, body: bytes = b"") -> Answer:
        """The same.

        Raises:
            NotConnected: nothing was sent.
            TimeoutError: the whole answer did not come in time.
            Lost: the request may have left, but its answer did not come back.
        """
        host = self._hosts.get(call.origin) or self._add(call.origin)
        try:
            connection = await host.take(call.connect, self._owners_slots, self._dialer)
        except TimeoutError:
            raise NotConnected(f"no connection to {call.origin.host} within {call.connect:g} s") from None
        except OSError as error:
            is_blocked = isinstance(error, BlockedAddress)
            raise NotConnected(f"could not connect: {words_for(error)}", is_blocked=is_blocked) from None
        framing = b"content-length: %d\r\n\r\n" % len(body) if call.has_body else b"\r\n"
        try:
            answer = await connection.exchange(call.head + framing + body, call.seconds, call.most)
        finally:
            host.give_back(connection, self._owners_slots)
        if (statuses := STATUSES.get()) is not None:
            statuses.append(answer.status)
        return answer

    async def aclose(self) -> None:
        """Close all unused connections."""
        for host in self._hosts.values():
            host.close()
        await asyncio.sleep(0)  # the event loop closes the sockets in its next round

    def _add(self, origin: Origin) -> Host:
        host = self._hosts[origin] = Host(origin, self._make_socket, self._tls, self._slots)
        return host
