"""Has a run take all its steps in one transaction that is rolled back, with a clock that jumps (decision 0045)."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from domain.audience.consents import ConsentState, NewConsent
from domain.audience.purposes import MARKETING
from domain.automations.definition.steps import Send
from domain.automations.rest import Rest
from domain.errors import InvalidError
from services.automations.publishing.moving import Landed
from services.automations.runs.round import Round
from services.automations.runs.stepping import Take, take_one
from services.automations.simulating.given import GivenEvent
from services.automations.simulating.messages import FAILURES, Messages
from services.automations.simulating.report import Moment
from services.automations.simulating.setting_up import ORIGIN, Begun
from store.audience.consent import consents
from store.audience.contacts import rows
from store.audience.events import recording
from store.audience.events.recording import ContactEvent
from store.automations import runs, simulating
from store.automations.runs import Run
from store.pool import Connections

MOST_ROUNDS = 500
"""Steps, and looks at what a run waits for."""
MOST_SECONDS = 10.0
CONSENTS = {"consent.granted": ConsentState.GRANTED, "consent.withdrawn": ConsentState.WITHDRAWN}
"""Events that are recorded choices."""
_RULES = ("for", "until", "at", "window", "offset", "timezone", "jitter", "event", "any", "of", "match", "timeout")


@dataclass(slots=True)
class Simulation:
    """One run, from its entry to its end."""

    store: Connections
    begun: Begun
    take: Take
    messages: Messages
    account_id: int
    run_id: UUID
    now: datetime
    until: datetime | None
    """When it stops, wherever the run is."""
    pending: list[GivenEvent]
    """What has not happened yet."""
    entered_at: datetime
    moments: list[Moment] = field(default_factory=list)
    _placed: list[UUID] = field(default_factory=list)
    _rounds: int = 0
    _noted: int = 0
    _wait: object = None
    _deadline: float = field(default_factory=lambda: time.monotonic() + MOST_SECONDS)

    async def go(self) -> Run:
        """Go through all of it. Returns the run as it is then.

        Raises:
            InvalidError: it takes too long.
        """
        await self._happen()
        while not (await self._steps()).is_over:
            if not await self._wait_for_something():
                break
        found = await runs.get(self.store, self.run_id)
        assert found is not None, "nobody else sees it"
        return found

    async def _steps(self) -> Rest:
        """Take the steps that can be taken now."""
        while True:
            self._count()
            (looked,) = await runs.look(self.store, [self.run_id])
            round_ = Round(self.store, self.now, [(looked.run, self.begun.of)])
            went = await take_one(round_, Landed(looked), looked.run, self.begun.of, self.take)
            await round_.write()
            await self._place()
            await self._note()
            await self.messages.make(self.now)
            await self._leave()
            if isinstance(went, Rest):
                return went

    async def _wait_for_something(self) -> bool:
        """Let time pass until the run looks again; false: it stops here."""
        while True:
            run = await runs.get(self.store, self.run_id)
            assert run is not None, "nobody else sees it"
            assert run.until is not None, "it waits"
            sends = isinstance(self.begun.of.tree.step(run.step or ""), Send)
            self._note_wait(run)
            due = self.messages.next_due
            moments = [due, *(self._moment(event) for event in self.pending)]
            if not (sends and due):  # then it would only look whether the message has left
                moments.append(run.until)
            self.now = max(self.now, min(at for at in moments if at is not None))
            if self.until is not None and self.now > self.until:
                self.now = self.until
                return False
            self._count()
            happened = await self._happen()
            if run.until <= self.now or (sends and self.messages.next_due != due):
                return True
            if not {*happened}.isdisjoint(await simulating.awaits(self.store, self.run_id)):
                return True

    def _count(self) -> None:
        self._rounds += 1
        if self._rounds > MOST_ROUNDS or time.monotonic() > self._deadline:
            message = f"a simulation has at most {MOST_ROUNDS} steps and events, and {MOST_SECONDS:g} s: ask for less"
            raise InvalidError("simulation_size", message)

    def _moment(self, event: GivenEvent) -> datetime | None:
        """When it happens; ``None``: the message that it is about has not left yet."""
        at = event.moment(self.entered_at)
        if event.of is None:
            return at
        message = self.messages.of(event.of)
        return max(at, message.left_at) if message and message.left_at else None

    async def _happen(self) -> Sequence[str]:
        """Have happen what is due. Returns the names."""
        names = await self._leave()
        while due := [event for event in self.pending if (at := self._moment(event)) and at <= self.now]:
            event = min(due, key=lambda one: self._moment(one) or self.now)
            self.pending.remove(event)
            await self._record(event)
            names.append(event.event)
        return names

    async def _record(self, event: GivenEvent) -> None:
        at = min(self.now, self._moment(event) or self.now)
        message = self.messages.of(event.of) if event.of else None
        if message is not None:
            made = await self.messages.report(message, event.event, at, event.data)
            await recording.add(self.store, self.account_id, [made])
        else:
            await record(self.store, self.account_id, self.begun.contact_id, event, at)
        shown: dict[str, Any] = {"event": event.event, "of": event.of, "data": event.data}
        self.moments.append(Moment(at, "event", {name: value for name, value in shown.items() if value}))
        await self._place(at)

    async def _leave(self) -> list[str]:
        """Have messages leave that are due. Returns the names of what is reported of them."""
        failing = {event.of for event in self.pending if event.of and event.event in FAILURES}
        events = await self.messages.leave(self.now, {step for step in failing if step})
        if events:
            await recording.add(self.store, self.account_id, events)
            await self._place()
        for one in self.messages.all.values():
            if one.waited and one.left_at == self.now:
                self.moments.append(Moment(self.now, "message", {"step": one.step, "state": one.state.value}))
                one.waited = False
        return [event.name for event in events]

    async def _place(self, at: datetime | None = None) -> None:
        """Give what was recorded by the real clock its simulated time."""
        new = await simulating.put_new_events_at(
            self.store, self.account_id, self.begun.contact_id, at or self.now, self._placed
        )
        self._placed += new

    async def _note(self) -> None:
        for taken in await runs.steps(self.store, self.run_id, self._noted):
            step = self.begun.of.tree.step(taken.step)
            shown = {"step": taken.step, "does": step.kind} | ({"name": step.name} if step.name else {})
            self.moments.append(Moment(taken.at, "step", shown | {"outcome": taken.outcome}, taken.number))
            self._noted = taken.number

    def _note_wait(self, run: Run) -> None:
        """Note a wait when it begins, or its end moves."""
        step = self.begun.of.tree.step(run.step or "")
        until = self.messages.next_due if isinstance(step, Send) else run.until
        if self._wait == (run.taken, until):
            return
        self._wait = (run.taken, until)
        source = _written(self.begun.of.flow.source, step.id)
        rule = {name: source[name] for name in _RULES if name in source and not isinstance(step, Send)}
        shown = {"step": step.id, "until": until, "rule": rule or {"await": "the message before it"}}
        self.moments.append(Moment(self.now, "wait", shown))


async def record(store: Connections, account_id: int, contact_id: UUID, event: GivenEvent, at: datetime) -> None:
    """Record an event that is about no message. Consent counts from then on.

    Raises:
        InvalidError: it is about consent, and lacks whose.
    """
    state = CONSENTS.get(event.event)
    if state is None:
        await recording.add(store, account_id, [ContactEvent(contact_id, event.event, at, uuid4(), event.data)])
        return
    channel, purpose = event.data.get("channel"), event.data.get("purpose", MARKETING)
    contact = await rows.get(store, account_id, contact_id)
    addresses = contact and {
        "email": contact.email,
        "sms": contact.phone,
        "whatsapp": contact.whatsapp or contact.phone,
    }
    address = addresses.get(str(channel)) if addresses else None
    if not address or not isinstance(purpose, str):
        message = f"{event.event} needs the channel of one of the contact's addresses in data, and a purpose"
        raise InvalidError("consent_event", message, "/events")
    await consents.record(store, account_id, [NewConsent(str(channel), address, purpose, state, ORIGIN, at=at)])


def _written(value: Any, step_id: str) -> Mapping[str, Any]:
    """A step as it is written in the definition."""
    if isinstance(value, Mapping):
        if value.get("id") == step_id and "kind" in value:
            return value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            if found := _written(inner, step_id):
                return found
    return {}
