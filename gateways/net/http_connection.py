"""One connection to a web server: a request, its whole answer, and then the next request.

The parser is llhttp, the one of Node.js and of our own API. A general HTTP client spends five times as much on the
objects around it as on the exchange itself (docs/decisions/0006-own-http-connections.md).
"""

import asyncio
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from gateways.net.http_answer import BODY_CAP, Answer, unfold

HEAD_CAP = 64 * 1024
"""Bytes after which the headers of an answer must have come to an end."""


class Lost(Exception):
    """The connection broke, or what came back is no HTTP, when the request may have left already."""


class Connection(asyncio.Protocol):
    """Carries one request at a time."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        # What every browser puts up with, and some small provider therefore does.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._awaited: asyncio.Future[Answer] | None = None

    @property
    def usable(self) -> bool:
        """Whether another request may be sent: the last one has its whole answer, and neither side has closed."""
        return self._awaited is None and not self._transport.is_closing()

    async def exchange(self, request: bytes, seconds: float, most: int = BODY_CAP) -> Answer:
        """Send a request and wait for its whole answer, of at most so many bytes of a body.

        Raises ``TimeoutError`` and ``Lost``.
        """
        loop = asyncio.get_running_loop()
        awaited: asyncio.Future[Answer] = loop.create_future()
        self._awaited = awaited
        self._received, self._most = 0, most
        self._begin_answer()
        timer = loop.call_later(seconds, self._fail, TimeoutError())
        try:
            self._transport.write(request)
            return await awaited
        finally:
            timer.cancel()

    def close(self) -> None:
        """Close at once, whatever is under way."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin. Called by the event loop, as are the two below."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._fail(Lost(f"this is no HTTP: {error}"))
        if self._awaited is not None:
            self._received += len(data)
            self._check_size()

    def connection_lost(self, error: Exception | None) -> None:
        """Take the end of the connection for the end of the answer where that is how it ends, else give up."""
        if error is None and self._ends_with_connection():
            self._finish()
        else:
            self._fail(Lost(str(error or "the server closed the connection")))

    def on_message_begin(self) -> None:
        """Refuse unsolicited bytes: they could be taken for the answer to the next request."""
        if self._awaited is None:
            raise HttpParserError("an answer without a request")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header; a repeated one makes a list (RFC 9110 §5.3). Called by the parser, as are all below."""
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """Go on to the body."""
        self._in_body = True

    def on_body(self, data: bytes) -> None:
        """Note a piece of the body."""
        self._body.append(data)

    def on_message_complete(self) -> None:
        """Hand the answer over, unless it is an interim one (RFC 9110 §15.2) that the real one follows."""
        if self._parser.get_status_code() < 200:
            self._begin_answer()
            return
        if not self._parser.should_keep_alive() or self._transport.get_write_buffer_size():
            self._transport.abort()
        self._finish()

    def _begin_answer(self) -> None:
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._in_body = False

    def _check_size(self) -> None:
        if not self._in_body and self._received > HEAD_CAP:
            self._fail(Lost("the headers never end"))
        elif self._received > HEAD_CAP + self._most:
            self._transport.abort()  # the rest is of no interest, so neither is the connection
            self._finish()

    def _ends_with_connection(self) -> bool:
        return (
            self._awaited is not None
            and self._in_body
            and "content-length" not in self._headers
            and "chunked" not in self._headers.get("transfer-encoding", "").lower()
        )

    def _finish(self) -> None:
        awaited, self._awaited = self._awaited, None
        if awaited is None or awaited.done():
            return
        body = b"".join(self._body)[: self._most]
        if encoding := self._headers.get("content-encoding"):
            body = unfold(body, encoding, self._most)
        awaited.set_result(Answer(self._parser.get_status_code(), self._headers, body))

    def _fail(self, error: Exception) -> None:
        self._transport.abort()
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_exception(error)
