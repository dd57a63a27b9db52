"""The one way out to HTTP: every provider adapter sends through ``HttpClient.exchange``."""

import ssl
from dataclasses import dataclass

import aiohttp
import httpx

from domain.outcomes import GatewayDown, Unknown
from gateways.addresses import HTTP_PORTS, private_too, public_only
from gateways.tls import client_context
from gateways.transport import Body, GatewayTransport

CONNECT_SECONDS = 10.0
"""Longest wait for a connection: a free place in the pool, the name, the handshake of TCP and of TLS."""
DEFAULT_SECONDS = 30.0
USER_AGENT = "xsender"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered. ``body`` is plain (decompressed) and cut at ``transport.BODY_CAP``."""

    status: int
    headers: httpx.Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """All of a request that stays the same from message to message, prepared once per gateway."""

    method: str
    url: httpx.URL
    headers: httpx.Headers
    timeout: aiohttp.ClientTimeout


def call(method: str, url: str, headers: dict[str, str], seconds: float = DEFAULT_SECONDS) -> Call:
    """Prepare a call. ``seconds`` is the time for the request and its whole answer once a connection is there."""
    own = {"accept": "*/*", "accept-encoding": "identity", "user-agent": USER_AGENT}
    given = {name.lower(): value for name, value in headers.items()}
    connect = min(CONNECT_SECONDS, seconds)
    # The total ends after the connecting must have ended, so that running out of it never means "not sent".
    timeout = aiohttp.ClientTimeout(total=connect + seconds, connect=connect, sock_connect=connect)
    return Call(method, httpx.URL(url), httpx.Headers(own | given), timeout)


class HttpClient:
    """A pool of connections to public addresses only, or (``private=True``) to private ones as well."""

    def __init__(self, *, private: bool = False, ssl_context: ssl.SSLContext | None = None) -> None:
        factory = private_too if private else public_only(HTTP_PORTS)
        self._transport = GatewayTransport(factory, ssl_context or client_context())

    async def exchange(self, call: Call, body: bytes = b"") -> Answer | GatewayDown | Unknown:
        """Send one request and read its answer.

        ``GatewayDown`` when no connection came about, so that nothing was sent; ``Unknown`` when the request may have
        left but its whole answer did not come back. It is never sent twice.
        """
        request = httpx.Request(
            call.method, call.url, headers=call.headers, stream=Body(body), extensions={"timeout": call.timeout}
        )
        try:
            response = await self._transport.handle_async_request(request)
        except httpx.ConnectTimeout:
            return GatewayDown(f"no connection to {call.url.host} within {call.timeout.connect:g} s")
        except httpx.ConnectError as error:
            return GatewayDown(f"could not connect: {error}")
        except httpx.ReadTimeout:
            return Unknown("no full answer in time", silent=True)
        except httpx.TransportError as error:
            return Unknown(f"the answer was lost: {error}")
        stream = response.stream
        assert isinstance(stream, Body)
        return Answer(response.status_code, response.headers, stream.data)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()
