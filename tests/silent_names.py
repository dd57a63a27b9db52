"""A resolver that never answers for some names, as the system's does not when their servers are silent."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Resolver:
    """What it was asked. Names that end in ``.dead.test`` never answer, those in ``.live.test`` are on this machine."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.addresses: dict[str, list[str]] = {}
        """Of names of which something else is known."""
        self.waiting = 0
        """Threads that wait for an answer now."""
        self._real = socket.getaddrinfo
        self._released = threading.Event()

    def getaddrinfo(self, host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        """As ``socket.getaddrinfo``."""
        name = str(host)
        self.asked[name] += 1
        if name.endswith(".dead.test"):
            self.waiting += 1
            self._released.wait()
            self.waiting -= 1
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        if name in self.addresses:
            return [found for each in self.addresses[name] for found in self._real(each, port, *args, **kwargs)]
        return self._real("127.0.0.1" if name.endswith(".live.test") else host, port, *args, **kwargs)

    def release(self) -> None:
        """Give up all that wait."""
        self._released.set()


@contextmanager
def silent_names(patch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    """Ask this resolver instead of the system's."""
    resolver = Resolver()
    patch.setattr(socket, "getaddrinfo", resolver.getaddrinfo)
    try:
        yield resolver
    finally:
        resolver.release()
