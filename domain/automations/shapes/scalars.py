"""Shapes of texts, numbers, true and false."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from domain.automations.shapes.notes import Defs, LiquidText, Notes
from domain.text.json_faults import UNSTORABLE

MAX_LIQUID = 256 * 1024
_MOST = 2**63


@dataclass(frozen=True, slots=True)
class Text:
    """A text; ``pattern`` matches it as a whole, and ``what`` tells people what to write."""

    most: int = 200
    pattern: str | None = None
    what: str = ""
    reserved: tuple[str, ...] = ()
    """Texts that are not allowed."""
    least: int = 1

    def read(self, raw: Any, at: str, notes: Notes) -> str | None:
        """The text."""
        what = self.what or f"a text of {self.least} to {self.most} characters"
        if not isinstance(raw, str) or not self.least <= len(raw) <= self.most:
            notes.add(at, "text", what)
        elif UNSTORABLE.search(raw):
            notes.add(at, "characters", "text must not hold NUL or half a surrogate pair")
        elif self.pattern is not None and not re.fullmatch(self.pattern, raw):
            notes.add(at, "text", what)
        elif raw in self.reserved:
            notes.add(at, "reserved", f"{raw!r} has a meaning of its own: choose another")
        else:
            return raw
        return None

    def schema(self, defs: Defs) -> dict[str, Any]:
        """A text with these limits."""
        found: dict[str, Any] = {"type": "string", "minLength": self.least, "maxLength": self.most}
        if self.pattern is not None:
            found["pattern"] = f"^({self.pattern})$"
        if self.reserved:
            found["not"] = {"enum": list(self.reserved)}
        if self.what:
            found["description"] = self.what
        return found


@dataclass(frozen=True, slots=True)
class Liquid:
    """A text that is Liquid; ``begins``: how it must begin, as a regular expression."""

    html: bool = False
    begins: str | None = None
    what: str = "a Liquid text"

    def read(self, raw: Any, at: str, notes: Notes) -> str | None:
        """The text; whether it is Liquid is checked later."""
        text = Text(MAX_LIQUID, what=f"{self.what}, of 1 to {MAX_LIQUID} characters").read(raw, at, notes)
        if text is None:
            return None
        if self.begins is not None and not re.match(self.begins, text):
            notes.add(at, "text", self.what)
            return None
        notes.texts.append(LiquidText(at, text, self.html))
        return text

    def schema(self, defs: Defs) -> dict[str, Any]:
        """A text."""
        found = {"type": "string", "minLength": 1, "maxLength": MAX_LIQUID, "description": "Liquid"}
        return found if self.begins is None else found | {"pattern": f"^{self.begins}"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some texts."""

    of: Sequence[str]

    def read(self, raw: Any, at: str, notes: Notes) -> str | None:
        """The text."""
        if isinstance(raw, str) and raw in self.of:
            return raw
        notes.add(at, "choice", f"one of {', '.join(self.of)}")
        return None

    def schema(self, defs: Defs) -> dict[str, Any]:
        """A list of texts."""
        return {"enum": list(self.of)}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    least: int
    most: int = 2**53

    def read(self, raw: Any, at: str, notes: Notes) -> int | None:
        """The number; ``2.0`` is one, as in JSON Schema."""
        is_whole = type(raw) is int or (type(raw) is float and raw.is_integer())
        if is_whole and self.least <= raw <= self.most:
            return int(raw)
        bounds = f"from {self.least} to {self.most}" if self.most < 2**53 else f"of {self.least} or more"
        notes.add(at, "number", f"a whole number {bounds}")
        return None

    def schema(self, defs: Defs) -> dict[str, Any]:
        """A number with these limits."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false; ``only``: the one of them that may be written."""

    only: bool | None = None

    def read(self, raw: Any, at: str, notes: Notes) -> bool | None:
        """True or false."""
        if isinstance(raw, bool) and self.only in (None, raw):
            return raw
        notes.add(at, "choice", "true or false" if self.only is None else str(self.only).lower())
        return None

    def schema(self, defs: Defs) -> dict[str, Any]:
        """True or false."""
        return {"type": "boolean"} if self.only is None else {"const": self.only}


@dataclass(frozen=True, slots=True)
class Plain:
    """A text, a number, true, false or null; ``liquid``: the text is Liquid."""

    liquid: bool = False
    most: int = 2000

    def read(self, raw: Any, at: str, notes: Notes) -> Any:
        """The value as it is."""
        if isinstance(raw, str):
            return (Liquid() if self.liquid else Text(self.most, least=0)).read(raw, at, notes)
        if raw is None or isinstance(raw, bool) or is_number(raw):
            return raw
        notes.add(at, "scalar", "a text, a number of at most 64 bits, true, false or null")
        return None

    def schema(self, defs: Defs) -> dict[str, Any]:
        """Such a value."""
        text = Liquid().schema(defs) if self.liquid else Text(self.most, least=0).schema(defs)
        return {"oneOf": [text, {"type": ["number", "boolean", "null"]}]}


def is_number(raw: Any) -> bool:
    """Whether it is a number that JSON and the database can hold."""
    return (type(raw) is int and -_MOST <= raw < _MOST) or (type(raw) is float and math.isfinite(raw))


@dataclass(frozen=True, slots=True)
class Checked:
    """A text with a further rule, which no schema can state."""

    text: Text
    rule: Callable[[str], str | None]
    """What is wrong with the text, if anything."""
    code: str

    def read(self, raw: Any, at: str, notes: Notes) -> str | None:
        """The text."""
        text = self.text.read(raw, at, notes)
        if text is not None and (wrong := self.rule(text)):
            notes.add(at, self.code, wrong)
            return None
        return text

    def schema(self, defs: Defs) -> dict[str, Any]:
        """That of the text."""
        return self.text.schema(defs)
