"""An interpreter that has loaded the libraries and forks for each command: loading them takes most of a command's time.

A command is a process of its own as if it had been started anew: nothing of ours is loaded but what ``xsender`` loads
before it knows which command it is, so each still loads its own modules, in its own order.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import NoReturn

from cli.main import main

LIBRARIES = (
    *("argon2", "asyncio", "cryptography.hazmat.primitives.ciphers.aead", "cryptography.x509", "dns.asyncresolver"),
    *("fastapi", "holidays", "httpx", "httpx_aiohttp", "joserfc.jwt", "liquid", "openpyxl", "orjson", "phonenumbers"),
    *("psycopg_pool", "pydantic", "pydantic_settings", "rich.table", "structlog", "temporalio.client"),
    *("temporalio.testing", "temporalio.worker", "yaml"),
)
_REQUEST_BYTES = 128 * 1024


def serve(place: str) -> None:
    """Fork for each command that is requested at this socket, until standard input ends."""
    for name in LIBRARIES:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for who serves a request
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(place)
        listener.listen(100)
        print("ready", flush=True)
        while sys.stdin not in (select.select([listener, sys.stdin], [], []))[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _answer(connection)
            connection.close()


def _answer(connection: socket.socket) -> NoReturn:
    """Run the command, and say with which code it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, streams, _, _ = socket.recv_fds(connection, _REQUEST_BYTES, 3)
    command = os.fork()
    if command == 0:
        connection.close()
        _become(*json.loads(request), streams)
    _, status = os.waitpid(command, 0)
    connection.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(arguments: list[str], environment: dict[str, str], folder: str, streams: list[int]) -> NoReturn:
    """Be the process ``xsender`` with these arguments."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False, errors="backslashreplace", buffering=1)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = arguments
    main()


def run(place: str, arguments: list[str], environment: Mapping[str, str], folder: Path) -> tuple[int, bytes, bytes]:
    """Run a command: its code, and what it wrote to standard output and standard error."""
    request = json.dumps([arguments, dict(environment), str(folder)]).encode()
    with (
        open(os.devnull, "rb") as nothing,
        TemporaryFile() as out,
        TemporaryFile() as err,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection,
    ):
        connection.connect(place)
        socket.send_fds(connection, [request], [nothing.fileno(), out.fileno(), err.fileno()])
        code = int(connection.recv(100))
        out.seek(0)
        err.seek(0)
        return code, out.read(), err.read()


if __name__ == "__main__":
    serve(sys.argv[1])
