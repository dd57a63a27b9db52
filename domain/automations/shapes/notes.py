"""What is noted while a definition is read: its faults, its texts, and its conditions."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from domain.audience.conditions.tree import Condition
from domain.automations.definition.limits import MAX_FAULTS
from domain.errors import FieldError

Defs = dict[str, Any]
"""Named parts of the published schema."""


@dataclass(frozen=True, slots=True)
class LiquidText:
    """A text of the definition that is Liquid."""

    at: str
    text: str
    html: bool


@dataclass(slots=True)
class Notes:
    """Filled while a definition is read."""

    errors: list[FieldError] = field(default_factory=list)
    texts: list[LiquidText] = field(default_factory=list)
    conditions: list[tuple[str, Condition]] = field(default_factory=list)
    """Each with its place."""
    count: int = 0
    """Of all faults, also of those that are not kept."""
    depth: int = 0
    """Lists of steps around what is read now."""

    def add(self, at: str, code: str, message: str) -> Any:
        """Note a fault, one of the first ``MAX_FAULTS``. What is returned stands for the value that was not read."""
        self.count += 1
        if len(self.errors) < MAX_FAULTS:
            self.errors.append(FieldError(at, code, message))
        return None


class Shape(Protocol):
    """What a value must look like. It reads values, and describes itself as JSON Schema."""

    def read(self, raw: Any, at: str, notes: Notes) -> Any:
        """The value; what is wrong with it is noted, and then what is returned has no meaning."""

    def schema(self, defs: Defs) -> dict[str, Any]:
        """The JSON Schema of it; named parts are put into ``defs``."""
