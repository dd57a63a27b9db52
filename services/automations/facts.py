"""What the conditions and texts of a run may ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.audience.conditions.evaluating import Facts
from domain.audience.conditions.values import iso
from domain.text.template_errors import InvalidTemplate, MissingField, TemplateTooHeavy
from domain.text.templates import compile_template
from store.automations.outbox import Sent
from store.automations.runs import Run


@dataclass(frozen=True, slots=True)
class Known:
    """A run with its contact, as they are now."""

    facts: Facts
    """Without events."""
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


def fill(text: str, known: Known, *, html: bool = False) -> str:
    """A text with what it names filled in; ``html``: escaped.

    Raises:
        InvalidTemplate, MissingField, TemplateTooHeavy: it cannot be.
    """
    return compile_template(text, html=html).render(known.variables)


def known_of(run: Run, contact: Facts, sent: Mapping[int, Sent]) -> Known:
    """A run, with its contact and its messages."""
    steps = {str(one.uid): one.step for one in sent.values() if one.uid}
    values = dict(contact.values) | {
        "event": run.event,
        "vars": run.vars,
        "run": {"id": str(run.id), "key": run.entry_key, "entered_at": iso(run.entered_at)},
        "steps": {**{one.step: {"state": one.state, "code": one.code} for one in sent.values()}, **run.answers},
        "account": {"id": str(run.account_id)},
    }
    return Known(replace(contact, values=values), steps)
