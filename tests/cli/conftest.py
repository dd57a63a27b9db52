"""Running the real command as a process of its own, against the database of the test run."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from cli.main import command
from runtime.children import environment_of
from runtime.settings import Settings
from tests.cli import warm_interpreter

XSENDER = Path(sys.executable).with_name("xsender")


@dataclass(frozen=True)
class Ended:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on standard output, of a command that went well."""
        assert (self.code, self.err) == (0, ""), self
        return json.loads(self.out)

    @property
    def refusal(self) -> str:
        """The message of a command that was refused, for people or for programs."""
        assert (self.code, self.out) == (1, ""), self
        assert "Traceback" not in self.err
        if not self.err.startswith("{"):
            return self.err
        answer = json.loads(self.err)
        assert answer.keys() == {"success", "message"}
        assert answer["success"] is False
        return answer["message"]


Cli = Callable[..., Awaitable[Ended]]


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """The environment of an install without a folder."""
    return environment_of(settings)


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where commands are requested of an interpreter that has loaded what they need."""
    place = str(tmp_path_factory.mktemp("warm") / "socket")
    arguments = (sys.executable, "-m", warm_interpreter.__name__, place)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(arguments, cwd=Path(__file__).parents[2], **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield place
        process.communicate()


@pytest.fixture
def cli(warm: str, environment: dict[str, str], tmp_path: Path) -> Cli:
    """Run ``xsender`` with these arguments, in an empty folder."""

    async def run(*arguments: object, **more: str) -> Ended:
        command = [str(XSENDER), *map(str, arguments)]
        code, out, err = await asyncio.to_thread(warm_interpreter.run, warm, command, environment | more, tmp_path)
        return Ended(code, out.decode(errors="replace"), err.decode())

    return run


@pytest.fixture
def refusal(environment, monkeypatch, capsys) -> Callable[..., str]:
    """Run ``xsender`` in this process, which is much faster, and return the message with which it refuses."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XSENDER_DATA_DIR", "")  # so that it is restored after the command has set it
    monkeypatch.delenv("XSENDER_DATA_DIR")

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["xsender", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            command()
        printed = capsys.readouterr()
        return Ended(ended.value.code, printed.out, printed.err).refusal

    return run


@pytest_asyncio.fixture
async def user(cli: Cli) -> int:
    """The id of a new user."""
    created = await cli("user", "create", "--email", f"{uuid4().hex}@example.com", "--name", "Ada", "--json")
    return created.json["id"]
