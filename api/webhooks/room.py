"""Room for what strangers post: how many bytes are held at a time, how slowly they may come, how many are verified."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from fastapi import Request

from api.http.body import declared_length
from api.http.errors import ApiError
from api.limits.connections import network_of

ALL = 32 * 1024 * 1024
"""Bytes of all posts that are being read or verified."""
OF_ONE = ALL // 2
"""Bytes of those from one address."""
_LEAST = 64 * 1024
"""What a post counts at least: it takes more than its body."""
VERIFIED_AT_A_TIME = 4
"""Posts for each type of gateway, as each may have to be verified for many gateways."""
BEGIN_SECONDS = 3.0
"""That a post may take beyond what ``LEAST_RATE`` allows it."""
LEAST_RATE = 32 * 1024
"""Bytes a second."""
MOST_SECONDS = 20.0
"""That a post may take at all: longer than providers themselves try."""


class NoRoom(Exception):
    """The provider shall post it again."""


class WebhookRoom:
    """All posts of this process that are not answered yet."""

    def __init__(self) -> None:
        self._held = 0
        self._by_address: dict[str, int] = defaultdict(int)
        self._verifying: dict[str, asyncio.Semaphore] = defaultdict(partial(asyncio.Semaphore, VERIFIED_AT_A_TIME))

    @contextmanager
    def place(self, host: str) -> Iterator["Place"]:
        """A place for a post from this host.

        Raises:
            NoRoom: too much is held, by all or by this address.
        """
        place = Place(self, network_of(host))
        try:
            place.hold(_LEAST)
            yield place
        finally:
            self._take(place.address, -place.held)

    def verifying(self, type_name: str) -> asyncio.Semaphore:
        """Held while a post to this type of gateway is verified."""
        return self._verifying[type_name]

    def _take(self, address: str, count: int) -> None:
        if count > 0 and (self._held + count > ALL or self._by_address[address] + count > OF_ONE):
            raise NoRoom("too much is posted at once")
        self._held += count
        self._by_address[address] += count
        if not self._by_address[address]:
            del self._by_address[address]


class Place:
    """What one post holds."""

    def __init__(self, room: WebhookRoom, address: str) -> None:
        self.address = address
        self.held = 0
        self._room = room

    def hold(self, count: int) -> None:
        """Hold so many bytes, or as many as before if that is more.

        Raises:
            NoRoom: too much is held.
        """
        if count > self.held:
            self._room._take(self.address, count - self.held)
            self.held = count


async def read_post(request: Request, most: int, place: Place) -> bytes:
    """The raw body; ``place`` holds it as it comes.

    Raises:
        ApiError: 413 beyond ``most`` bytes.
        NoRoom: it does not fit in any more, or comes too slowly.
    """
    if (declared_length(request) or 0) > most:
        raise _too_large(most)
    body, begun = bytearray(), asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(BEGIN_SECONDS) as deadline:
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise _too_large(most)
                place.hold(len(body))
                deadline.reschedule(begun + min(MOST_SECONDS, BEGIN_SECONDS + len(body) / LEAST_RATE))
    except TimeoutError:
        raise NoRoom("it came too slowly") from None
    return bytes(body)


def _too_large(most: int) -> ApiError:
    return ApiError(413, "too_large", f"what this provider posts is smaller than {most} bytes")
