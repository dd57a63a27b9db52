"""httpx over aiohttp, stripped to what one request to a gateway needs.

``httpx_aiohttp`` reads the answer through httpx's general streaming machinery and reports every lost connection as a
connect time-out, also those lost after the request had left. Both are replaced here: the body is read once, up to a
cap, and each error is raised as the httpx exception that tells whether the request can have left.
"""

import ssl
import zlib
from collections.abc import AsyncIterator

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from yarl import URL

from gateways.addresses import SocketFactory

BODY_CAP = 1024 * 1024
"""Bytes of an answer that are read, and also the most that a compressed one may unfold to."""
KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: below the 5 s after which Apache, Node and uvicorn drop theirs, so that a
request is seldom written into a connection which the server is just closing."""
CONNECTIONS = 1024
CONNECTIONS_PER_HOST = 256
"""One slow host must not use up the connections of all others."""


class Body(httpx.AsyncByteStream):
    """Bytes of a request or an answer, all there at once."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.data


class GatewayTransport(AiohttpTransport):
    """One request, one answer: no redirects, cookies, proxies or environment, and never a silent second try.

    Raises ``httpx.ConnectError`` and ``httpx.ConnectTimeout`` when nothing can have left, ``httpx.ReadTimeout`` and
    ``httpx.ReadError`` when something may have.
    """

    def __init__(self, socket_factory: SocketFactory, ssl_context: ssl.SSLContext) -> None:
        super().__init__(verify=ssl_context, trust_env=False, client=self._open)
        self._socket_factory = socket_factory
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=CONNECTIONS,
            limit_per_host=CONNECTIONS_PER_HOST,
            keepalive_timeout=KEEP_ALIVE,
            ssl=self.ssl_context,
            socket_factory=self._socket_factory,
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request whose stream is a ``Body``; the answer's stream is one too, already read."""
        if self._session is None:
            self._session = self.client = self.get_client()
        content = request.stream
        assert isinstance(content, Body)
        try:
            response = await self._session.request(
                request.method,
                URL(str(request.url), encoded=True),
                data=content.data or None,
                headers=request.headers,
                allow_redirects=False,
                timeout=request.extensions["timeout"],
                middlewares=() if request.method == "POST" else _NO_SECOND_TRY,
            )
            data = await _read_capped(response)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise _as_httpx(error) from error
        return httpx.Response(response.status, headers=response.raw_headers, stream=Body(data))


async def _read_capped(response: aiohttp.ClientResponse) -> bytes:
    try:
        length = response.content_length
        short = length is not None and length <= BODY_CAP
        data = await (response.read() if short else _read_up_to_cap(response))
    except BaseException:
        response.close()
        raise
    encoding = response.headers.get("Content-Encoding")
    return data if encoding is None else _unfold(data, encoding)


async def _read_up_to_cap(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_any():
        data += chunk
        if len(data) > BODY_CAP:
            response.close()  # the rest is of no interest, so neither is the connection
            break
    return bytes(data[:BODY_CAP])


def _unfold(data: bytes, encoding: str) -> bytes:
    """Decompress what a server sent although it was asked for plain bytes. What cannot be read is left as it is."""
    if encoding.strip().lower() not in {"gzip", "x-gzip", "deflate"}:
        return data
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(data, BODY_CAP)
    except zlib.error:
        return data


async def _never_twice(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Hide a lost connection from aiohttp, which would send a GET, PUT or DELETE again by itself.

    To HTTP these methods are safe to repeat; to a gateway that sends a text message for each GET they are not.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientPayloadError(str(error)) from error


_NO_SECOND_TRY = (_never_twice,)


def _as_httpx(error: Exception) -> httpx.TransportError:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return httpx.ConnectTimeout(str(error))
    if isinstance(error, aiohttp.ClientConnectorError):
        return httpx.ConnectError(str(error.os_error))
    if isinstance(error, aiohttp.InvalidURL | UnicodeError):  # the latter from host names that DNS cannot hold
        return httpx.ConnectError(str(error))
    if isinstance(error, TimeoutError):
        return httpx.ReadTimeout(str(error))
    return httpx.ReadError(str(error) or type(error).__name__)
