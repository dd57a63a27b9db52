"""hear: inbound messages, stored and processed."""

from uuid import UUID

from temporalio import activity

from domain.channels import Channel
from domain.ids import page_of
from domain.messages.new_page import new_page
from domain.messages.page_content import Content, PageContent, PageMessage
from domain.messages.prices import Prices, sms_content
from domain.messages.receipts import Inbound, InboundResult, Position, ReceiptsSource, Reply, decode_events
from services.accounts.rates import PlanPrices
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
        self._prices = PlanPrices(pool)

    @activity.defn(name="hear")
    async def process(self, source: ReceiptsSource, events: bytes, start: Position | None = None) -> InboundResult:
        """Store the messages among the events, from ``start`` on. Returns endpoints to wake, and replies to send.

        Its result is bounded, however many waiting messages an opt-out withdraws: then it returns where to continue.
        """
        start = start or Position(0)
        answer = _Answer()
        after = UUID(start.after) if start.after else None
        for place, event in enumerate(decode_events(events)[start.event :], start.event):
            if answer.is_full:
                return answer.result(Position(place))
            if isinstance(event, Inbound):
                gateway = UUID(source.gateways[0])
                taken = await inbound.take(self._pool, gateway, source.channel, event, after, WITHDRAWN_AT_A_TIME)
                if taken is not None:
                    reply = await self._reply(taken, source.channel) if after is None else None
                    answer.add(taken, reply)
                    if len(taken.withdrawn) == WITHDRAWN_AT_A_TIME:
                        return answer.result(Position(place, str(taken.withdrawn[-1])))
            after = None
        return answer.result(None)

    async def _reply(self, taken: inbound.Taken, channel: str) -> Reply | None:
        if not taken.reply:
            return None
        prices = await self._prices.of(taken.account_id, taken.rates_version)
        return _reply(taken, Channel(channel), taken.reply, prices)


class _Answer:
    """The result of the events so far."""

    def __init__(self) -> None:
        self._withdrawn: dict[str, list[str]] = {}
        self._count = 0
        self._replies: list[Reply] = []
        self._endpoints: set[UUID] = set()

    @property
    def is_full(self) -> bool:
        return self._count >= WITHDRAWN_AT_A_TIME or len(self._replies) >= REPLIES_AT_A_TIME

    def add(self, taken: inbound.Taken, reply: Reply | None) -> None:
        """Add one processed event; without its reply if this only continues its withdrawals."""
        for uid in taken.withdrawn:
            self._withdrawn.setdefault(str(page_of(uid)), []).append(str(uid))
        self._count += len(taken.withdrawn)
        self._endpoints |= taken.endpoints
        if reply:
            self._replies.append(reply)

    def result(self, rest: Position | None) -> InboundResult:
        return InboundResult(self._withdrawn, self._replies, sorted(map(str, self._endpoints)), rest)


def _reply(taken: inbound.Taken, channel: Channel, text: str, prices: Prices) -> Reply:
    """A page of one message, through the gateway that received the inbound one."""
    content, parts = sms_content(text) if channel is Channel.SMS else (Content(body=text), 1)
    category = "service" if channel is Channel.WHATSAPP else None
    message = PageMessage(taken.sender, prices.of(channel, taken.sender, parts, category), 0)
    page = new_page(taken.reply_page, channel, [taken.account_id], [message], {taken.gateway: [0]}, exempt=True)
    return Reply(page, PageContent([content], [message]).encode().decode())
