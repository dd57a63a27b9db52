"""Whether the caller of a request still waits for its answer: what nobody would learn of is better not accepted."""

from collections.abc import Awaitable, Callable

from api.http.errors import ApiError, nothing_accepted

Caller = Callable[[], Awaitable[bool]]
"""Tells whether a caller has hung up, such as ``Request.is_disconnected``."""

_LOOK_AFTER = 0.5
"""Seconds of waiting after which it is worth looking."""


async def stays() -> bool:
    """A caller that does not hang up."""
    return False


def worth_looking(since: float, now: float) -> bool:
    """Whether a caller who has waited since then may have had enough."""
    return now - since >= _LOOK_AFTER


def caller_gone() -> ApiError:
    """What nobody hears."""
    return nothing_accepted("the caller has hung up")
