"""Hashes of passwords: argon2id, in threads, few at a time."""

import asyncio
import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from domain.errors import UnavailableError

if TYPE_CHECKING:  # loaded when somebody logs in
    from argon2 import PasswordHasher

MEMORY_KIB, ROUNDS, LANES = 19 * 1024, 2, 1
"""Of a hash: 19 MiB and some 30 ms, as OWASP's Password Storage Cheat Sheet advises."""
AT_A_TIME = 2
"""Hashes at a time in a process: more would take its memory and its cores from requests."""
MOST_WAITING = 100
"""Log-ins that wait for one, some seconds at most."""

_T = TypeVar("_T")


def _zeros(count: int) -> str:
    return base64.b64encode(bytes(count)).decode().rstrip("=")


_NOBODY = f"$argon2id$v=19$m={MEMORY_KIB},t={ROUNDS},p={LANES}${_zeros(16)}${_zeros(32)}"
"""A hash that no password has: to verify one takes as long as with any other."""


class Hashing:
    """Hashes and verifies passwords for one process."""

    def __init__(self) -> None:
        # Not a semaphore: a thread works on after its caller has gone.
        self._threads = ThreadPoolExecutor(AT_A_TIME, "passwords")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """A hash with a salt of its own.

        Raises:
            UnavailableError: too many wait already.
        """
        return await self._run(lambda: _argon2().hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password of this hash; of no hash it is none, which takes as long.

        Raises:
            UnavailableError: too many wait already.
        """
        return await self._run(lambda: _is_of(stored or _NOBODY, password))

    async def renewed(self, stored: str, password: str) -> str | None:
        """A hash with today's parameters, if ``stored`` has others; ``None``: it has them."""
        if not _argon2().check_needs_rehash(stored):
            return None
        return await self.hash(password)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], _T]) -> _T:
        if self._waiting >= MOST_WAITING:
            raise UnavailableError("busy", "too many log in at this moment: try again")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _argon2() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=ROUNDS, memory_cost=MEMORY_KIB, parallelism=LANES)


def _is_of(stored: str, password: str) -> bool:
    from argon2.exceptions import VerificationError

    try:
        return _argon2().verify(stored, password)
    except VerificationError:
        return False
