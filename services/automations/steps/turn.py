"""What a step has at hand when it is taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.audience.conditions.evaluating import Trace, evaluate
from domain.audience.conditions.tree import Condition, events_in
from domain.audience.contacts.contact import Contact
from domain.audience.guards.numbers import zones_of
from domain.automations.definition.flow import Flow
from domain.automations.position import Tree
from domain.automations.timing.local_time import choose_zone
from domain.text.template_errors import MissingField
from services.automations.facts import TEMPLATE_FAULTS, Known, fill
from services.automations.outcomes import StepFailed
from services.automations.runs.round import Round
from store.audience.contacts import rows
from store.audience.events.recording import ContactEvent
from store.audience.segments.facts import occurrences
from store.automations.runs import Run
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Turn:
    """A run at one of its steps, in a transaction."""

    round: Round
    run: Run
    flow: Flow
    tree: Tree
    known: Known
    """Without events: ``judge`` reads those that it needs."""

    @property
    def store(self) -> Connections:
        """The transaction."""
        return self.round.store

    @property
    def now(self) -> datetime:
        """The moment of the round."""
        return self.round.now

    @property
    def number(self) -> int:
        """The step's, in the run."""
        return self.run.taken + 1

    async def judge(self, condition: Condition) -> Trace:
        """Whether a condition holds now, and why."""
        names = sorted(events_in(condition))
        events = await occurrences(self.store, self.run.account_id, self.run.contact_id, names)
        known = [replace(event, of=self.known.steps.get(str(event.data.get("uid")))) for event in events]
        return evaluate(condition, replace(self.known.facts, events=known))

    async def happened(
        self,
        events: Sequence[str],
        match: Condition | None,
        since: datetime,
        of: str | None = None,
        until: datetime | None = None,
    ) -> list[ContactEvent]:
        """Events of the contact since a moment, the oldest first. ``of``: only about what this step sent."""
        return [
            event
            for event in await self.round.events(self.run, events, since)
            if (of is None or self.known.steps.get(str(event.data.get("uid"))) == of)
            and (until is None or event.at <= until)
            and (match is None or self.matches(match, event.data))
        ]

    def matches(self, match: Condition, data: Mapping[str, Any]) -> bool:
        """Whether an event with this data is what a condition asks for."""
        values = {**self.known.facts.values, "it": data}
        return evaluate(match, replace(self.known.facts, values=values)).result

    def fill(self, text: str, *, html: bool = False) -> str:
        """A text with what it names filled in; ``html``: escaped.

        Raises:
            StepFailed: it names something that is missing, or is none.
        """
        try:
            return fill(text, self.known, html=html)
        except TEMPLATE_FAULTS as error:
            raise StepFailed(
                "missing_field" if isinstance(error, MissingField) else "invalid_template", str(error)
            ) from None

    def fill_all(self, value: Any) -> Any:
        """JSON whose texts are filled in."""
        match value:
            case str():
                return self.fill(value)
            case Mapping():
                return {name: self.fill_all(inner) for name, inner in value.items()}
            case list() | tuple():
                return [self.fill_all(inner) for inner in value]
        return value

    def zone(self, named: str | None) -> str:
        """A time zone that is named as definitions do it: ``contact``, ``account`` or its own name."""
        contact = self.known.facts.values["contact"]
        number = contact.get("phone") or contact.get("whatsapp")
        by_number = zones_of(number) if number and not contact.get("time_zone") else ()
        return choose_zone(named or "contact", contact.get("time_zone"), by_number, str(self.known.facts.zone))

    async def contact(self) -> Contact:
        """Its contact, as it is stored."""
        found = await rows.get(self.store, self.run.account_id, self.run.contact_id)
        assert found is not None, "its contact was there a moment ago"
        return found
