"""Runs that take their steps in one transaction: what they read is read for all at once, and written for all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.audience.conditions.evaluating import Facts
from domain.automations.rest import Rest, looks_at
from services.automations.calls.together import CallsOfRound
from services.automations.facts import Known, known_of
from services.automations.flows import Published
from store.audience.events import recording
from store.audience.events.recording import ContactEvent
from store.audience.segments.facts import facts_of_all
from store.automations import outbox, runs, told
from store.automations.outbox import Sent, Waiting
from store.automations.runs import Run, StepTaken
from store.automations.told import Note
from store.pool import Connections

_AT_ONCE, _MOST_EVENTS = 100, 10_000
"""Events of a contact that are read with those of others, and for itself: the oldest."""
_BEFORE = timedelta(seconds=5)
"""Events from so long before a run began are read, too: clocks of who reports them may be behind."""


class Round:
    """Nothing is read twice. The runs are locked: nobody else changes them."""

    def __init__(
        self, store: Connections, now: datetime, inside: Sequence[tuple[Run, Published]], *, is_timed: bool = False
    ) -> None:
        """``is_timed``: their workflows ask, and wait for what they are told."""
        self.store = store
        self.now = now
        self._is_timed = is_timed
        self.to_end: dict[UUID, str] = {}
        """Runs that a step of this round has end, with why."""
        self._inside = inside
        self._contacts: dict[UUID, Facts | None] = {}
        self._sends: dict[UUID, dict[int, Sent]] = {}
        self._events: dict[UUID, Sequence[ContactEvent]] = {}
        self._taken: dict[UUID, dict[str, datetime]] = {}
        self._caps: dict[tuple[UUID, UUID], int] = {}
        self._written: dict[UUID, tuple[Run, Sequence[str]]] = {}
        self._noted: list[tuple[UUID, StepTaken]] = []
        self._letters: list[tuple[Waiting, Sent]] = []
        self.notes: list[Note] = []
        """What steps tell somebody."""
        self.calls = CallsOfRound(store, [run for run, _ in inside])

    async def know(self, run: Run) -> Known | None:
        """A run as it is now; ``None``: its contact is gone."""
        if run.contact_id not in self._contacts:
            wanted = {one.contact_id: one.account_id for one, _ in self._inside if one.contact_id not in self._contacts}
            wanted[run.contact_id] = run.account_id
            found = await facts_of_all(self.store, [(account, id_) for id_, account in wanted.items()], self.now)
            self._contacts |= {id_: found.get(id_) for id_ in wanted}
        contact = self._contacts[run.contact_id]
        return None if contact is None else known_of(run, contact, await self.sends(run))

    async def sends(self, run: Run) -> Mapping[int, Sent]:
        """The messages of a run, by the numbers of their steps."""
        if run.taken == 0:
            return self._sends.setdefault(run.id, {})
        if run.id not in self._sends:
            wanted = {one.id for one, _ in self._inside if one.taken and one.id not in self._sends} | {run.id}
            found = await outbox.sends(self.store, sorted(wanted))
            self._sends |= {id_: dict(sent) for id_, sent in found.items()}
        return self._sends[run.id]

    async def taken_at(self, run: Run, step_ids: Collection[str]) -> datetime | None:
        """When a run took one of these steps last."""
        if run.id not in self._taken:
            wanted = {one.id for one, _ in self._inside if one.id not in self._taken} | {run.id}
            found = await runs.taken_at(self.store, sorted(wanted))
            self._taken |= {id_: dict(steps) for id_, steps in found.items()}
            for id_, step in self._noted:
                self._taken[id_][step.step] = step.at
        taken = self._taken[run.id]
        return max((taken[step_id] for step_id in step_ids if step_id in taken), default=None)

    async def events(self, run: Run, names: Collection[str], since: datetime) -> Sequence[ContactEvent]:
        """Events of a run's contact since a moment, the oldest first."""
        if run.contact_id not in self._events:
            await self._read_events()
        found = self._events[run.contact_id]
        if len(found) > _AT_ONCE or since < run.entered_at - _BEFORE:
            return await recording.of_contact(
                self.store, run.account_id, run.contact_id, sorted(names), since, _MOST_EVENTS
            )
        return [event for event in found if event.name in names and event.at >= since]

    async def _read_events(self) -> None:
        wanted: dict[UUID, tuple[int, datetime]] = {}
        names: set[str] = set()
        for run, of in self._inside:
            if run.contact_id not in self._events:
                since, before = run.entered_at - _BEFORE, wanted.get(run.contact_id)
                wanted[run.contact_id] = run.account_id, min(since, before[1]) if before else since
                names |= of.events
        self._events |= await recording.of_contacts(self.store, wanted, sorted(names), _AT_ONCE + 1)

    async def sent_since(self, run: Run, per: timedelta) -> int:
        """How many messages of its automation a run's contact was sent in this time."""
        of = run.automation_id, run.contact_id
        if of not in self._caps:
            wanted = {of: self.now - per}
            for one, published in self._inside:
                cap = published.flow.settings.cap
                if cap is not None and (one.automation_id, one.contact_id) not in self._caps:
                    wanted.setdefault((one.automation_id, one.contact_id), self.now - cap.per)
            await self.write()
            self._caps |= await outbox.sent_since(self.store, wanted)
        return self._caps[of]

    async def put(self, run: Run, waiting: Waiting, step_id: str) -> None:
        """Have a message be sent."""
        sent = Sent(step_id, self.now)
        self._letters.append((waiting, sent))
        await self.sends(run)
        self._sends[run.id][waiting.number] = sent
        of = run.automation_id, run.contact_id
        if of in self._caps:
            self._caps[of] += 1

    def note(self, run: Run, step: StepTaken) -> None:
        """Note a step that a run has taken."""
        self._noted.append((run.id, step))
        if run.id in self._taken:
            self._taken[run.id][step.step] = step.at

    def leave(self, run: Run, awaits: Sequence[str] = ()) -> None:
        """Note where a run is. ``awaits``: the events that it is to be woken for."""
        self._written[run.id] = run, awaits

    def rest(self, run: Run, until: datetime, awaits: Sequence[str] = ()) -> Rest:
        """Note that a run waits. Returns when its workflow looks by itself: later than others do (``due``), and not
        that of all runs at once."""
        timer_at = looks_at(until)
        self.leave(replace(run, timer_at=timer_at) if self._is_timed else run, awaits)
        return Rest(until=timer_at.timestamp(), step=run.step or "")

    async def write(self) -> None:
        """Write what was noted so far; runs first, as what is counted of a step belongs to their version."""
        await self.calls.write()
        if self._written:
            await runs.write(self.store, list(self._written.values()))
        if self.notes:
            await told.put(self.store, self.notes)
            self.notes = []
        if self._letters:
            await outbox.put(self.store, self._letters)
        if self._noted:
            await runs.note_steps(self.store, self._noted)
        self._letters, self._noted, self._written = [], [], {}

    def forget(self, contact_id: UUID) -> None:
        """A step has changed the contact, or what happened to it: what was read of it does not hold any more."""
        self._contacts.pop(contact_id, None)
        self._events.pop(contact_id, None)
