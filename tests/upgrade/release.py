"""The release before this one, as code that runs, and this one beside it.

``previous_release`` holds the commit of the last release; whoever releases writes the new one's commit into it.
"""

import asyncio
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from embedded.engine import Engine
from embedded.ports import free_port
from runtime.children import own_command

ROOT = Path(__file__).parents[2]
PREVIOUS = (Path(__file__).parent / "previous_release").read_text().strip()


def unpack_previous(folder: Path) -> Path:
    """The code of the previous release, in ``folder``. Skips the test where this clone does not have it."""
    archive = subprocess.run(["git", "archive", PREVIOUS], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode != 0:
        pytest.skip(f"git does not have the commit {PREVIOUS} of the previous release: {archive.stderr.decode()}")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")
    return folder


@dataclass
class Release:
    """The code in one folder, run against one engine by this Python with all that is installed for it."""

    code: Path
    engine: Engine
    keys: str
    log: Path
    """What its processes say, at level WARNING."""
    more: Mapping[str, str] = field(default_factory=dict)
    """More of its environment."""
    running: list[psutil.Popen] = field(default_factory=list)

    def start(self, *arguments: str) -> psutil.Popen:
        """Start a process of ``xsender``, in a session of its own: the kernel may share cores out among sessions."""
        environment = self._environment()
        with self.log.open("ab") as log:
            process = psutil.Popen(
                own_command(*arguments), env=environment, cwd=self.code, stderr=log, start_new_session=True
            )
        self.running.append(process)
        return self.running[-1]

    def start_api(self) -> tuple[psutil.Popen, str]:
        """Start an API; returns its URL, too."""
        port = free_port()
        return self.start("api", "--port", str(port)), f"http://127.0.0.1:{port}"

    async def cli(self, *arguments: str) -> Any:
        """What a command prints."""
        process = await asyncio.create_subprocess_exec(
            *own_command(*arguments, "--json"),
            stdout=asyncio.subprocess.PIPE,
            env=self._environment(),
            cwd=self.code,
        )
        out, _ = await process.communicate()
        assert process.returncode == 0, arguments
        return json.loads(out)

    def is_what_runs(self) -> bool:
        """Whether processes started here run this code, and not what is installed."""
        where = "import store.migrate, cli.main; print(store.migrate.__file__, cli.main.__file__)"
        found = subprocess.check_output(
            [own_command()[0], "-c", where], env=self._environment(), cwd=self.code.parent, text=True
        )
        return all(Path(file).is_relative_to(self.code) for file in found.split())

    def kill_all(self) -> None:
        """End what still runs."""
        for process in self.running:
            with suppress(psutil.NoSuchProcess):
                process.kill()
            process.wait(10)

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("XSENDER_")}
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed: with its bytecode, which the first start writes
        return inherited | {
            "PYTHONPATH": str(self.code),
            "XSENDER_DATABASE_URL": self.engine.database_url,
            "XSENDER_TEMPORAL_ADDRESS": self.engine.temporal_address,
            "XSENDER_KEYS": self.keys,
            "XSENDER_LOG_LEVEL": "WARNING",
            **self.more,
        }
