"""Ending a process.

The Temporal SDK's threads may still deliver results while the interpreter shuts down. Python 3.11 then ends the
process with SIGABRT, or hangs (github.com/temporalio/sdk-python/issues/300). So a process that has done its
work exits without that shutdown.
"""

import logging
import os
import sys
from collections.abc import Callable
from typing import NoReturn


def run_and_exit(work: Callable[[], object]) -> NoReturn:
    """Do the work of this process, then end it with the code that Python would end it with."""
    code = 0
    try:
        work()
    except SystemExit as ended:
        code = _code(ended)
    except BrokenPipeError:  # as in ``xsender message list | head``
        code = 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    logging.shutdown()
    os._exit(_flushed(code))


def _code(ended: SystemExit) -> int:
    """Anything but a number is a message for standard error, as with ``sys.exit``."""
    if ended.code is None:
        return 0
    if isinstance(ended.code, int):
        return ended.code
    print(ended.code, file=sys.stderr)
    return 1


def _flushed(code: int) -> int:
    """Flush the output. A closed pipe is ignored, a full disk is reported."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:  # a stream that the caller closed
                stream.flush()
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                os.write(2, f"the output could not be written: {error}\n".encode())
            code = code or 1
    return code
