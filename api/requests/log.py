"""The log of requests, and the last uses of keys: gathered in memory, written off the requests' path.

Memory is bounded: while the database is slow, or away, what does not fit is dropped and counted. So is what one key
sends beyond a rate: a client in a loop must not fill the disk.
"""

import asyncio
import contextlib
from collections import Counter
from time import monotonic

import structlog

from api.requests.entry import Noted
from store.pool import DB_UNAVAILABLE, Pool
from store.reports import key_uses, request_log
from store.reports.key_uses import Use

log = structlog.get_logger()

WRITE_EVERY = 2.0
"""Seconds that requests are gathered."""
MOST_ENTRIES = 5_000
MOST_BYTES = 4 * 1024 * 1024
"""Of what waits to be written."""
FAILED_A_MINUTE = 600
"""Failed requests of a key, and of all without a known one, that a process logs in a minute."""
OTHERS_A_MINUTE = 60
"""Of those that succeeded: a sample of what a busy client does."""
USE_EVERY = 60.0
"""Seconds between two writes of a key's last use."""
_AT_STOP = 5.0
_MOST_KEYS = 10_000
_REFUSED = 401


class RequestLog:
    """Of one process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._entries: list[Noted] = []
        self._bytes = 0
        self._counts: Counter[tuple[str | None, bool]] = Counter()
        self._minute = 0
        self._uses: dict[str, Use] = {}
        self._written: dict[str, float] = {}
        """Key → when its last use was written, by the monotonic clock."""
        self._dropped = 0
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def add(self, noted: Noted) -> None:
        """Note an answered request."""
        key_id = None if noted.key is None else noted.key.key_id
        if key_id is not None and noted.status != _REFUSED and len(self._uses) < _MOST_KEYS:
            self._uses[key_id] = (noted.at, noted.ip)
        if self._is_wanted(key_id, noted):
            self._entries.append(noted)
            self._bytes += noted.size
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_EVERY, self._begin)

    def _is_wanted(self, key_id: str | None, noted: Noted) -> bool:
        minute = int(noted.at.timestamp()) // 60
        if minute != self._minute:
            self._minute, self._counts = minute, Counter()
        self._counts[key_id, noted.is_failed] += 1
        if self._counts[key_id, noted.is_failed] > (FAILED_A_MINUTE if noted.is_failed else OTHERS_A_MINUTE):
            return False
        if len(self._entries) >= MOST_ENTRIES or self._bytes + noted.size > MOST_BYTES:
            self._dropped += 1
            return False
        return True

    def _begin(self) -> None:
        self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            await self._write_all()
        except DB_UNAVAILABLE:  # others log that; what waits is tried again
            pass
        except Exception as error:
            self._drop(len(self._entries))
            log.error("requests could not be logged", exc_info=error)
        finally:
            again = bool(self._entries)
            self._timer = asyncio.get_running_loop().call_later(WRITE_EVERY, self._begin) if again else None

    async def _write_all(self) -> None:
        if self._dropped:
            log.warning("requests were not logged: the database is too slow", count=self._dropped)
            self._dropped = 0
        if count := len(self._entries):
            await request_log.write(self._pool, [noted.entry() for noted in self._entries[:count]])
            self._forget(count)
        await self._write_uses()

    async def _write_uses(self) -> None:
        now = monotonic()
        due = {key: use for key, use in self._uses.items() if now - self._written.get(key, -USE_EVERY) >= USE_EVERY}
        if not due:
            return
        await key_uses.note(self._pool, due)
        for key, use in due.items():
            if self._uses.get(key) is use:
                del self._uses[key]
        if len(self._written) > _MOST_KEYS:
            self._written.clear()
        self._written |= dict.fromkeys(due, now)

    def _drop(self, count: int) -> None:
        self._dropped += count
        self._forget(count)

    def _forget(self, count: int) -> None:
        self._bytes -= sum(noted.size for noted in self._entries[:count])
        del self._entries[:count]

    async def aclose(self) -> None:
        """Write what waits, if the database lets that happen soon."""
        if self._timer is not None:
            self._timer.cancel()
        self._written.clear()
        with contextlib.suppress(*DB_UNAVAILABLE, TimeoutError):
            async with asyncio.timeout(_AT_STOP):
                if self._writing is not None:
                    await asyncio.wait([self._writing])
                if self._timer is not None:
                    self._timer.cancel()
                await self._write_all()
