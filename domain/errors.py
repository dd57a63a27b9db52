"""The errors that a caller can do something about. Each surface maps the classes to its own form (HTTP, exit code).

::

    XsenderError
    ├── NotFoundError             404
    ├── ConflictError             409
    │   └── ChangeRefused         the workflow that was to do it has ended, or refuses
    ├── InvalidError              422
    │   └── InvalidGatewayConfig
    ├── InsufficientCreditError   402
    ├── ForbiddenError            403
    ├── UnavailableError          503
    │   ├── TemporalUnavailable
    │   └── WorkflowUnresponsive
    └── FaultError                500, and the log says more
        ├── KeyringError          a stored secret does not open with the install's keys
        ├── MigrationError        the schema cannot be brought up to date
        ├── WorkersFailedError    worker processes cannot be kept running
        └── EmbeddedError         PostgreSQL or Temporal cannot be started on this machine
"""


class XsenderError(Exception):
    """Base of all: ``code`` is for programs and stays stable, ``message`` tells a person what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotFoundError(XsenderError):
    """What was named does not exist, or not for this caller."""


class ConflictError(XsenderError):
    """It contradicts what is already there: a name in use, an id used for something else, a state that is past."""


class InvalidError(XsenderError):
    """A value is outside of what is allowed. ``pointer`` is its place in the input (RFC 6901), where there is one."""

    def __init__(self, code: str, message: str, pointer: str = "") -> None:
        super().__init__(code, message)
        self.pointer = pointer


class InsufficientCreditError(XsenderError):
    """The wallet has less available than is needed."""


class ForbiddenError(XsenderError):
    """The caller is known, but may not do this."""


class UnavailableError(XsenderError):
    """A part of the install does not answer now; nothing was done. ``retry_after``: seconds."""

    def __init__(self, code: str, message: str, retry_after: float = 1.0) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class FaultError(XsenderError):
    """The install is not in order; its operator can mend that, a caller of the API cannot."""
