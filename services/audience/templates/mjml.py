"""Compiles MJML to HTML, in a process of its own: its library recurses, and what tenants write must not stop others."""

import asyncio
import sys
from pathlib import Path

from domain.errors import FieldError, InvalidError, UnavailableError, invalid, pointer

MAX_OUTPUT = 500_000
"""Bytes of the HTML."""
_SECONDS = 10.0
_PATIENCE = 15.0
_CHILD = Path(__file__).with_name("mjml_child.py")
_at_once = asyncio.Semaphore(2)


async def to_html(source: str, *place: str | int) -> str:
    """The HTML of a template that has been checked (``check_body``); ``place`` is where it stands.

    Raises:
        InvalidError: it is not MJML, or takes too long, or becomes too large.
        UnavailableError: too many others are being compiled.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            await _at_once.acquire()
    except TimeoutError:
        raise UnavailableError("unavailable", "too many templates are being compiled: try again") from None
    try:
        status, output = await _run(source.encode())
    finally:
        _at_once.release()
    if status == 0 and len(output) <= MAX_OUTPUT:
        return output.decode()
    if status == 0:
        reason = f"its HTML has more than {MAX_OUTPUT} bytes: shorten it"
    else:
        reason = output.decode(errors="replace") if status == 1 else "it takes too much time or memory: simplify it"
    raise _refused(place, reason)


async def _run(source: bytes) -> tuple[int, bytes]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(_CHILD),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        async with asyncio.timeout(_SECONDS):
            output, _ = await child.communicate(source)
        return child.returncode or 0, output
    except TimeoutError:
        return -1, b""
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def _refused(place: tuple[str | int, ...], reason: str) -> InvalidError:
    return invalid([FieldError(pointer(*place), "mjml_refused", f"not MJML that can be compiled: {reason}")])
