"""An SMS provider over a real socket that counts how often each message arrives."""

import asyncio
import json
import random
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Sink:
    """Counts messages by our reference, answers each after a while."""

    def __init__(self, seed: int, thinks: float, at_least: float) -> None:
        self.arrived: Counter[str] = Counter()
        self.moments: list[float] = []
        """When each message arrived, by the loop's clock."""
        self.arrived_at: dict[str, float] = {}
        """The same by our reference; of one that arrived more than once the last time."""
        self.url = ""
        self.answers = asyncio.Event()
        """Cleared: it takes messages and says nothing, until it is set."""
        self.answers.set()
        self._random = random.Random(seed)
        self._thinks = (at_least, max(at_least, thinks))

    @property
    def config(self) -> dict[str, object]:
        """The configuration of a gateway of type ``http`` that leads here."""
        return {
            "url": self.url,
            "body": {"ref": "{{ reference }}", "to": "{{ to }}", "text": "{{ body }}"},
            "id_path": "id",
            "allow_private_network": True,
        }

    async def reaches(self, count: int, seconds: float = 120) -> None:
        """Wait until so many messages have arrived."""
        async with asyncio.timeout(seconds):
            while self.arrived.total() < count:
                await asyncio.sleep(0.02)

    def most_in_a_second(self, after: float = 0.0) -> int:
        """The most messages that arrived within any one second, of those that arrived later than ``after``."""
        late = sorted(moment for moment in self.moments if moment > after)
        return max((bisect_left(late, moment + 1.0) - place for place, moment in enumerate(late)), default=0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                message = json.loads(await reader.readexactly(length))
                self.arrived[message["ref"]] += 1
                self.moments.append(asyncio.get_running_loop().time())
                self.arrived_at[message["ref"]] = self.moments[-1]
                await asyncio.sleep(self._random.uniform(*self._thinks))  # a provider thinks, too
                await self.answers.wait()
                body = json.dumps({"id": f"p-{message['ref']}"}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client was killed


@asynccontextmanager
async def running_sink(seed: int, thinks: float = 0.05, at_least: float = 0.0) -> AsyncIterator[Sink]:
    """A sink on a free port that takes ``at_least`` to ``thinks`` seconds for an answer."""
    sink = Sink(seed, thinks, at_least)
    serving: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(sink.serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)
        task.add_done_callback(lambda _: writer.close())

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    sink.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield sink
    finally:
        server.close()
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
