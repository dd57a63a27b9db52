"""Whether the caller of a request still waits for its answer: what nobody will hear of is better not accepted."""

import asyncio
from collections.abc import Awaitable, Callable

from api.accept import nothing_accepted
from api.errors import ApiError

Caller = Callable[[], Awaitable[bool]]
"""Tells whether a caller has hung up, such as ``Request.is_disconnected``."""

_LOOK_AFTER = 0.5
"""Seconds of waiting after which it is worth looking."""


async def stays() -> bool:
    """A caller that does not hang up."""
    return False


async def has_left(caller: Caller, since: float) -> bool:
    """Whether a caller has hung up who has waited since then, by the clock of the loop."""
    if asyncio.get_running_loop().time() - since < _LOOK_AFTER:
        return False
    return await caller()


def caller_gone() -> ApiError:
    """What nobody hears."""
    return nothing_accepted("the caller has hung up")
