"""What a check finds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    level: Level
    message: str
    """What was found, in a sentence, without secrets and personal data."""
    remedy: str | None = None
    """What to do."""
    fix: Callable[[], Awaitable[str]] | None = field(default=None, compare=False)
    """Does it, as nothing can be lost by it; returns what was done."""
    about: str = ""
    """Tells findings of one check apart, and stays the same while its trouble lasts."""


def ok(check: str, message: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", message)


def warning(
    check: str, message: str, remedy: str, fix: Callable[[], Awaitable[str]] | None = None, *, about: str = ""
) -> Finding:
    """It works, and will not for long, or not for everything."""
    return Finding(check, "warning", message, remedy, fix, about)


def failure(
    check: str, message: str, remedy: str, fix: Callable[[], Awaitable[str]] | None = None, *, about: str = ""
) -> Finding:
    """Something does not work."""
    return Finding(check, "failure", message, remedy, fix, about)
