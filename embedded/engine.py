"""PostgreSQL and Temporal in one folder, without API and worker: for tests and benchmarks."""

from pathlib import Path
from types import TracebackType
from typing import Self

from embedded.ports import free_port
from embedded.postgres import Postgres
from embedded.supervisor import Say, Supervisor
from embedded.temporal import Temporal


class Engine:
    """The two servers (or one of them), up while the context is open, restarted when they are killed.

    ::

        async with Engine(tmp_path, durable=False) as engine:
            await migrate(engine.database_url)
            client = await Client.connect(engine.temporal_address)

    A second ``Engine`` on the same folder, after the first was closed, finds its data. The database is empty at first.
    Open it in the main thread: the servers die with the thread that started them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        postgres: bool = True,
        temporal: bool = True,
        durable: bool = True,
        say: Say = lambda line: None,
    ) -> None:
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        database_port = free_port()
        self.supervisor = Supervisor(folder, say)
        self._postgres = Postgres(folder, database_port, durable) if postgres else None
        self._temporal = Temporal(folder, free_port(avoid=[database_port])) if temporal else None

    @property
    def database_url(self) -> str:
        """The database ``xsender``, with the password of its superuser.

        Raises:
            RuntimeError: this engine was made without PostgreSQL.
        """
        if self._postgres is None:
            raise RuntimeError("this engine runs no PostgreSQL")
        return self._postgres.database_url

    @property
    def temporal_address(self) -> str:
        """``host:port`` of Temporal's gRPC service; its namespace is ``default``.

        Raises:
            RuntimeError: this engine was made without Temporal.
        """
        if self._temporal is None:
            raise RuntimeError("this engine runs no Temporal")
        return self._temporal.address

    def pid(self, name: str) -> int | None:
        """Process id of ``postgres`` (the postmaster) or ``temporal`` while it runs, for tests that kill it."""
        return self.supervisor.pid(name)

    async def __aenter__(self) -> Self:
        servers = [server.child() for server in (self._postgres, self._temporal) if server is not None]
        try:
            await self.supervisor.start(*servers)
        except BaseException:
            await self.supervisor.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.supervisor.stop()
