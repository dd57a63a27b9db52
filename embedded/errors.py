"""What can go wrong when an install is started; each message is meant for the person who started it."""

from domain.errors import FaultError


class EmbeddedError(FaultError):
    """An embedded install cannot be started."""

    def __init__(self, message: str) -> None:
        super().__init__("embedded", message)


class PortTakenError(EmbeddedError):
    """A port that was asked for is in use by another program."""


class DataDirBusyError(EmbeddedError):
    """Another instance runs on this data dir."""


class ChildFailedError(EmbeddedError):
    """A child process does not come up, or does not become healthy."""
