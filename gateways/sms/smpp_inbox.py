"""What an SMSC delivers: handed over a handful at a time, and answered only when it is safe.

A delivery that is not answered comes again, so a crash loses nothing. That is why parts of a message are not answered
either before all have come; but an SMSC that waits for one answer before it delivers the next must not wait for ever,
nor may parts wait that another bind of ours has got. After a few seconds what has come is handed over as it is.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from domain.receipts import Event, Inbound
from gateways.base import Take
from gateways.sms.smpp_delivery import Part, ReceiptIds, is_message, number_of, read_part, read_receipt
from gateways.sms.smpp_pdu import BadPdu, ShortMessage
from gateways.sms.smpp_session import Answer
from gateways.sms.smpp_status import INVALID_LENGTH, OK, QUEUE_FULL, TRY_AGAIN

HANDFUL = 100
"""Events that are handed over at a time, at most."""
WAITING_CAP = 1000
"""Deliveries without an answer. More are turned away for now."""
PART_SECONDS = 5.0
"""How long a part waits for the others. SMSCs wait longer for an answer."""
KEYS_CAP = 1000


@dataclass
class _Arrival:
    event: Event
    answers: list[Answer]


@dataclass
class _Message:
    """A message of which parts have come."""

    sender: str
    recipient: str
    parts: dict[int, Part] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None

    @property
    def text(self) -> str | None:
        """Its text, put together before it is decoded: phones cut surrogate pairs."""
        ordered = [self.parts[number] for number in sorted(self.parts)]
        return Part(b"".join(part.octets for part in ordered), ordered[0].data_coding).text


class Inbox:
    """The deliveries of one gateway, over however many sessions they come."""

    def __init__(self, take: Take | None, ids: ReceiptIds, seconds: float) -> None:
        """``take`` is given ``seconds`` for a handful. Without it, all is turned away for now."""
        self._take = take
        self._ids = ids
        self._seconds = seconds
        self._arrivals: list[_Arrival] = []
        self._unfinished: dict[tuple[str, str, int, int], _Message] = {}
        self._unanswered = 0
        self._worker: asyncio.Task[None] | None = None
        self._keys: OrderedDict[tuple[str, str, str], str] = OrderedDict()

    def deliver(self, body: bytes, answer: Answer) -> None:
        """Take in the body of a ``deliver_sm``. It will be answered."""
        if self._take is None:
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
        if receipt := read_receipt(message, self._ids, time.time()):
            self._unanswered += 1
            self._arrived(_Arrival(receipt, [answer]))
        elif is_message(message):
            self._unanswered += 1
            self._gather(message, answer)
        else:
            answer(OK)  # a receipt that tells nothing, or something else between machines

    async def drain(self) -> None:
        """Wait until what is being handed over is answered."""
        if self._worker is not None:
            await asyncio.shield(self._worker)

    def close(self) -> None:
        """Forget what is not answered: it will come again."""
        for message in self._unfinished.values():
            if message.timer:
                message.timer.cancel()
        if self._worker is not None:
            self._worker.cancel()

    def _gather(self, message: ShortMessage, answer: Answer) -> None:
        part = read_part(message)
        sender, recipient = number_of(message.source), message.destination.text
        key = (sender, recipient, part.reference, part.total)
        if part.total == 1:
            self._read(_Message(sender, recipient, {1: part}, [answer]))
            return
        whole = self._unfinished.setdefault(key, _Message(sender, recipient))
        whole.parts[part.number] = part
        whole.answers.append(answer)
        if len(whole.parts) == part.total:
            self._complete(key)
        elif whole.timer is None:
            whole.timer = asyncio.get_running_loop().call_later(PART_SECONDS, self._complete, key)

    def _complete(self, key: tuple[str, str, int, int]) -> None:
        whole = self._unfinished.pop(key)
        if whole.timer:
            whole.timer.cancel()
        self._read(whole)

    def _read(self, message: _Message) -> None:
        text = message.text
        if text is None:
            self._answer(message.answers, OK)  # nothing that a person wrote
            return
        # SMPP gives messages from phones no id. One that comes again because we could not answer it keeps its key.
        known = self._keys.pop((message.sender, message.recipient, text), None)
        event = Inbound(known or uuid4().hex, time.time(), message.sender, message.recipient, text)
        self._arrived(_Arrival(event, message.answers))

    def _arrived(self, arrival: _Arrival) -> None:
        self._arrivals.append(arrival)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())

    async def _work(self) -> None:
        while self._arrivals:
            handful, self._arrivals = self._arrivals[:HANDFUL], self._arrivals[HANDFUL:]
            status = await self._hand_over([arrival.event for arrival in handful])
            for arrival in handful:
                if not self._answer(arrival.answers, status) or status != OK:
                    self._remember(arrival.event)

    async def _hand_over(self, events: Sequence[Event]) -> int:
        assert self._take is not None
        try:
            async with asyncio.timeout(self._seconds):
                await self._take(events)
        except Exception:  # whatever it was: the SMSC keeps the messages, and asks again
            return TRY_AGAIN
        return OK

    def _answer(self, answers: Sequence[Answer], status: int) -> bool:
        self._unanswered -= len(answers)
        answered = [answer(status) for answer in answers]
        return all(answered)

    def _remember(self, event: Event) -> None:
        if isinstance(event, Inbound):
            self._keys[event.sender, event.recipient, event.body] = event.key
            if len(self._keys) > KEYS_CAP:
                self._keys.popitem(last=False)
