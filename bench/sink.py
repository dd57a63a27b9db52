"""The sink: an HTTP server that answers every POST with a small JSON body, as cheaply as Python can.

Prints its port. One process, so that its cost is the same for the product and for the bare client. Three paths are
special: ``/hang`` is read and never answered, ``/late`` is answered after a second, ``/timed`` is answered and its time
recorded, for ``/arrivals``.
"""

import asyncio
import json
import time
from typing import cast

import uvloop

HANG = "hang"
LATE = "late"
TIMED = "timed"
ARRIVALS = "arrivals"

_BODY = b'{"id":"0123456789abcdef","sid":"0123456789abcdef","status":"queued"}'
_arrivals: list[float] = []


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


_ANSWER = _answer(_BODY)


class _Sink(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            self._respond(head.split(b" ", 2)[1][1:].decode())

    def _respond(self, path: str) -> None:
        if path == HANG:
            return
        if path == LATE:
            asyncio.get_running_loop().call_later(1.0, self._transport.write, _ANSWER)
            return
        if path == ARRIVALS:
            self._transport.write(_answer(json.dumps(_arrivals).encode()))
            return
        if path == TIMED:
            _arrivals.append(time.time())
        self._transport.write(_ANSWER)


async def _main() -> None:
    server = await asyncio.get_running_loop().create_server(_Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main())
