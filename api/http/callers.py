"""Whether the caller of a request is still connected: otherwise the request is not accepted."""

from collections.abc import Awaitable, Callable

from api.http.errors import ApiError, nothing_accepted

Caller = Callable[[], Awaitable[bool]]
"""Returns whether a caller has disconnected, such as ``Request.is_disconnected``."""

_LOOK_AFTER = 0.5
"""Seconds of waiting after which it is checked."""


async def connected() -> bool:
    """A caller that never disconnects."""
    return False


def should_check(since: float, now: float) -> bool:
    """Whether a caller has waited for so long that it may have disconnected."""
    return now - since >= _LOOK_AFTER


def caller_gone() -> ApiError:
    """The error for a disconnected caller."""
    return nothing_accepted("the caller has hung up")
