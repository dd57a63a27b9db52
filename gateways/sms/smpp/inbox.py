"""Deliveries of an SMSC: handed over in batches, and acknowledged only when they are durable.

A delivery that is not answered comes again, to this process or to another one, so a crash loses nothing. A receipt has
a key of its own. A message from a phone has none in SMPP: the one it is given here stays with it until it is answered.
A part of a message is durable, and acknowledged, when it is stored beside the others, in whatever process; whoever
gets the last one hands the message over.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from domain.messages.receipts import Event, Inbound, Receipt
from domain.text.sms_parts import Part
from gateways.base import Deliveries, GatewayConnections, Take
from gateways.sms.smpp.delivery import ReceiptIds, decode_text, is_message, number_of, read_part, read_receipt
from gateways.sms.smpp.pdu import BadPdu, ShortMessage
from gateways.sms.smpp.session import Answer
from gateways.sms.smpp.status import INVALID_LENGTH, OK, QUEUE_FULL, TRY_AGAIN

log = structlog.get_logger()

BATCH = 100
"""Deliveries that are handed over at a time, at most."""
WAITING_CAP = 1000
"""Deliveries without an answer. More are turned away for now."""
PART_SECONDS = 60.0
"""How long the parts of a message wait for the others. Then what has come is handed over as it is."""


@dataclass(slots=True)
class _Arrival:
    """A delivery without an answer: a receipt, or a part of a message that may be its only one."""

    answer: Answer
    at: float
    receipt: Receipt | None = None
    part: Part | None = None
    sender: str = ""
    recipient: str = ""
    is_open: bool = True
    """Whether it is still to be answered."""


@dataclass(slots=True)
class _Message:
    """A message from a phone that is whole."""

    event: Inbound
    arrivals: list[_Arrival] = field(default_factory=list)


class Inbox:
    """The deliveries of one gateway, over however many sessions they come."""

    def __init__(self, outside: GatewayConnections, ids: ReceiptIds, seconds: float) -> None:
        """``seconds`` is the time limit of the sink for a batch of messages. Without a sink all are refused for now."""
        self._take = outside.events
        self._deliveries = outside.deliveries
        self._ids = ids
        self._seconds = seconds
        self._arrivals: list[_Arrival] = []
        self._unanswered = 0
        self._finished: list[str] = []
        self._worker: asyncio.Task[None] | None = None

    def deliver(self, body: bytes, answer: Answer) -> None:
        """Take in the body of a ``deliver_sm``. It will be answered."""
        if self._take is None or self._deliveries is None:
            answer(TRY_AGAIN)
            return
        if self._unanswered >= WAITING_CAP:
            answer(QUEUE_FULL)
            return
        try:
            message = ShortMessage.decode(body)
        except BadPdu:
            answer(INVALID_LENGTH)
            return
        now = time.time()
        if receipt := read_receipt(message, self._ids, now):
            self._arrived(_Arrival(answer, now, receipt))
        elif is_message(message):
            sender, recipient = number_of(message.source), message.destination.text
            self._arrived(_Arrival(answer, now, None, read_part(message), sender, recipient))
        else:
            answer(OK)  # a receipt without information, or another automatic message

    async def hand_over_overdue(self) -> None:
        """Hand over messages whose missing parts are overdue, whichever process received the others."""
        if self._take is None or self._deliveries is None:
            return
        with _asked_again():
            async with asyncio.timeout(self._seconds):
                await self._overdue(self._take, self._deliveries)

    async def drain(self) -> None:
        """Wait until what is being handed over is answered."""
        if self._worker is not None:
            await asyncio.shield(self._worker)

    def close(self) -> None:
        """Forget what is not answered: it will come again."""
        if self._worker is not None:
            self._worker.cancel()

    def _arrived(self, arrival: _Arrival) -> None:
        assert self._take is not None
        assert self._deliveries is not None
        self._unanswered += 1
        self._arrivals.append(arrival)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(self._take, self._deliveries))

    async def _work(self, take: Take, deliveries: Deliveries) -> None:
        while self._arrivals:
            arrivals, self._arrivals = self._arrivals[:BATCH], self._arrivals[BATCH:]
            with _asked_again():
                async with asyncio.timeout(self._seconds):
                    await self._hand_over(arrivals, take, deliveries)
            for arrival in arrivals:
                if arrival.is_open:
                    self._answer(arrival, TRY_AGAIN)

    async def _hand_over(self, arrivals: Sequence[_Arrival], take: Take, deliveries: Deliveries) -> None:
        await self._finish(deliveries)  # what could not be before
        messages = await self._gather(arrivals, deliveries) | await self._claim(arrivals, deliveries)
        events: list[Event] = [arrival.receipt for arrival in arrivals if arrival.receipt]
        events += [message.event for message in messages.values()]
        if events:
            await take(sorted(events, key=lambda event: event.at))
        for arrival in arrivals:
            if arrival.receipt:
                self._answer(arrival, OK)
        for key, message in messages.items():
            answered = [self._answer(arrival, OK) for arrival in message.arrivals]
            if all(answered):
                self._finished.append(key)
        await self._finish(deliveries)

    async def _gather(self, arrivals: Sequence[_Arrival], deliveries: Deliveries) -> dict[str, _Message]:
        """Keep the parts of long messages. Returns the messages that are whole now, by their keys."""
        messages: dict[str, _Message] = {}
        for arrival in arrivals:
            if arrival.part is None or arrival.part.total == 1:
                continue
            kept = await deliveries.keep(arrival.sender, arrival.recipient, arrival.part)
            if not kept.is_whole or kept.ended:
                self._answer(arrival, OK)
            elif (text := decode_text(kept.octets, kept.data_coding)) is None:
                self._end_silently(arrival, kept.key)
            else:
                event = Inbound(kept.key, arrival.at, kept.sender, kept.recipient, text)
                messages.setdefault(kept.key, _Message(event)).arrivals.append(arrival)
        return messages

    def _end_silently(self, arrival: _Arrival, key: str) -> None:
        """Nothing that a person wrote."""
        self._answer(arrival, OK)
        self._finished.append(key)

    async def _claim(self, arrivals: Sequence[_Arrival], deliveries: Deliveries) -> dict[str, _Message]:
        """Find keys for the messages of one part. A repeat of one that could not be answered keeps its key."""
        texts = []
        for arrival in arrivals:
            if arrival.part is not None and arrival.part.total == 1:
                text = decode_text(arrival.part.octets, arrival.part.data_coding)
                if text is None:
                    self._answer(arrival, OK)  # nothing that a person wrote
                else:
                    texts.append((arrival, text))
        if not texts:
            return {}
        keys = await deliveries.keys_of([(arrival.sender, arrival.recipient, text) for arrival, text in texts])
        return {
            key: _Message(Inbound(key, arrival.at, arrival.sender, arrival.recipient, text), [arrival])
            for key, (arrival, text) in zip(keys, texts, strict=True)
        }

    async def _overdue(self, take: Take, deliveries: Deliveries) -> None:
        late = await deliveries.overdue(PART_SECONDS)
        texts = [(message, decode_text(message.octets, message.data_coding)) for message in late]
        events = [Inbound(m.key, time.time(), m.sender, m.recipient, text) for m, text in texts if text is not None]
        if events:
            await take(events)
        self._finished += [message.key for message in late]
        await self._finish(deliveries)

    async def _finish(self, deliveries: Deliveries) -> None:
        """Record which messages were acknowledged. If that fails, they are recorded with the next ones."""
        keys, self._finished = self._finished, []
        try:
            if keys:
                await deliveries.finish(keys)
        except BaseException:
            self._finished += keys
            raise

    def _answer(self, arrival: _Arrival, status: int) -> bool:
        arrival.is_open = False
        self._unanswered -= 1
        return arrival.answer(status)


@contextmanager
def _asked_again() -> Iterator[None]:
    """Go on whatever fails: the SMSC keeps what is not answered, and Postgres the parts, and both come up again."""
    try:
        yield
    except Exception as error:
        log.warning("deliveries of an SMSC could not be handed over", error=f"{type(error).__name__}: {error}")
