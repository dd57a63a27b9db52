"""Rows of a file as lines for COPY, in the order of ``store.audience.imports.staging``."""

import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from domain.audience.contacts.contact import CUSTOM, LISTS, MOST_GROUPS, MOST_TAGS, VALUES
from domain.audience.imports.cells import UNREADABLE, Reader, number, readers
from domain.audience.imports.csv_cells import as_it_was
from domain.audience.imports.delimited import ROW_FAULTS, Row
from services.audience.imports.frames import RowFault

_ROW_FAULTS = {**ROW_FAULTS, "no_address": "this row has neither an address nor an external id"}
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NULL = "\\N"
_SHOWN = 200
"""Characters of a value that a fault shows."""
_TWO_FORMS = ("+55", "+521", "+549")
_MOBILE = re.compile(r"\+55(\d\d)9(\d{8})|\+521(\d{10})|\+549(\d{10})")


@dataclass(frozen=True, slots=True)
class Terms:
    """What counts for all rows of a file."""

    columns: Sequence[str]
    mapping: Mapping[str, str]
    default_country: str | None
    custom: Mapping[str, str]
    groups: Mapping[str, int]
    add_tags: Sequence[str]
    add_groups: Sequence[int]
    origin: str
    at: str


class ContactLines:
    """Makes lines of rows."""

    def __init__(self, terms: Terms) -> None:
        known = readers(terms.custom, terms.groups)
        order = sorted(terms.mapping.items(), key=lambda item: item[1] != "country")  # numbers are dialled there
        self._width = len(terms.columns)
        self._cells: list[tuple[int, str, str, Reader | None]] = [
            (terms.columns.index(column), column, field, known.get(field)) for column, field in order
        ]
        self._terms = terms
        self._has_custom = any(field.startswith(CUSTOM) for field in terms.mapping.values())
        self._tags, self._groups = terms.add_tags, terms.add_groups
        self._added_tags, self._added_groups = _tags(self._tags, ()), _groups(self._groups, ())
        self._origins: dict[frozenset[str], str] = {}
        self._ids = _Ids()

    def read(self, row: Row) -> tuple[str, list[str]] | RowFault:
        """The line of a row, without its number and round, and what nobody else in the account may have."""
        cells = row.cells
        if (fault := row.fault_below(self._width)) is not None:
            return _fault(row.number, fault)
        values: dict[str, Any] = {}
        width, default = len(cells), self._terms.default_country
        for index, column, field, read in self._cells:
            text = cells[index].strip() if index < width else ""
            if text and text[0] == "'":
                text = as_it_was(text).strip()
            if not text:
                continue
            try:
                value = read(text) if read else number(text, values.get("country", default))
            except UNREADABLE as error:
                return RowFault(row.number, column, text[:_SHOWN], error.code, error.message)
            values[field] = sorted({*values[field], *value}) if field in values else value
        keys = [make(values[field]) for field, make in _KEYS if field in values]
        if not keys:
            return _fault(row.number, "no_address")
        if too_many := self._too_many(row.number, values):
            return too_many
        return self._line(values), keys

    def _too_many(self, row: int, values: Mapping[str, Any]) -> RowFault | None:
        """A fault if the contact would get more tags or groups than it may have."""
        for name, added, most in (("tags", self._tags, MOST_TAGS), ("groups", self._groups, MOST_GROUPS)):
            if len(values.get(name, ())) + len(added) > most and len({*values.get(name, ()), *added}) > most:
                return too_many_of(name, row, self._terms.mapping)
        return None

    def _line(self, values: Mapping[str, Any]) -> str:
        parts = [self._ids.next(), *[_text(values[name]) if name in values else _NULL for name in VALUES]]
        if self._has_custom:
            custom = {name.removeprefix(CUSTOM): value for name, value in values.items() if name.startswith(CUSTOM)}
            parts.append(_text(orjson.dumps(custom).decode()))
        else:
            parts.append("{}")
        tags, groups = values.get("tags"), values.get("groups")
        parts.append(_tags(tags, self._tags) if tags else self._added_tags)
        parts.append(_groups(groups, self._groups) if groups else self._added_groups)
        parts.append(self._origin(frozenset(values)))
        return "\t".join(parts)

    def _origin(self, names: frozenset[str]) -> str:
        found = self._origins.get(names)
        if found is None:
            note = {"from": self._terms.origin, "at": self._terms.at}
            noted = {name: note for name in sorted(names) if name not in LISTS}
            found = self._origins[names] = _text(orjson.dumps(noted).decode())
        return found


def too_many_of(name: str, row: int, mapping: Mapping[str, str]) -> RowFault:
    """The fault of a row whose contact would have too many ``tags`` or ``groups``."""
    column = next((column for column, field in mapping.items() if field == name), "")
    message = f"with these it would have more {name} than {MOST_TAGS if name == 'tags' else MOST_GROUPS}: remove some"
    return RowFault(row, column, "", "too_many", message)


def _fault(number: int, code: str) -> RowFault:
    return RowFault(number, "", "", code, _ROW_FAULTS[code])


def _text(text: str) -> str:
    return text.translate(_ESCAPES) if _SPECIAL.search(text) else text


def _tags(*lists: Sequence[str]) -> str:
    """An array of PostgreSQL."""
    quoted = ['"' + tag.replace("\\", "\\\\").replace('"', '\\"') + '"' for tag in sorted({*lists[0], *lists[1]})]
    return _text("{" + ",".join(quoted) + "}")


def _groups(*lists: Sequence[int]) -> str:
    return "{" + ",".join(map(str, sorted({*lists[0], *lists[1]}))) + "}"


def _number_key(number: str) -> str:
    """As ``recipient_key`` in the database."""
    if number.startswith(_TWO_FORMS) and (match := _MOBILE.fullmatch(number)):
        return f"+55{match[1]}{match[2]}" if match[1] else f"+52{match[3]}" if match[3] else f"+54{match[4]}"
    return number


_KEYS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("external_id", lambda value: "x" + value),
    ("phone", lambda value: "p" + _number_key(value)),
    ("whatsapp", lambda value: "w" + _number_key(value)),
    ("email", lambda value: "e" + value.casefold()),  # coarser than in the database, which costs a round at worst
)


class _Ids:
    """UUIDv7 that grow, some thousand to a millisecond."""

    def __init__(self) -> None:
        self._before = 0

    def next(self) -> str:
        count = max(self._before + 1, time.time_ns() // 1_000_000 << 12)
        self._before = count
        return f"{count >> 12:012x}7{count & 0xFFF:03x}{1 << 63 | random.getrandbits(62):016x}"
