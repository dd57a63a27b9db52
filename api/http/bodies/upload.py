"""Reading uploads: a minimum rate is required, so that slow senders do not hold memory or slots."""

import asyncio

from fastapi import Request

from api.http.bodies.body_memory import HeldBody
from api.http.errors import ApiError

GRACE = 10.0
"""Seconds in which no minimum rate is required."""
LEAST_RATE = 16 * 1024
"""Bytes per second, on average, that must have come beyond that."""
LONGEST = 60.0
"""Seconds for a whole body."""


class Upload:
    """The body of a request, read as far as requested."""

    def __init__(self, request: Request, held: HeldBody | None = None) -> None:
        """``held`` counts its memory."""
        self._chunks = request.stream()
        self._body = bytearray()
        self._held = held
        self._reading = 0.0
        """Seconds that reading took so far."""

    async def read(self, most: int) -> bool:
        """Read until the end, or until there are more than ``most`` bytes. Returns whether it is complete.

        Raises:
            ApiError: 408 it comes too slowly; 429 or 503 there is no memory for it.
        """
        if len(self._body) > most:
            return False
        loop = asyncio.get_running_loop()
        begun = loop.time() - self._reading
        try:
            async with asyncio.timeout_at(begun + self._allowed()) as clock:
                async for chunk in self._chunks:
                    self._body += chunk
                    if self._held is not None:
                        self._held.grow_to(len(self._body))
                    if len(self._body) > most:
                        return False
                    clock.reschedule(begun + self._allowed())
        except TimeoutError:
            raise _too_slow() from None
        finally:
            self._reading = loop.time() - begun
        return True

    def whole(self) -> bytes:
        """The bytes that were read."""
        body, self._body = self._body, bytearray()
        return bytes(body)

    def stop_counting(self) -> None:
        """Stop counting its memory: it counts as a large one now, which have their own bound."""
        if self._held is not None:
            self._held.release_memory()
            self._held = None

    def _allowed(self) -> float:
        """Seconds within which the next bytes must come."""
        return min(GRACE + len(self._body) / LEAST_RATE, LONGEST)


def _too_slow() -> ApiError:
    rule = f"after {GRACE:g} s at least {LEAST_RATE // 1024} KiB/s, and within {LONGEST:g} s"
    return ApiError(408, "upload_too_slow", f"the body comes too slowly: {rule}; nothing was accepted")
