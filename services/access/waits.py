"""Tries that may fail: counted before they are made (``domain/access/log_in_waits.py``)."""

import math

from domain.access.log_in_waits import Wait
from domain.errors import TooSoonError
from store.access import log_in_waits
from store.pool import Connections


async def count_try(pool: Connections, subject: str, wait: Wait) -> None:
    """Count a try, before it is known whether it fails.

    Raises:
        TooSoonError: it may not be made now.
    """
    seconds = await log_in_waits.take(pool, subject, wait)
    if seconds > 0:
        raise TooSoonError("log_in_delayed", f"too many tries: wait {math.ceil(seconds)} s", seconds)
