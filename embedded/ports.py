"""TCP ports of an install: free ones are chosen at the first start and stored, so that addresses stay the same."""

import json
import random
import socket
from collections.abc import Iterable
from pathlib import Path

from embedded.errors import PortTakenError

# Below the kernel's ephemeral range (32768 and up): an outgoing connection can never sit on a port of ours
# while the process that owns it is being restarted.
_CANDIDATES = range(17_000, 32_000)


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on this IPv4 address and port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port(avoid: Iterable[int] = ()) -> int:
    """A port on 127.0.0.1 without a listener, outside ``avoid``.

    Raises:
        PortTakenError: a thousand random ports in a row are in use.
    """
    taken = set(avoid)
    for port in random.sample(_CANDIDATES, 1000):
        if port not in taken and is_free(port):
            return port
    raise PortTakenError("no free TCP port found on 127.0.0.1")


def require_free(port: int, host: str, what: str) -> None:
    """Refuse a port that is in use, naming its purpose.

    Raises:
        PortTakenError: another program listens there.
    """
    if not is_free(port, host):
        raise PortTakenError(f"port {port} on {host} is already in use: choose another one for {what}")


def remembered_ports(file: Path, asked: dict[str, int | None], avoid: Iterable[int] = ()) -> dict[str, int]:
    """One port for each name: the requested one, else that of the last start if still free, else a new free one.

    The result, which shares nothing with ``avoid``, is written to ``file`` for the next start.

    Raises:
        PortTakenError: a requested port is in use, or no port is free.
    """
    last: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    chosen: dict[str, int] = {}
    for name, port in asked.items():
        if port is not None:
            require_free(port, "127.0.0.1", name)
            chosen[name] = port
    for name in asked.keys() - chosen.keys():
        used = {*avoid, *chosen.values()}
        old = last.get(name)
        chosen[name] = old if old is not None and old not in used and is_free(old) else free_port(avoid=used)
    file.write_text(json.dumps(chosen, indent=2, sort_keys=True) + "\n")
    return chosen
