"""The operation ``leads.replay``: leads are taken again, in the order in which they came."""

from uuid import UUID

from domain.access.user_scopes import SEND
from domain.leads.source import HOSTS
from domain.operations.slices import Sliced
from services.leads.replaying import REPLAY, filter_of
from services.operations.kinds import Slice
from store.leads import lists

_AT_A_TIME = 200
"""Leads of a slice: their workflows start beside those of new leads."""
_PAUSE = 1.0
"""Seconds between slices, for the same reason."""


class ReplayLeads:
    """Those that match, and that had come when it was asked for."""

    name = REPLAY
    may_be_cancelled = True
    scope = SEND

    async def count(self, work: Slice) -> int:
        """Those that can be taken again."""
        return await lists.count(work.store, work.account_id, filter_of(work.input), tuple(HOSTS))

    async def slice(self, work: Slice) -> Sliced:
        """Reopen the next ones."""
        after = UUID(work.operation.place) if work.operation.place else None
        wanted = filter_of(work.input)
        found = await lists.reopen_some(work.store, work.account_id, wanted, tuple(HOSTS), after, _AT_A_TIME)
        place = str(found[-1]) if len(found) == _AT_A_TIME else None
        return Sliced(place, len(found), pause=_PAUSE)
