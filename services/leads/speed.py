"""How fast leads are answered: by the first message that goes out to whoever sent one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from store import clock
from store.leads import speed
from store.leads.speed import Speed
from store.pool import Pool

_AT_A_TIME = 500
_MOST_FALLBACKS = 5
"""Messages, one in place of the other, that are followed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of a source."""

    since: datetime
    speed: Speed
    states: Mapping[str, int]
    """How many leads came, by the state that they are in."""


async def measure(pool: Pool, source_id: UUID, days: int) -> Measured:
    """Of the leads of a source that came in the last ``days``.

    Raises:
        DB_UNAVAILABLE: there are so many that it takes too long: ask for fewer days.
    """
    since = await clock.now(pool) - timedelta(days=days)
    return Measured(since, *await speed.measure(pool, source_id, since))


async def note_replies(pool: Pool) -> None:
    """Look when leads were answered. One that is not yet is looked at again, the older it is the later."""
    looked = _AT_A_TIME
    while looked == _AT_A_TIME:
        waiting = await speed.waiting(pool, _AT_A_TIME)
        looked = len(waiting)
        sent = await _sent_at(pool, {uid for one in waiting for uid in one.uids})
        first = {one.id: min((sent[uid] for uid in one.uids if uid in sent), default=None) for one in waiting}
        if first:
            await speed.note(pool, first)


async def _sent_at(pool: Pool, uids: set[UUID]) -> Mapping[UUID, datetime]:
    """When these messages went out, or those in their place."""
    found: dict[UUID, datetime] = {}
    wanted = {uid: uid for uid in uids}  # by the message that is looked at: the first one
    for _ in range(_MOST_FALLBACKS):
        if not wanted:
            break
        sent = await speed.sent_at(pool, wanted)
        found |= {wanted[uid]: at for uid, at in sent.items()}
        unsent = wanted.keys() - sent.keys()
        instead = await speed.in_their_place(pool, unsent) if unsent else {}
        wanted = {other: wanted[uid] for uid, other in instead.items()}
    return found
