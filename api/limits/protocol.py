"""uvicorn's HTTP protocol with limits: of headers, of bytes without progress, of connections, and of time.

uvicorn has none of them. Each is checked where it costs a usual request nothing: once per read of the socket, once
per header block, once per answer. The sweep of ``api.limits.connections`` checks the others.
"""

import asyncio
from enum import Enum, auto
from math import inf
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from api.http.state import STOPPING
from api.limits.connections import Connections
from api.limits.refusals import (
    BUSY,
    HEADER_SECONDS,
    HEADER_TOO_LARGE,
    INVALID,
    LEAST_PIECE,
    MAX_FIELDS,
    MAX_HEADER,
    SMALL_PIECES,
    TOO_SLOW,
    URL_TOO_LONG,
)

MAX_PIPELINED = 16
"""Requests that wait for the answer to the one before, on one connection."""
REST_SECONDS = 5.0
"""For the rest of a body that was answered before it was whole."""
UNREAD_SECONDS = 30.0
"""In which a peer reads this much of its answer:"""
UNREAD_BYTES = 30 * 1024
_LINGER_SECONDS = 2.0
"""For the peer to read the error response: closing at once, while it still sends, would discard that."""
_LINGER_BYTES = 1024 * 1024
_FREE_PIECES = 1000


class _Stage(Enum):
    """What the parser is in."""

    BETWEEN = auto()
    HEADER = auto()
    BODY = auto()


class _Refused(Exception):
    """The peer gets an error response, and its further input is ignored."""


class LimitedHttp(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        connections: Connections,
    ) -> None:
        """All arguments but ``connections`` are uvicorn's."""
        super().__init__(config, server_state, app_state, _loop)
        self.headers = []
        self.address = ""
        self._shared = connections
        self._counts = False
        """Whether it counts against the limit of connections."""
        self._stage = _Stage.BETWEEN
        self._fed = 0
        """Bytes since the request last made progress."""
        self._pieces = self._piece_bytes = 0
        self._refusal = INVALID
        self._deadline = inf
        self._ignored: int | None = None
        """Bytes discarded since input is ignored; ``None``: input is processed."""
        self._write_deadline = inf
        self._unread = 0
        """Bytes that the peer had not read when that deadline was set."""

    # What uvicorn and the transport call

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Accept the connection, or answer that there are too many."""
        super().connection_made(transport)
        self.address = self._shared.address_of(self.client[0] if self.client else "")
        self._deadline = self.loop.time() + HEADER_SECONDS
        self._counts = self._shared.add(self, self.loop)
        if not self._counts:
            if self._shared.may_send_refusal():
                self._end_with(BUSY)
            else:
                transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection."""
        super().connection_lost(exc)
        self._leave()
        self._shared.remove(self)

    def data_received(self, data: bytes) -> None:
        """Parse it in parts, so that the buffered part of an incomplete header stays small."""
        for start in range(0, len(data), MAX_HEADER):
            if self._ignored is not None:
                self._ignore(len(data) - start)
                return
            part = data[start : start + MAX_HEADER]
            self._fed += len(part)
            super().data_received(part)
            if self._ignored is None and (self._fed > MAX_HEADER or len(self.headers) > MAX_FIELDS):
                self._refuse(self._too_much())

    def send_400_response(self, msg: str) -> None:
        """Answer a request that the parser, or a check within it, refused."""
        self._refuse(self._refusal)

    def shutdown(self) -> None:
        """The process ends: do not wait for peers whose input is ignored, nor for requests that only wait."""
        if (stopping := self.app_state.get(STOPPING)) is not None:
            stopping()
        if self._ignored is not None and not self._under_way():
            self.transport.abort()
        else:
            super().shutdown()

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: an upgrade request is answered like any other, and anyone can send one."""

    def pause_writing(self) -> None:
        """The peer reads more slowly than we write."""
        super().pause_writing()
        self._expect_reading(self.loop.time())

    def resume_writing(self) -> None:
        """The peer has read most of it."""
        super().resume_writing()
        self._write_deadline = inf

    # What the parser calls

    def on_message_begin(self) -> None:
        """A request begins, perhaps while others are not answered yet."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise _Refused
        super().on_message_begin()
        self._stage = _Stage.HEADER
        self._fed = self._pieces = self._piece_bytes = 0

    def on_headers_complete(self) -> None:
        """The request can be answered."""
        if len(self.headers) > MAX_FIELDS or (self._fed and self._header_bytes() > MAX_HEADER):
            self._refusal = self._too_much()
            raise _Refused
        super().on_headers_complete()
        self.headers = []  # trailers of the body come here: they are no headers of the request
        self._stage = _Stage.BODY
        self._fed = 0
        self._deadline = inf
        self._shared.busy(self)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._fed = 0
        self._pieces += 1
        self._piece_bytes += len(body)
        if self._pieces > _FREE_PIECES and self._piece_bytes < self._pieces * LEAST_PIECE:
            self._refusal = SMALL_PIECES
            raise _Refused
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._stage = _Stage.BETWEEN
        self._fed = 0
        super().on_message_complete()
        if self.cycle.response_complete:  # it was answered before
            self._deadline = self.loop.time() + self.timeout_keep_alive + HEADER_SECONDS

    def on_response_complete(self) -> None:
        """A request was answered: the next one is started, or its time limit begins."""
        waiting = bool(self.pipeline)
        super().on_response_complete()
        if waiting or self._ignored is not None:
            return
        rest = REST_SECONDS if self._stage is _Stage.BODY else self.timeout_keep_alive + HEADER_SECONDS
        self._deadline = self.loop.time() + rest
        if self._counts:
            self._shared.idle(self)

    # What the sweep and new connections call

    def check(self, now: float) -> None:
        """Act if a deadline has passed."""
        if self._write_deadline <= now:
            self._check_reading(now)
        elif self._write_deadline == inf and self.transport.is_closing():  # with something left to be read
            self._expect_reading(now)
        if self._deadline <= now and not self.transport.is_closing():
            if self._ignored is None and self._stage is _Stage.HEADER:
                self._refuse(TOO_SLOW)
            else:
                self._close()

    def make_room(self) -> None:
        """Close: no request is in progress."""
        self._close()

    # Ending

    def _refuse(self, answer: bytes) -> None:
        """Answer an unreadable request, unless an answer is in progress, and ignore further input."""
        if not self._under_way():
            self._end_with(b"" if self._stage is _Stage.BODY else answer)  # that of the body was given
        elif self._stage is not _Stage.BODY:  # the request in progress came before
            self.cycle.keep_alive = False
            self._ignore(0)
        elif self.pipeline or self.cycle.response_started:
            self._leave()
            self.transport.abort()
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._end_with(answer)

    def _end_with(self, answer: bytes) -> None:
        """The last answer. Further input is discarded for a while, so that the peer can read the answer."""
        self._leave()
        self.transport.write(answer)
        self.transport.write_eof()
        self._deadline = self.loop.time() + _LINGER_SECONDS
        self._ignore(0)

    def _ignore(self, count: int) -> None:
        self._ignored = (self._ignored or 0) + count
        if self._ignored > _LINGER_BYTES and not self.transport.is_closing():
            self.flow.pause_reading()

    def _close(self) -> None:
        self._leave()
        self._ignore(0)
        if self.transport.get_write_buffer_size():
            self.transport.abort()  # closing would wait for the peer to read
        else:
            self.transport.close()

    def _leave(self) -> None:
        if self._counts:
            self._counts = False
            self._shared.leave(self)

    # Measures

    def _under_way(self) -> bool:
        """Whether a request still waits for its answer."""
        return self.cycle is not None and not (self.cycle.response_complete or self.cycle.disconnected)

    def _header_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _too_much(self) -> bytes:
        if self._stage is _Stage.BODY:
            return INVALID  # of trailers, or beside chunks
        return URL_TOO_LONG if len(self.url) > MAX_HEADER // 2 else HEADER_TOO_LARGE

    def _expect_reading(self, now: float) -> None:
        self._write_deadline = now + UNREAD_SECONDS
        self._unread = self.transport.get_write_buffer_size()

    def _check_reading(self, now: float) -> None:
        if self._unread - self.transport.get_write_buffer_size() < UNREAD_BYTES:
            self.transport.abort()
        else:
            self._expect_reading(now)
