"""Places that many share: each owner has a few at most, so that none can take them all."""

import asyncio
from weakref import WeakValueDictionary


class OwnerPlaces:
    """As many places for every owner. Those of an owner whom nobody holds any more are forgotten."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._known: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, owner: str) -> asyncio.Semaphore:
        """The owner's places. Whoever takes one keeps hold of this until it is given back."""
        places = self._known.get(owner)
        if places is None:
            places = self._known[owner] = asyncio.Semaphore(self._each)
        return places


async def take(*places: asyncio.Semaphore) -> None:
    """Take one of each, in this order: first where few others wait, so that who has to wait there takes none of all."""
    taken = []
    try:
        for each in places:
            await each.acquire()
            taken.append(each)
    except BaseException:
        give_back(*taken)
        raise


def give_back(*places: asyncio.Semaphore) -> None:
    """Free what ``take`` took."""
    for each in places:
        each.release()
