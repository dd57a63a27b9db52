"""An SMS provider over a real socket that counts how often each message arrives."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Sink:
    """Counts messages by our reference, answers each after a short while."""

    def __init__(self, seed: int) -> None:
        self.arrived: Counter[str] = Counter()
        self.url = ""
        self._random = random.Random(seed)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                message = json.loads(await reader.readexactly(length))
                self.arrived[message["ref"]] += 1
                await asyncio.sleep(self._random.uniform(0.0, 0.05))  # a provider thinks, too
                body = json.dumps({"id": f"p-{message['ref']}"}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client was killed
        finally:
            writer.close()


@asynccontextmanager
async def running_sink(seed: int) -> AsyncIterator[Sink]:
    """A sink on a free port."""
    sink = Sink(seed)
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    sink.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield sink
    finally:
        server.close()
