"""What the conditions and texts of a run may ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.audience.conditions.evaluating import Facts
from domain.audience.conditions.tree import All, Condition
from domain.audience.conditions.values import iso
from domain.text.template_errors import InvalidTemplate, MissingField, TemplateTooHeavy
from domain.text.templates import compile_template
from store.audience.segments.facts import facts_of
from store.automations import outbox
from store.automations.runs import Run
from store.pool import Connections

_NOTHING = All(())
"""Asks for no events."""


@dataclass(frozen=True, slots=True)
class Known:
    """A run with its contact, as they are now."""

    facts: Facts
    steps: Mapping[str, str]
    """By the uid of a message, the step that sent it."""

    @property
    def variables(self) -> dict[str, Any]:
        """What texts may name. What the event holds needs no ``event.`` before it, unless the contact has it too."""
        values = self.facts.values
        contact: Mapping[str, Any] = values["contact"]
        event: Mapping[str, Any] = values["event"]
        named = dict(contact) | {name: value for name, value in values.items() if isinstance(value, Mapping)}
        return dict(event) | {name: value for name, value in named.items() if value is not None}


TEMPLATE_FAULTS = (InvalidTemplate, MissingField, TemplateTooHeavy)


def fill(text: str, known: Known) -> str:
    """A text with what it names filled in.

    Raises:
        InvalidTemplate, MissingField, TemplateTooHeavy: it cannot be.
    """
    return compile_template(text, html=False).render(known.variables)


async def know(store: Connections, run: Run, now: datetime, condition: Condition | None = None) -> Known | None:
    """A run as it is now, with the events that a condition asks for; ``None``: its contact is gone."""
    found = await facts_of(store, run.account_id, run.contact_id, condition or _NOTHING, now)
    if found is None:
        return None
    sent = await outbox.sends(store, run.id)
    steps = {str(one["uid"]): one["step"] for one in sent.values() if one["uid"]}
    values = dict(found.values) | {
        "event": run.event,
        "vars": run.vars,
        "run": {"id": str(run.id), "key": run.entry_key, "entered_at": iso(run.entered_at)},
        "steps": {one["step"]: {"state": one["state"], "code": one["code"]} for one in sent.values()},
        "account": {"id": str(run.account_id)},
    }
    events = [replace(event, of=steps.get(str(event.data.get("uid")))) for event in found.events]
    return Known(replace(found, values=values, events=events), steps)
