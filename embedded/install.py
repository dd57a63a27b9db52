"""The files of an embedded install: its lock, its key ring, its settings. All private to their owner."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.keyring import Keyring
from embedded.errors import DataDirBusyError
from runtime.settings import INSTALL_FILE


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read; a reader sees the old content or the new, never half of it."""
    unfinished = file.with_name(file.name + ".new")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    unfinished.replace(file)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; the kernel releases it however the process ends.

    Raises:
        DataDirBusyError: another process holds it.
    """
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise DataDirBusyError(f"{folder} is in use by another instance (process {holder})") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def keyring_text(folder: Path) -> str:
    """The install's key ring, generated at the first call. Losing this file means losing all that it encrypts."""
    file = folder / "keys"
    if not file.exists():
        write_private(file, Keyring.generate() + "\n")
    return file.read_text().strip()


def write_settings(folder: Path, **found: str | int | None) -> None:
    """Write the install's settings, and drop those of another installation from this process's environment.

    A shell may carry the variables of a production system; an install in a folder must never reach into that.
    Only the public URL may come from there: an install behind a tunnel needs it.
    """
    elsewhere = dict.fromkeys(("temporal_tls_cert", "temporal_tls_key", "temporal_api_key"))
    settings = {
        **elsewhere,
        "temporal_namespace": "default",
        "temporal_tls": False,
        "keys": keyring_text(folder),
        **found,
    }
    write_private(folder / INSTALL_FILE, json.dumps(settings, indent=2, sort_keys=True) + "\n")
    for name in settings.keys() - {"public_url"}:
        os.environ.pop(f"XSENDER_{name.upper()}", None)
