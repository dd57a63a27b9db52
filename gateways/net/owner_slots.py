"""Shared slots: each owner has a few at most, so that none can take them all."""

import asyncio
from weakref import WeakValueDictionary


class OwnerSlots:
    """The same number of slots for every owner. Those of an unused owner are dropped."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._known: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, owner: str) -> asyncio.Semaphore:
        """The owner's slots. A caller that takes one must keep a reference until it is given back."""
        slots = self._known.get(owner)
        if slots is None:
            slots = self._known[owner] = asyncio.Semaphore(self._each)
        return slots


async def take(*slots: asyncio.Semaphore) -> None:
    """Take one of each, in this order: the least shared first, so that a waiting caller holds none of the others."""
    taken = []
    try:
        for each in slots:
            await each.acquire()
            taken.append(each)
    except BaseException:
        give_back(*taken)
        raise


def give_back(*slots: asyncio.Semaphore) -> None:
    """Free the slots that ``take`` took."""
    for each in slots:
        each.release()
