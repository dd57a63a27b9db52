"""Errors at the start of an install; their messages are for the user who starts it."""

from domain.errors import FaultError


class EmbeddedError(FaultError):
    """An embedded install cannot be started."""

    def __init__(self, message: str) -> None:
        super().__init__("embedded", message)


class PortTakenError(EmbeddedError):
    """A requested port is in use by another program."""


class DataDirBusyError(EmbeddedError):
    """Another instance runs on this data dir."""


class ChildFailedError(EmbeddedError):
    """A child process does not come up, or does not become healthy."""
