"""A connection whose every statement ends in bounded time, also when the server has become silent.

A network that drops a connection (a firewall, a failover, a proxy) notifies neither end. TCP's time-outs detect that
only if nothing acknowledges the bytes, and the server's ``statement_timeout`` is an answer that never arrives. So
each wait for an answer has a bound here too, a little above the server's.
"""

from asyncio import CancelledError
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any, Self, TypeVar

from psycopg import AsyncConnection, OperationalError
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import _WaitTimeout
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg.waiting import wait_async

STATEMENT_SECONDS = 6.0
"""How long a statement may take. Those of the hot path take milliseconds; what takes long is a ``long_transaction``."""
LOCK_SECONDS = 4.0
"""How long a statement waits for a lock: a lost client may hold it, until ``_IDLE_IN_TRANSACTION``."""
MARGIN = 0.5
"""How much longer (seconds) an answer is awaited: a server that is there cancels the statement before."""
CONNECT_SECONDS = 4
"""How long one try to connect may take."""

_IDLE_IN_TRANSACTION = 10
"""Seconds after which the server ends a session that leaves its transaction open: locks of a lost client go with it."""
_LAST_LOOK = 0.5
"""Seconds of a second wait: a process that was suspended finds its time-out expired and the answer there."""
_POLL = 0.1
"""Seconds between two checks for interrupts by the event loop, as in psycopg."""

_KEEPALIVES = {
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "connect_timeout": CONNECT_SECONDS,
}
_SERVER = {
    "idle_in_transaction_session_timeout": f"{_IDLE_IN_TRANSACTION}s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}

_T = TypeVar("_T")


class DatabaseSilentError(OperationalError):
    """The database did not answer in time; whether it executed the statement is not known."""


class Connection(AsyncConnection[TupleRow]):
    """Raises ``DatabaseSilentError``, and is closed, when the server does not answer in time."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.opened_at = self.used_at = monotonic()
        self.abandoned = False
        """Whether it was closed because the wait for its answer was cancelled."""
        self._answers_within = STATEMENT_SECONDS + MARGIN

    @classmethod
    async def to(cls, database_url: str, name: str, longest: float | None = None) -> Self:
        """A connection outside any pool; ``longest`` is how long a statement may take (seconds), or wait for a lock.

        Raises:
            psycopg.OperationalError: the database is not there.
        """
        url = bounded_url(database_url, name, longest or STATEMENT_SECONDS, longest or LOCK_SECONDS)
        opened = await cls.connect(url, autocommit=True)
        if longest:
            opened._answers_within = longest + MARGIN
        return opened

    @contextmanager
    def answering_within(self, seconds: float) -> Iterator[None]:
        """Set the time limit for answers while the context is open."""
        before, self._answers_within = self._answers_within, seconds
        try:
            yield
        finally:
            self._answers_within = before

    async def wait(
        self,
        gen: PQGen[_T],
        interval: float = _POLL,
        timeout: float | None = None,  # noqa: ASYNC109 - as in psycopg
    ) -> _T:
        """Wait for a statement. Cancelled, it closes the connection: asking the server to cancel takes time that
        a silent one never ends, and a half-read answer must not meet the next statement."""
        try:
            return await wait_async(gen, self.pgconn.socket, interval, timeout or self._answers_within)
        except _WaitTimeout:
            if timeout is not None:  # psycopg's own, of a wait for notifications
                raise
            return await self._look_again(gen, interval)
        except CancelledError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.abandoned = True
                self.pgconn.finish()
            raise

    async def _look_again(self, gen: PQGen[_T], interval: float) -> _T:
        try:
            return await wait_async(gen, self.pgconn.socket, interval, _LAST_LOOK)
        except _WaitTimeout:
            self.pgconn.finish()
            raise DatabaseSilentError(f"no answer within {self._answers_within:.0f} s") from None
        except CancelledError:
            self.abandoned = True
            self.pgconn.finish()
            raise


def server_bounds(statement: float = STATEMENT_SECONDS, lock: float = LOCK_SECONDS) -> dict[str, str]:
    """Settings of the server for a session: how long a statement may take (seconds), and wait for a lock."""
    limits = {"statement_timeout": f"{round(statement * 1000)}", "lock_timeout": f"{round(lock * 1000)}"}
    return limits | _SERVER


def bounded_url(
    database_url: str,
    name: str,
    statement: float = STATEMENT_SECONDS,
    lock: float = LOCK_SECONDS,
    settings: Mapping[str, str] | None = None,
) -> str:
    """The URL with our bounds and these ``settings`` of the server, where it does not set others itself.

    ``name`` is shown in ``pg_stat_activity``.
    """
    given = conninfo_to_dict(database_url)
    wanted = server_bounds(statement, lock) | dict(settings or {})
    server = " ".join(f"-c {setting}={value}" for setting, value in wanted.items())
    options = f"{server} {given.pop('options', '')}".strip()  # of two equal ones the later takes effect
    return make_conninfo("", **{**_KEEPALIVES, "application_name": name, **given, "options": options})


def pooled_url(database_url: str, name: str) -> str:
    """The URL of a pooler in transaction mode. It passes on no settings of the server: the role has them there
    (``store/schema/role_settings``)."""
    return make_conninfo("", **{**_KEEPALIVES, "application_name": name, **conninfo_to_dict(database_url)})
