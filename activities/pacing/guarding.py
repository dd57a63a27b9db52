"""Asks the guards of accounts which messages may choose a gateway now."""

from collections import defaultdict
from uuid import UUID

from domain.audience.guards.verdicts import Refusal, Wait
from domain.ids import message_uid
from domain.messages.page import NoRoute, PageHeader, Parked, Routing, Share
from domain.messages.routing import Sender
from services.audience.guards.judging import Guards
from store.pool import Pool

FRESH_SECONDS = 2.0
"""For so long a verdict about a message holds that does not count towards a cap."""


class Guarding:
    """One per process."""

    def __init__(self, pool: Pool) -> None:
        self._guards = Guards(pool)

    async def sort(
        self, page: PageHeader, share: Share, sender: Sender, now: float
    ) -> tuple[list[int], Routing | None]:
        """Of a share's messages those that may be sent now, and what is done with the others. ``None``: guards were not
        asked, as they do not concern these."""
        of, is_test = sender.guarded, share.key is not None and share.key.test
        if of is None or is_test or sender.status != "active" or (page.is_transactional and not of.of_all):
            return share.indexes, None
        page_id = UUID(page.page_id)
        uids = {message_uid(page_id, index): index for index in share.indexes}
        verdicts = await self._guards.verdicts(
            share.account_id, of.version, list(uids), now, transactional=page.is_transactional
        )
        waiting: dict[tuple[str, float], list[int]] = defaultdict(list)
        refused: dict[tuple[str, str], list[int]] = defaultdict(list)
        for uid, verdict in verdicts.items():
            match verdict:
                case Wait(reason, until):
                    waiting[reason, until.timestamp()].append(uids[uid])
                case Refusal(code, reason):
                    refused[code, reason].append(uids[uid])
        parked = [Parked(indexes, until, "", reason) for (reason, until), indexes in waiting.items()]
        none = [NoRoute(indexes, code, reason, "rejected") for (code, reason), indexes in refused.items()]
        passed = [index for uid, index in uids.items() if uid not in verdicts]
        return passed, Routing(parked=parked, none=none)
