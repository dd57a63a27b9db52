"""The errors that a caller can do something about. Each surface maps the classes to its own form (HTTP, exit code).

::

    XsenderError
    ├── NotFoundError             404
    ├── ConflictError             409
    │   └── ChangeRefused         the workflow has ended, or refuses the change
    ├── InvalidError              422
    │   └── InvalidGatewayConfig
    ├── InsufficientCreditError   402
    ├── ForbiddenError            403
    ├── LogInError                401  a log-in was refused
    │   └── ProviderLogInError    at a provider of identities
    ├── TooSoonError              429
    ├── UnavailableError          503
    │   ├── TemporalUnavailable
    │   └── WorkflowUnresponsive
    └── FaultError                500, and the log says more
        ├── KeyringError          a stored secret does not open with the install's keys
        ├── MigrationError        the schema cannot be brought up to date
        ├── WorkersFailedError    worker processes cannot be kept running
        └── EmbeddedError         PostgreSQL or Temporal cannot be started on this machine
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MAX_SHOWN = 100
"""The most errors that one response lists."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One invalid field: ``pointer`` (RFC 6901) is its place in the body, ``/name`` is a query parameter."""

    pointer: str
    code: str
    message: str


def pointer(*path: str | int) -> str:
    """A JSON pointer (RFC 6901) to a place in the body."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


class XsenderError(Exception):
    """Base of all: ``code`` is for programs and stays stable, ``message`` tells people what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotFoundError(XsenderError):
    """It does not exist, or not for this caller."""


class ConflictError(XsenderError):
    """A conflict with the current state: a name in use, an id used for something else, a state that has passed.

    ``fields`` names the values that are in conflict, if that is known.
    """

    def __init__(self, code: str, message: str, fields: Sequence[FieldError] = ()) -> None:
        super().__init__(code, message)
        self.fields = list(fields)


class InvalidError(XsenderError):
    """Values are not allowed. ``fields`` names each of them; left out, the whole request is wrong."""

    def __init__(self, code: str, message: str, pointer: str = "", fields: Sequence[FieldError] = ()) -> None:
        super().__init__(code, message)
        self.pointer = pointer
        self.fields = list(fields) or [FieldError(pointer, code, message)]

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors pass between processes."""
        return InvalidError, (self.code, self.message, self.pointer, self.fields)


def invalid(errors: Sequence[FieldError], *, all_checked: bool = True) -> InvalidError:
    """The exception for these errors. ``all_checked``: there are no others."""
    first, count = errors[0], len(errors)
    where = f"{first.pointer}: " if first.pointer else ""
    more = f" (and {count - 1} more)" if count > 1 else ""
    if not all_checked:
        more = f" (and at least {count - 1} more: what follows was not checked)"
    return InvalidError(first.code, f"{where}{first.message}{more}", fields=errors[:MAX_SHOWN])


class InsufficientCreditError(XsenderError):
    """The wallet has less available than is needed."""


class ForbiddenError(XsenderError):
    """The caller is known, but may not do this."""


class LogInError(XsenderError):
    """A log-in was refused, or needs a code as well."""


class TooSoonError(XsenderError):
    """Too many tries: the caller waits for ``retry_after`` seconds."""

    def __init__(self, code: str, message: str, retry_after: float) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class UnavailableError(XsenderError):
    """A part of the install does not answer; nothing was done. ``retry_after``: seconds."""

    def __init__(self, code: str, message: str, retry_after: float = 1.0) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class FaultError(XsenderError):
    """The install is faulty; its operator can fix that, a caller of the API cannot."""
