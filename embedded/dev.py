"""``xsender dev``: a whole install on one machine, in one folder, stopped with one signal."""

import asyncio
import ipaddress
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from embedded import processes, summary
from embedded.errors import ChildFailedError
from embedded.install import locked, write_settings
from embedded.ports import free_port, remembered_ports, require_free
from embedded.postgres import Postgres
from embedded.probes import http_get
from embedded.supervisor import Child, Supervisor
from embedded.temporal import Temporal
from embedded.web_ui import WebUi
from runtime.children import own_command, stop_with_parent
from workflows.policy import BULK_QUEUES, DISPATCH_QUEUE, HOME_QUEUE, WORKFLOW_QUEUE

STOP_WITH_PARENT = "XSENDER_STOP_WITH_PARENT"
"""Environment variable: when set, the install stops when the process that started it dies (``make dev`` sets it)."""

_API, _WORKER, _BULK_WORKER = _NAMES = ("api", "worker", "worker-bulk")
"""In the order of the ports of their metrics."""
_HEALTHY_WITHIN = 60.0
_LEFTOVER_GRACE = 3.0


@dataclass(frozen=True)
class DevOptions:
    """Where an install listens and keeps its data. A port that is ``None`` is chosen, and then stored there."""

    host: str = "127.0.0.1"
    """IPv4 address of the API; everything else listens on 127.0.0.1 only."""
    port: int = 8000
    data_dir: Path = Path(".xsender")
    temporal_port: int | None = None
    temporal_ui_port: int | None = None
    postgres_port: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: not an IPv4 address, a port out of range, one port for two purposes, a data dir that is a file.
        """
        ipaddress.IPv4Address(self.host)
        ports = [port for port in (self.port, *self.engine_ports().values()) if port is not None]
        if not all(1 <= port <= 65535 for port in ports):
            raise ValueError("a port is a number from 1 to 65535")
        if len(set(ports)) != len(ports):
            raise ValueError("each port can serve one purpose only")
        if self.data_dir.exists() and not self.data_dir.is_dir():
            raise ValueError(f"{self.data_dir} is not a folder")

    def engine_ports(self) -> dict[str, int | None]:
        """The requested ports on 127.0.0.1, by the names under which they are stored."""
        return {
            "postgres": self.postgres_port,
            "temporal": self.temporal_port,
            "temporal-ui": self.temporal_ui_port,
        }

    @property
    def reachable_host(self) -> str:
        """An address of the API for programs on this machine."""
        return "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104 - compared, not bound

    @property
    def url(self) -> str:
        """The API's base URL on this machine."""
        return f"http://{self.reachable_host}:{self.port}"


async def run_dev(options: DevOptions) -> None:
    """Start an install, or start it again with all its data, and keep it running until SIGTERM, SIGINT or SIGHUP.

    Must be called in the main thread. Further stop signals kill what is still stopping.

    Raises:
        EmbeddedError: a port is taken, the data dir is in use, or a part does not come up.
    """
    began = time.monotonic()
    if os.environ.pop(STOP_WITH_PARENT, None):
        stop_with_parent()
    folder = options.data_dir.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(folder):
        await processes.end(lambda: processes.marked(folder), _LEFTOVER_GRACE)
        install = _Install(options, folder)
        async with Supervisor(folder, summary.say) as supervisor:
            await _until_stopped(install.serve(supervisor, began), supervisor)


class _Install:
    """The parts of one install and the order in which they come up."""

    def __init__(self, options: DevOptions, folder: Path) -> None:
        require_free(options.port, options.host, "the API (--port)")
        ports = remembered_ports(folder / "ports.json", options.engine_ports(), avoid=[options.port])
        self._options = options
        self._folder = folder
        self._postgres = Postgres(folder, ports["postgres"])
        self._ui = WebUi(ports["temporal-ui"], free_port(avoid=[options.port, *ports.values()]))
        self._temporal = Temporal(folder, ports["temporal"], self._ui)

    async def serve(self, supervisor: Supervisor, began: float) -> None:
        """Start everything in order, print the summary, and run until cancelled."""
        summary.say(f"starting in {self._folder}")
        async with self._ui.reachable():
            await self._serve(supervisor, began)

    async def _serve(self, supervisor: Supervisor, began: float) -> None:
        await supervisor.start(self._postgres.child(), self._temporal.child())
        setup = await self._fill()
        await supervisor.start(
            self._api(),
            self._worker(_WORKER, WORKFLOW_QUEUE, DISPATCH_QUEUE, HOME_QUEUE),
            self._worker(_BULK_WORKER, *BULK_QUEUES),
        )
        await self._healthy()
        summary.show(self._options.url, setup, self._ui.url, self._folder, time.monotonic() - began)
        await asyncio.Event().wait()

    async def _fill(self) -> str | None:
        """Bring the database to this version and, at the first start, make the first accounts and keys.

        Returns where a browser creates the first owner, if there is none.
        """
        # Imported here: loading them takes as long as the two servers take to start, and so costs nothing.
        from embedded.first_run import ensure_first_run, setup_link
        from runtime.settings import load_settings
        from store.migrate import migrate

        self._write_settings()
        if await migrate(self._postgres.database_url):
            summary.say("database brought up to date")
        settings = load_settings(self._folder)
        await ensure_first_run(settings)
        return await setup_link(settings)

    def _write_settings(self) -> None:
        write_settings(
            self._folder,
            database_url=self._postgres.database_url,
            temporal_address=self._temporal.address,
            temporal_ui=self._ui.url,
            api_host=self._options.host,
            api_port=self._options.port,
            public_url=self._options.url,
        )

    def _api(self) -> Child:
        async def answers() -> bool:
            return await self._health() is not None

        return self._command(_API, ("api",), answers)

    def _worker(self, name: str, *queues: str) -> Child:
        async def healthy() -> bool:
            answer = await self._health()
            return answer is not None and json.loads(answer[1])["parts"]["worker"] == "ok"

        async def sign_out_the_last() -> None:
            # A killed worker's row stays fresh for some seconds, so that its successor would seem ready too early.
            from store.workers import delete_dead_workers

            with suppress(psycopg.OperationalError):
                await delete_dead_workers(self._postgres.database_url, list(queues))

        command = self._command(name, ("worker", "--queues", ",".join(queues)), healthy)
        return replace(command, prepare=sign_out_the_last)

    async def _health(self) -> tuple[int, str] | None:
        """The API's health report: status and body; ``None`` while it does not answer."""
        return await http_get(self._options.reachable_host, self._options.port, "/health")

    def _command(self, name: str, arguments: tuple[str, ...], ready: Callable[[], Awaitable[bool]]) -> Child:
        """A child that is this Python's own ``xsender``, working on this install."""
        from runtime.settings import load_settings

        metrics = load_settings(self._folder).with_metrics_port(_NAMES.index(name))
        environment = {
            "XSENDER_DATA_DIR": str(self._folder),
            "PYTHONUNBUFFERED": "1",
            "XSENDER_METRICS_ADDRESS": metrics,
        }
        return Child(name, own_command(*arguments), ready, env=environment)

    async def _healthy(self) -> None:
        deadline = time.monotonic() + _HEALTHY_WITHIN
        while (answer := await self._health()) is None or answer[0] != 200:
            if time.monotonic() > deadline:
                raise ChildFailedError(f"the install does not become healthy; GET /health answers: {answer}")
            await asyncio.sleep(0.05)


async def _until_stopped(serving: Awaitable[None], supervisor: Supervisor) -> None:
    """Run ``serving`` until it fails or a stop signal arrives; a second signal kills what is still stopping."""
    task = asyncio.ensure_future(serving)
    asked = False

    def stop() -> None:
        nonlocal asked
        if asked:
            supervisor.hurry()
            return
        asked = True
        summary.say("stopping")
        task.cancel()

    loop = asyncio.get_running_loop()
    stopping = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it on purpose
        stopping.append(signal.SIGHUP)
    for number in stopping:
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not asked:
            raise
