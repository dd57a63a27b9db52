"""The messages of a simulation: made as real ones are, and accepted and delivered at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from domain.audience.named_template import TemplateUse
from domain.audience.purposes import stored
from domain.channels import Channel
from domain.ids import message_uid, new_page_id
from domain.messages.receipts import Receipt, ReceiptKind
from domain.messages.statuses import NEGATIVES, State, advance
from services.audience.templates.named import NamedTemplates
from services.audience.templates.preview import tell
from services.automations.outbox import read_letter, told_of
from services.contacts.read import ReadContacts, Terms
from store.audience import suppressions
from store.audience.events.recording import ContactEvent
from store.automations import simulating
from store.automations.simulating import NewMessage, Taken
from store.pool import DB_UNAVAILABLE, Connections

MESSAGE = "message."
"""How the names of their events begin."""
FAILURES = frozenset(MESSAGE + state.value for state in NEGATIVES)
"""Events that say that a message did not arrive."""


@dataclass(slots=True)
class Message:
    """A message of a step."""

    number: int
    """The step's, in the run."""
    step: str
    channel: str
    to: str
    state: State = State.REJECTED
    uid: UUID | None = None
    """``None``: none could be made."""
    code: str | None = None
    reason: str | None = None
    credits: int = 0
    purpose: str | None = None
    due: datetime | None = None
    """When it may leave; ``None``: it does not."""
    left_at: datetime | None = None
    waited: bool = False
    """Whether it did not leave with its step."""
    says: Mapping[str, Any] = field(default_factory=dict)
    fallbacks: Sequence[Mapping[str, Any]] = ()
    """What is sent if it does not arrive: that is shown, and not simulated."""

    @property
    def is_sent(self) -> bool:
        """Whether there is one that leaves."""
        return self.due is not None


class Messages:
    """Those of one run."""

    def __init__(self, store: Connections, account_id: int, contact_id: UUID, run_id: UUID, terms: Terms) -> None:
        self._store = store
        self._account_id = account_id
        self._contact_id = contact_id
        self._run_id = run_id
        self._terms = terms
        self._templates = NamedTemplates(store)
        self.all: dict[int, Message] = {}
        """By the numbers of their steps."""

    def of(self, step: str) -> Message | None:
        """The last one of a step that has left."""
        return next((one for one in reversed(self.all.values()) if one.step == step and one.left_at), None)

    @property
    def next_due(self) -> datetime | None:
        """When the next one leaves that waits."""
        return min((one.due for one in self.all.values() if one.due and not one.left_at), default=None)

    async def make(self, now: datetime) -> None:
        """Make those that steps asked for."""
        for taken in await simulating.take(self._store, self._run_id):
            made = self.all[taken.number] = await self._made(taken, now)
            await simulating.made(self._store, self._run_id, made.number, made.uid, made.code, made.reason)

    async def leave(self, now: datetime, failing: Collection[str]) -> Sequence[ContactEvent]:
        """Have those leave that are due. Returns what is reported of them; those of ``failing`` steps do not arrive."""
        events: list[ContactEvent] = []
        for one in self.all.values():
            if one.due is None or one.left_at or one.due > now:
                continue
            one.left_at = now
            for state in (State.SENT, *(() if one.step in failing else (State.DELIVERED,))):
                await self._put(one, state)
                events.append(self._event(one, MESSAGE + state.value, now, {}))
        return events

    async def report(self, one: Message, name: str, now: datetime, data: Mapping[str, Any]) -> ContactEvent:
        """What is reported of one that has left. Who is suppressed for it gets no more of them, as in truth."""
        kind = name.removeprefix(MESSAGE) if name.startswith(MESSAGE) else ""
        if kind in set(State) and advance(one.state, State(kind)) is not one.state:
            one.code = _code(data) if State(kind) in NEGATIVES else None
            await self._put(one, State(kind))
        if kind in set(ReceiptKind) and (reason := Receipt(ReceiptKind(kind), "", 0.0, code=_code(data)).suppression):
            await suppressions.add(self._store, self._account_id, one.channel, one.to, reason)
        return self._event(one, name, now, data)

    async def _put(self, one: Message, state: State) -> None:
        assert one.uid is not None, "it has left"
        one.state = state
        await simulating.set_state(self._store, one.uid, state.value, one.code)

    def _event(self, one: Message, name: str, now: datetime, data: Mapping[str, Any]) -> ContactEvent:
        about = {"uid": str(one.uid), "channel": one.channel}
        return ContactEvent(self._contact_id, name, now, uuid4(), about | dict(data))

    async def _made(self, taken: Taken, now: datetime) -> Message:
        channel = Channel(taken.letter["channel"])
        contact = dict(taken.contact)
        waits_until = contact.pop("schedule_at", None)  # in simulated time, which may be over
        address = contact.get("email" if channel is Channel.EMAIL else "number", "")
        found = Message(taken.number, taken.step, channel.value, address)
        try:
            read = await self._read(channel, taken.letter, contact)
        except DB_UNAVAILABLE:
            raise
        except Exception as error:
            found.code, found.reason = told_of(error)
            return found
        if read.left_out:
            found.code, found.reason = read.left_out[0].code, read.left_out[0].message
            return found
        (message,), contents = read.content.messages, read.content.contents
        found.to, found.uid = message.to, message_uid(new_page_id(), 0)
        found.says = tell(channel, contents[message.content])
        found.fallbacks = [
            {"channel": one.channel, "to": one.to, "after_seconds": one.after, "credits": one.price}
            | tell(Channel(one.channel), contents[one.content])
            for one in message.fallback
        ]
        found.purpose = read.purpose
        found.code = await simulating.refusal(self._store, self._account_id, channel, message.to, stored(read.purpose))
        if found.code is None:
            found.credits = message.price
            found.due = datetime.fromisoformat(waits_until) if waits_until else now
            found.waited = found.due > now
            found.state = State.SCHEDULED if found.waited else State.QUEUED
        new = NewMessage(found.uid, channel, message.to, found.state, found.code, stored(read.purpose))
        await simulating.add_message(self._store, self._account_id, new)
        return found

    async def _read(self, channel: Channel, letter: Mapping[str, Any], contact: dict[str, Any]) -> ReadContacts:
        key, named = letter["template"], None
        if key:
            named = await self._templates.read(self._account_id, channel, TemplateUse(key), archived=True)
        return read_letter(channel, letter, [contact], self._terms, named)


def _code(data: Mapping[str, Any]) -> str | None:
    code = data.get("code")
    return code[:100] if isinstance(code, str) else None
