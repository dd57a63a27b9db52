"""The operation ``users.purge``: removes the personal data of a deleted account. Its result says what was removed."""

import time
from typing import Any
from uuid import UUID

from domain.operations.slices import Sliced
from services.operations.cancel_waiting import SETTLED_AFTER, cancel_batches, end_some, tell
from services.operations.kinds import Slice
from store.operations import purging, waiting

NAME = "users.purge"
GRACE_DAYS = 30
"""Days after its deletion in which an account can be restored."""

_STEPS = tuple(purging.STEPS)


class PurgeUser:
    """Ends what waits, then empties table by table. It is always done as a whole."""

    name = NAME
    may_be_cancelled = False
    scope = ""

    async def count(self, work: Slice) -> None:
        """Known at the end."""

    async def slice(self, work: Slice) -> Sliced:
        """Do some rows."""
        place = work.operation.place or {"step": "settle", "until": time.time() + SETTLED_AFTER}
        await tell(work.client, place)
        if place["step"] == "settle":
            left = place["until"] - time.time()
            return Sliced(place, pause=left) if left > 0 else Sliced({"step": "waiting"})
        return await _ACTS.get(place["step"], _table)(work, place)


async def _waiting(work: Slice, place: dict[str, Any]) -> Sliced:
    after = UUID(place.get("after", str(waiting.START)))
    ended = await end_some(work, after, "account_deleted", "the account is deleted")
    step = {"step": "batches"} if ended.after is None else {"step": "waiting", "after": str(ended.after)}
    return Sliced(step | ended.to_tell)


async def _batches(work: Slice, place: dict[str, Any]) -> Sliced:
    last = await cancel_batches(work, UUID(place.get("after", str(waiting.START))))
    return Sliced({"step": "batches", "after": str(last)} if last else {"step": "messages"})


async def _messages(work: Slice, place: dict[str, Any]) -> Sliced:
    after = UUID(place["after"]) if "after" in place else None
    count, last = await purging.forget_messages(work.store, work.account_id, after)
    step = {"step": _STEPS[0]} if last is None else {"step": "messages", "after": str(last)}
    return _counted(work, "messages", count, step)


async def _table(work: Slice, place: dict[str, Any]) -> Sliced:
    name = place["step"]
    count = await purging.do_step(work.store, name, work.account_id)
    following = _STEPS.index(name) + 1
    step = {"step": name} if count else {"step": _STEPS[following]} if following < len(_STEPS) else None
    return _counted(work, name, count, step)


def _counted(work: Slice, name: str, count: int, step: dict[str, Any] | None) -> Sliced:
    rows = dict((work.operation.result or {"rows": {}})["rows"])
    rows[name] = rows.get(name, 0) + count
    return Sliced(step, count, result={"rows": rows})


_ACTS = {"waiting": _waiting, "batches": _batches, "messages": _messages}
