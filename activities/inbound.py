"""hear: inbound messages, stored and processed."""

from uuid import UUID

from temporalio import activity

from domain.channels import Channel
from domain.ids import page_of
from domain.messages.new_page import new_page
from domain.messages.page_content import Content, PageContent, PageMessage
from domain.messages.prices import price, sms_content
from domain.messages.receipts import Inbound, InboundResult, Position, ReceiptsSource, Reply, decode_events
from store.audience import inbound
from store.pool import Pool

WITHDRAWN_AT_A_TIME = 2000
"""Messages, of about 45 bytes each in the answer: a marker in the workflow's history."""
REPLIES_AT_A_TIME = 200
"""Replies, of about 2 kB each at the most."""


class InboundMessages:
    """An opt-out is applied before any reply is sent; each message is processed once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="hear")
    async def process(self, source: ReceiptsSource, events: bytes, start: Position | None = None) -> InboundResult:
        """Store the messages among the events, from ``start`` on. Returns endpoints to wake, and replies to send.

        Its result is bounded, however many waiting messages an opt-out withdraws: then it returns where to continue.
        """
        start = start or Position(0)
        answer = _Answer(source.channel)
        after = UUID(start.after) if start.after else None
        for place, event in enumerate(decode_events(events)[start.event :], start.event):
            if answer.is_full:
                return answer.result(Position(place))
            if isinstance(event, Inbound):
                gateway = UUID(source.gateways[0])
                taken = await inbound.take(self._pool, gateway, source.channel, event, after, WITHDRAWN_AT_A_TIME)
                if taken is not None:
                    answer.add(taken, is_first=after is None)
                    if len(taken.withdrawn) == WITHDRAWN_AT_A_TIME:
                        return answer.result(Position(place, str(taken.withdrawn[-1])))
            after = None
        return answer.result(None)


class _Answer:
    """The result of the events so far."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._withdrawn: dict[str, list[str]] = {}
        self._count = 0
        self._replies: list[Reply] = []
        self._endpoints: set[UUID] = set()

    @property
    def is_full(self) -> bool:
        return self._count >= WITHDRAWN_AT_A_TIME or len(self._replies) >= REPLIES_AT_A_TIME

    def add(self, taken: inbound.Taken, *, is_first: bool) -> None:
        """Add one processed event; ``is_first``: not a continuation of its withdrawals."""
        for uid in taken.withdrawn:
            self._withdrawn.setdefault(str(page_of(uid)), []).append(str(uid))
        self._count += len(taken.withdrawn)
        self._endpoints |= taken.endpoints
        if taken.reply and is_first:
            self._replies.append(_reply(taken, self._channel, taken.reply))

    def result(self, rest: Position | None) -> InboundResult:
        return InboundResult(self._withdrawn, self._replies, sorted(map(str, self._endpoints)), rest)


def _reply(taken: inbound.Taken, channel: str, text: str) -> Reply:
    """A page of one message, through the gateway that received the inbound one."""
    content, parts = sms_content(text) if channel == Channel.SMS else (Content(body=text), 1)
    message = PageMessage(taken.sender, price(taken.account_id, parts=parts), 0)
    page = new_page(taken.reply_page, channel, [taken.account_id], [message], {taken.gateway: [0]}, exempt=True)
    return Reply(page, PageContent([content], [message]).encode().decode())
