"""How findings say how long and how many."""

from collections.abc import Sequence

from domain.messages.page import ADMIN_ACCOUNT


def span(seconds: float) -> str:
    """A time, in the largest unit of which there are two."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def gateway(channel: str, identifier: str, account_id: int) -> str:
    """A gateway by its name; those of users have their owner beside it, as two owners may use one name."""
    name = f"{channel} {identifier}"
    return name if account_id == ADMIN_ACCOUNT else f"{name} of user {account_id}"


def listed(names: Sequence[str], count: int) -> str:
    """The names; ``count``: how many there are in all."""
    more = f" and {count - len(names)} more" if count > len(names) else ""
    return f"{', '.join(names)}{more}"
