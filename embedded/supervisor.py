"""Keeps child processes alive: starts them, waits until they are ready, restarts those that die, stops all in order."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded import processes
from embedded.errors import ChildFailedError
from runtime.children import die_with_parent
from runtime.tasks import cancel_and_wait

Say = Callable[[str], None]

_FIRST_TRIES = 3
_PROBE_EVERY = 0.05
_SHORTEST_DELAY = 0.2
_LONGEST_DELAY = 10.0
_STEADY_AFTER = 3.0
_LOG_LIMIT = 20_000_000


async def _nothing() -> None:
    """The default preparation."""


@dataclass(frozen=True)
class Child:
    """One process to keep alive."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], Awaitable[bool]]
    """Called repeatedly after a start, until it returns true. Must return within about a second."""
    prepare: Callable[[], Awaitable[None]] = _nothing
    """Awaited before every start: cleans up after the last run."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to this process's environment."""
    stop_signal: signal.Signals = signal.SIGTERM
    ready_within: float = 60.0
    """Seconds after which a start that is not ready counts as failed."""


class Supervisor:
    """Runs the children of one folder; their output goes to ``<folder>/logs/<name>.log``.

    Children die with the thread that started them, even when it is killed: run the supervisor in the main thread.
    """

    def __init__(self, folder: Path, say: Say = lambda line: None, grace: float = 15.0) -> None:
        self.folder = folder.resolve()
        self._say = say
        self._grace = grace
        self._stages: list[list[_Keeper]] = []

    async def start(self, *children: Child) -> None:
        """Start these concurrently and return when all are ready. They will be stopped together, before earlier ones.

        Raises:
            ChildFailedError: one of them does not come up; the message ends with the tail of its log.
        """
        (self.folder / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
        stage = [_Keeper(child, self.folder, self._say, self._grace) for child in children]
        self._stages.append(stage)
        try:
            async with asyncio.TaskGroup() as together:
                for keeper in stage:
                    together.create_task(keeper.start())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def pid(self, name: str) -> int | None:
        """Process id of the child of this name, ``None`` while it is not running."""
        return next((keeper.pid for stage in self._stages for keeper in stage if keeper.child.name == name), None)

    async def stop(self) -> None:
        """Stop all, the last started first: stop signal, then SIGKILL of the whole group when the grace is over."""
        while self._stages:
            await asyncio.gather(*(keeper.stop() for keeper in self._stages[-1]))
            self._stages.pop()

    def hurry(self) -> None:
        """Abort a stop in progress: SIGKILL everything now."""
        for stage in self._stages:
            for keeper in stage:
                keeper.kill()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


class _Keeper:
    """Keeps one child running until stopped."""

    def __init__(self, child: Child, folder: Path, say: Say, grace: float) -> None:
        self.child = child
        self._log = folder / "logs" / f"{child.name}.log"
        self._env = {**child.env, processes.MARK: str(folder)}
        self._say = say
        self._grace = grace
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process is not None else None

    async def start(self) -> None:
        """Bring the child up for the first time, then keep it so in the background."""
        delay = _SHORTEST_DELAY
        for _ in range(_FIRST_TRIES):
            process = await self._launch()
            if process is not None:
                self._task = asyncio.create_task(self._keep(process))
                return
            await asyncio.sleep(delay)
            delay *= 2
        raise ChildFailedError(f"{self.child.name} does not start; its log ends with:\n{self._log_tail()}")

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        delay = _SHORTEST_DELAY
        while True:
            since = time.monotonic()
            code = await process.wait()
            processes.kill_group(process.pid)
            self._say(f"{self.child.name} died ({_how(code)}), restarting it")
            if time.monotonic() - since > _STEADY_AFTER:
                delay = _SHORTEST_DELAY
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY)
            while (restarted := await self._relaunch()) is None:
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY)
            process = restarted

    async def _relaunch(self) -> asyncio.subprocess.Process | None:
        """A later start: errors are reported, and the start is retried."""
        try:
            return await self._launch()
        except Exception as error:
            self._say(f"{self.child.name} cannot be restarted: {error}")
            return None

    async def _launch(self) -> asyncio.subprocess.Process | None:
        """One start: the process when it is ready, ``None`` when it died before or took too long."""
        began = time.monotonic()
        await self.child.prepare()
        self._process = process = await self._spawn()
        exited = asyncio.create_task(process.wait())
        ready = asyncio.create_task(self._until_ready())
        try:
            await asyncio.wait({exited, ready}, timeout=self.child.ready_within, return_when=asyncio.FIRST_COMPLETED)
            came_up = ready.done() and not exited.done()
        finally:
            exited.cancel()
            ready.cancel()
            await asyncio.gather(exited, ready, return_exceptions=True)
        if came_up:
            ready.result()
            self._say(f"{self.child.name} ready after {time.monotonic() - began:.1f} s (pid {process.pid})")
            return process
        processes.kill_group(process.pid)
        self._say(f"{self.child.name} did not come up ({_how(await process.wait())}), see {self._log}")
        return None

    async def _spawn(self) -> asyncio.subprocess.Process:
        if self._log.exists() and self._log.stat().st_size > _LOG_LIMIT:
            self._log.replace(self._log.with_suffix(".log.1"))
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self.child.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._env},
                start_new_session=True,
                preexec_fn=die_with_parent(self.child.stop_signal),
            )

    async def _until_ready(self) -> None:
        while not await self.child.ready():  # noqa: ASYNC110 - the child is another process, it sets no event
            await asyncio.sleep(_PROBE_EVERY)

    async def stop(self) -> None:
        """Stop the child and what is left of its group."""
        if self._task is not None:
            await cancel_and_wait(self._task)
        process = self._process
        if process is None or process.returncode is not None:
            return
        processes.send([process.pid], self.child.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self._grace)
        except TimeoutError:
            self._say(f"{self.child.name} does not stop within {self._grace:.0f} s, killing it")
        processes.kill_group(process.pid)
        await process.wait()
        self._say(f"{self.child.name} stopped")

    def kill(self) -> None:
        if self.pid is not None:
            processes.kill_group(self.pid)

    def _log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join(lines[-15:])


def _how(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    return f"killed by {signal.Signals(-code).name}"
