"""Where a process of ours spends its CPU: ``python -m bench.sampler FILE api`` is ``xsender api``, sampled.

SIGUSR1 begins a count, SIGUSR2 writes it to the file as seconds by area. The kernel interrupts the process after each
millisecond of CPU that it uses; the CPU of the main thread since the last time counts for what it is doing right then.
"""

import json
import os
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

_INTERVAL = 0.001
_ROOT = str(Path(__file__).parent.parent) + os.sep

OTHER_THREADS = "Temporal's core and other threads"
EVENT_LOOP = "event loop"

_AREAS = {
    "HTTP exchange with the gateway": ("gateways/", "/aiohttp/", "/httpx/", "/httpx_aiohttp/", "/yarl/", "/multidict/"),
    "SQL": ("store/", "/psycopg/", "/psycopg_pool/"),
    "Temporal SDK": ("/temporalio/", "/google/protobuf/"),
    "HTTP server": ("/uvicorn/", "/fastapi/", "/starlette/"),
    "JSON and pydantic": ("domain/text/strict_json.py", "/pydantic/", "/json/"),
    "encryption": ("domain/keyring.py", "runtime/codec.py"),
    "phone numbers": ("/phonenumbers/",),
    "templates": ("gateways/config/template.py", "/liquid/"),
    "our workflows": ("workflows/",),
    "our activities": ("activities/",),
    "our API": ("api/",),
    "our services": ("services/",),
    "our domain": ("domain/",),
}
"""Area → paths: of ours from the root, of libraries anywhere. The longest that fits decides."""


def area_of(path: str) -> str | None:
    """The area of a source file; ``None`` for what works for its caller, such as asyncio or typing."""
    ours = path.removeprefix(_ROOT) if path.startswith(_ROOT) and "site-packages" not in path else None
    fitting = [
        (len(part), area)
        for area, parts in _AREAS.items()
        for part in parts
        if (part in path if part.startswith("/") else ours is not None and ours.startswith(part))
    ]
    return max(fitting)[1] if fitting else None


class Sampler:
    """Counts CPU seconds by area."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._areas: dict[str, str | None] = {}
        self._begin()

    def install(self) -> None:
        """Answer the signals, from now on. Must be called in the main thread."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.signal(signal.SIGUSR1, lambda number, frame: self._begin())
        signal.signal(signal.SIGUSR2, lambda number, frame: self._write())
        for number in (signal.SIGPROF, signal.SIGUSR1, signal.SIGUSR2):
            signal.siginterrupt(number, False)
        signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)

    def _begin(self) -> None:
        self._counted: defaultdict[str, float] = defaultdict(float)
        self._main = self._main_begin = time.thread_time()
        self._all_begin = time.process_time()

    def _sample(self, number: int, frame: FrameType | None) -> None:
        now = time.thread_time()
        self._counted[self._doing(frame)] += now - self._main
        self._main = now

    def _doing(self, frame: FrameType | None) -> str:
        while frame is not None:
            path = frame.f_code.co_filename
            if path not in self._areas:
                self._areas[path] = area_of(path)
            if area := self._areas[path]:
                return area
            frame = frame.f_back
        return EVENT_LOOP

    def _write(self) -> None:
        everything, main = time.process_time() - self._all_begin, time.thread_time() - self._main_begin
        counted = dict(self._counted) | {OTHER_THREADS: everything - main}
        unfinished = self._file.with_suffix(".part")
        unfinished.write_text(json.dumps(counted))
        unfinished.rename(self._file)


if __name__ == "__main__":
    from cli.main import main

    Sampler(Path(sys.argv[1])).install()
    sys.argv = ["xsender", *sys.argv[2:]]
    main()
