"""Shares a process's dispatches among the owners of gateways, as all gateways of one owner may hang."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from activities.pacing.slots import NoSlotFree

_COME_BACK = 4.0
"""Seconds, about."""


class OwnerShares:
    """Once half of the slots are taken an owner gets at most a quarter of all; until then, any number."""

    def __init__(self, size: int) -> None:
        """``size``: dispatches that the process runs at a time."""
        self._size = size
        self._taken: Counter[str] = Counter()

    @contextmanager
    def slot(self, owner: str) -> Iterator[None]:
        """A dispatch through a gateway of the owner.

        Raises:
            NoSlotFree: others may need the slot: run again later.
        """
        if self._taken.total() >= self._size / 2 and self._taken[owner] >= self._size / 4:
            raise NoSlotFree(_COME_BACK)
        self._taken[owner] += 1
        try:
            yield
        finally:
            self._taken[owner] -= 1
            if not self._taken[owner]:
                del self._taken[owner]
