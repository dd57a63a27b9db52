"""Asks the guards of accounts which messages may choose a gateway now."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from activities.pacing.velocity import Velocity
from domain.audience.guards.numbers import prefix_of
from domain.audience.guards.verdicts import Guarded, Refusal, Verdict, Wait
from domain.channels import Channel
from domain.ids import index_of, message_uid
from domain.messages.page import NoRoute, PageHeader, Parked, Routing, Share
from domain.messages.page_content import PageContent
from domain.messages.routing import Sender
from services.audience.guards.judging import Guards, is_let_pass, note, verdict_of
from store.audience.guards import looking
from store.audience.guards.looking import OfAccount, Seen
from store.pool import Pool

FRESH_SECONDS = 2.0
"""For so long a verdict about a message holds that does not count towards a cap."""

Content = Callable[[], PageContent]


class Guarding:
    """One per process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._guards = Guards(pool)
        self._velocity = Velocity(pool)

    async def sort(
        self, page: PageHeader, share: Share, sender: Sender, now: float, content: Content | None
    ) -> tuple[list[int], Routing | None]:
        """Of a share's messages those that may be sent now, and what is done with the others. ``None``: guards were
        not asked, as they do not concern these. ``content``: of the page, where it is at hand.
        """
        guarded, is_test = sender.guarded, share.key is not None and share.key.test
        if guarded is None or is_test or sender.status != "active":
            return share.indexes, None
        if page.is_transactional and not guarded.of_all:
            return share.indexes, None
        of = await self._guards.of(share.account_id, guarded.version)
        judged = self._judge(await self._seen(page, share, content), of, now)
        if of.settings.pumping != "off" and page.channel == Channel.SMS:
            await note(self._pool, share.account_id, judged)
        stopped = {index_of(one.uid) for one, verdict in judged if not is_let_pass(verdict)}
        return [index for index in share.indexes if index not in stopped], _routing(judged)

    async def _seen(self, page: PageHeader, share: Share, content: Content | None) -> Sequence[Seen]:
        page_id = UUID(page.page_id)
        if page.is_transactional and content is not None:
            messages, account = content().messages, share.account_id
            asked = {message_uid(page_id, i): Guarded(page.channel, messages[i].to, True) for i in share.indexes}
            return [Seen(uid, account, "", "", message, is_taken=False) for uid, message in asked.items()]
        uids = [message_uid(page_id, index) for index in share.indexes]
        return await looking.look(self._pool, uids, transactional=page.is_transactional)

    def _judge(self, seen: Sequence[Seen], of: OfAccount, now: float) -> list[tuple[Seen, Verdict]]:
        at = datetime.fromtimestamp(now, UTC)
        judged: list[tuple[Seen, Verdict]] = []
        for one in seen:
            if of.settings.pumping == "off" or one.message.channel != Channel.SMS:
                judged.append((one, verdict_of(one, of, at)))
                continue
            account, prefix = one.account_id, prefix_of(one.message.recipient)
            verdict = verdict_of(one, of, at, self._velocity.of(account, prefix, now))
            judged.append((one, verdict))
            if is_let_pass(verdict):
                self._velocity.count([(account, prefix)], now)
        return judged


def _routing(judged: Sequence[tuple[Seen, Verdict]]) -> Routing:
    waiting: dict[tuple[str, float], list[int]] = defaultdict(list)
    refused: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one, verdict in judged:
        match verdict:
            case Wait(reason, until):
                waiting[reason, until.timestamp()].append(index_of(one.uid))
            case Refusal(code, reason, True):
                refused[code, reason].append(index_of(one.uid))
    return Routing(
        parked=[Parked(indexes, until, "", reason) for (reason, until), indexes in waiting.items()],
        none=[NoRoute(indexes, code, reason, "rejected") for (code, reason), indexes in refused.items()],
    )
