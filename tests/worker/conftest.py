"""Workers as processes of their own, as an operator starts them."""

from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from runtime.children import environment_of, own_command
from runtime.settings import Settings
from tests.worker.live import Start


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Start ``xsender worker`` with these arguments; what still runs at the end is killed, with its children."""
    environment = environment_of(settings)
    started: list[psutil.Popen] = []

    def run(*arguments: str) -> psutil.Popen:
        started.append(psutil.Popen(own_command("worker", *arguments), env=environment))
        return started[-1]

    yield run
    for process in started:
        if process.poll() is None:
            for member in [process, *process.children()]:
                with suppress(psutil.NoSuchProcess):
                    member.kill()
            process.wait(10)
