"""Bounds on unauthenticated posts: bytes held at a time, their minimum rate, concurrent verifications."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from fastapi import Request

from api.http.body import declared_length
from api.http.errors import ApiError
from api.http.state import state_of
from api.limits.connections import network_of

ALL = 32 * 1024 * 1024
"""Bytes of all posts that are being read or verified."""
OF_ONE = ALL // 2
"""Bytes of those from one address."""
_LEAST = 64 * 1024
"""The least that a post counts: it takes more memory than its body."""
VERIFIED_AT_A_TIME = 4
"""Posts for each type of gateway, as each may have to be verified for many gateways."""
BEGIN_SECONDS = 3.0
"""Seconds that a post may take beyond its time at ``LEAST_RATE``."""
LEAST_RATE = 32 * 1024
"""Bytes a second."""
MOST_SECONDS = 20.0
"""Longest time of a post: longer than providers themselves try."""


class WebhookBusy(Exception):
    """The limit is reached: the provider shall post it again."""


class WebhookMemory:
    """Memory of all unanswered posts of this process."""

    def __init__(self) -> None:
        self._held = 0
        self._by_address: dict[str, int] = defaultdict(int)
        self._verifying: dict[str, asyncio.Semaphore] = defaultdict(partial(asyncio.Semaphore, VERIFIED_AT_A_TIME))

    @contextmanager
    def post(self, host: str) -> Iterator["HeldPost"]:
        """Memory for a post from this host.

        Raises:
            WebhookBusy: too much is held, by all or by this address.
        """
        held = HeldPost(self, network_of(host))
        try:
            held.hold(_LEAST)
            yield held
        finally:
            self._take(held.address, -held.size)

    def verifying(self, type_name: str) -> asyncio.Semaphore:
        """Held while a post to this type of gateway is verified."""
        return self._verifying[type_name]

    def _take(self, address: str, count: int) -> None:
        if count > 0 and (self._held + count > ALL or self._by_address[address] + count > OF_ONE):
            raise WebhookBusy("too much is posted at once")
        self._held += count
        self._by_address[address] += count
        if not self._by_address[address]:
            del self._by_address[address]


class HeldPost:
    """The memory of one post."""

    def __init__(self, memory: WebhookMemory, address: str) -> None:
        self.address = address
        self.size = 0
        self._memory = memory

    def hold(self, count: int) -> None:
        """Hold ``count`` bytes, or as many as before if that is more.

        Raises:
            WebhookBusy: too much is held.
        """
        if count > self.size:
            self._memory._take(self.address, count - self.size)
            self.size = count


async def read_post(request: Request, most: int, held: HeldPost) -> bytes:
    """The raw body; ``held`` counts it as it comes.

    Raises:
        ApiError: 413 beyond ``most`` bytes.
        WebhookBusy: the limit is reached, or it comes too slowly.
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
                held.hold(len(body))
                deadline.reschedule(begun + min(MOST_SECONDS, BEGIN_SECONDS + len(body) / LEAST_RATE))
    except TimeoutError:
        raise WebhookBusy("it came too slowly") from None
    return bytes(body)


async def read_public_post(request: Request, most: int) -> bytes:
    """The raw body of a post by somebody who is not known yet.

    Raises:
        ApiError: 413 beyond ``most`` bytes; 429 too much is posted at once, or it comes too slowly.
    """
    try:
        with state_of(request).part(WebhookMemory).post(request.client.host if request.client else "") as held:
            return await read_post(request, most, held)
    except WebhookBusy:
        raise ApiError(429, "rate_limited", "too much is posted at once: try again", retry_after=5.0) from None


def _too_large(most: int) -> ApiError:
    return ApiError(413, "too_large", f"what this provider posts is smaller than {most} bytes")
