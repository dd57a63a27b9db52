"""``/panel/live``: tells an open page which of its parts have changed, by name alone; the page then asks for the part.

So nothing that somebody may not see passes through a stream, and what a part shows is checked when it is asked for.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from starlette.responses import Response, StreamingResponse

from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View

Look = Callable[[View, str], Awaitable[bytes]]
"""What a topic shows at this moment: of a view, and of what stands behind the colon of its name."""

_EVERY = 2.0
"""Seconds between two looks."""
_SELDOM = {"attention": 15}
"""Topics that every page has: one of so many looks is theirs, and they are not told at first, as their parts ask by
themselves when a page was loaded."""
_LONGEST = 30 * 60.0
"""Seconds of a stream: the browser opens another one, and its session is checked anew."""
_MOST_STREAMS = 6
"""Of one session: as many as a browser has connections to one host."""
_MOST_TOPICS = 10


class Streams:
    """Those that are open in this process."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """This process ends: so do they."""
        self._stopping.set()

    def is_full(self, session: str) -> bool:
        """Whether a session has as many as it may."""
        return self._open[session] >= _MOST_STREAMS

    async def lines(self, view: View, topics: Mapping[str, Look]) -> AsyncIterator[bytes]:
        """Names of topics, at once and as they change, until the stream is old, or may not be seen any more."""
        session = view.session or ""
        self._open[session] += 1
        try:
            async for line in self._lines(view, topics):
                yield line
        finally:
            self._open[session] -= 1
            if not self._open[session]:
                del self._open[session]

    async def _lines(self, view: View, topics: Mapping[str, Look]) -> AsyncIterator[bytes]:
        ends = asyncio.get_running_loop().time() + _LONGEST
        shown: dict[str, bytes] = {}
        looks = 0
        yield b"retry: 3000\n\n"
        while asyncio.get_running_loop().time() < ends and not self._stopping.is_set():
            for name, look in topics.items():
                if looks % _SELDOM.get(name, 1):
                    continue
                try:
                    now = hashlib.sha256(await look(view, name.partition(":")[2])).digest()
                except Refused as refused:
                    if refused.status in (429, 503):  # for now
                        continue
                    return
                before = shown.get(name, now if name in _SELDOM else b"")
                shown[name] = now
                if before != now:  # also at first: it may have changed since the page was made
                    yield f"event: changed\ndata: {name}\n\n".encode()
            looks += 1
            try:
                await asyncio.wait_for(self._stopping.wait(), _EVERY)
            except TimeoutError:
                yield b":\n\n"  # so that a browser that is gone is noticed


def live(topics: Mapping[str, Look], streams: Streams) -> Pages:
    """The route. ``topics``: by the first part of their names."""
    pages = Pages(unattended=True)

    @pages.get("/live")
    async def stream(view: View) -> Response:
        """Of these topics: ``?topic=message:<uid>``."""
        wanted = view.request.query_params.getlist("topic")[:_MOST_TOPICS]
        known = {name: topics[name.partition(":")[0]] for name in wanted if name.partition(":")[0] in topics}
        if not known:
            return Response("no such topic", 404, media_type="text/plain")
        if streams.is_full(view.session or ""):
            return Response("too many streams", 429, media_type="text/plain", headers={"Retry-After": "30"})
        return StreamingResponse(streams.lines(view, known), media_type="text/event-stream")

    return pages
