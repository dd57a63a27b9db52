"""Which answer of a form is which value of a contact: ordered rules."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.audience.contacts.values import (
    READERS,
    UNREADABLE,
    field_value,
    tag,
)
from domain.audience.imports.cells import of_type
from domain.errors import FieldError, invalid, pointer
from domain.leads.finding import Finder, Found, name_of
from domain.leads.numbers import typed_number
from domain.leads.raw import RawLead
from domain.leads.transforms import (
    SPLIT_NAME,
    Transform,
    Unfit,
    read_transforms,
    shown_transform,
    split_name,
    transformed,
)

MOST_RULES = 100
MOST_PLACES = 10
_MOST_TEXT = 500
_MOST_DEFAULT = 2000
ADDRESSES = ("email", "phone", "whatsapp", "external_id")
OWN = (*ADDRESSES, "first_name", "last_name", "language", "country", "time_zone")
_NAMES = ("first_name", "last_name")
_FIELD, _CONSENT, TAG = "field:", "consent:", "tag"
_TO = re.compile(rf"{'|'.join(OWN)}|{TAG}|field:[a-z][a-z0-9_]{{0,49}}|consent:[a-z0-9][a-z0-9_-]{{0,49}}")
_AGREES = frozenset(
    (
        *("1", "true", "yes", "y", "on", "checked", "agree", "agreed", "accept", "accepted", "i agree"),
        *("ja", "oui", "si", "sì", "sí", "sim", "tak", "evet", "نعم", "да"),
    )
)
"""Answers that give consent: in small letters."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    from_: tuple[str, ...]
    """Where the value is: the name of an answer, the question's text, or a JSON pointer into the raw lead. Of several
    the first counts that has one."""
    to: str
    """What it becomes: ``email``, ``first_name``, ``field:budget``, ``consent:newsletter``, ``tag`` …"""
    transform: tuple[Transform, ...] = ()
    default: str | None = None
    """What counts where there is no value."""


@dataclass(frozen=True, slots=True)
class MappedConsent:
    """Whether somebody agreed to a purpose, and how that is known."""

    purpose: str
    granted: bool
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MappedLead:
    """What a lead says of a contact."""

    values: Mapping[str, Any]
    """For ``domain.audience.contacts.values.read_values``."""
    consents: tuple[MappedConsent, ...]
    tags: tuple[str, ...]
    answers: Mapping[str, str | list[str]]
    """Those that became no value, by their names."""
    problems: tuple[FieldError, ...]
    """Values that cannot be used, each with where it stands."""


def parse_rules(given: Any, at: str = "/mapping") -> tuple[Rule, ...]:
    """Rules as they are written: ``{"from", "to", "transform"?, "default"?}``.

    Raises:
        InvalidError: each fault with its place.
    """
    if not isinstance(given, list) or len(given) > MOST_RULES:
        raise invalid([FieldError(at, "mapping", f"write a list of at most {MOST_RULES} rules")])
    rules, faults = list[Rule](), list[FieldError]()
    for number, one in enumerate(given):
        rule, wrong = _rule(one, at + pointer(number))
        faults += wrong
        if rule is not None:
            rules.append(rule)
    if faults:
        raise invalid(faults)
    return tuple(rules)


def shown_rules(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """As they are written."""
    return [
        {"from": rule.from_[0] if len(rule.from_) == 1 else list(rule.from_), "to": rule.to}
        | ({"transform": [shown_transform(step) for step in rule.transform]} if rule.transform else {})
        | ({"default": rule.default} if rule.default is not None else {})
        for rule in rules
    ]


def map_lead(
    raw: RawLead,
    body: Mapping[str, Any],
    rules: Sequence[Rule],
    country: str | None,
    fields: Mapping[str, str] | None = None,
) -> MappedLead:
    """Apply the rules in their order: of those for the same value the first counts whose value can be used.

    ``country``: of numbers without a country code, unless the lead names one; ``fields``: types of custom fields, by
    key; ``None``: all hold text. A value that cannot be used is left out, with a problem, and stays an answer.
    """
    mapping = _Mapping(raw, body, country, fields)
    for rule in sorted(rules, key=lambda rule: rule.to != "country"):  # it says how numbers are read
        mapping.apply(rule)
    rest = (one for number, one in enumerate(raw.answers) if one.values and number not in mapping.used)
    custom = {"fields": mapping.custom} if mapping.custom else {}
    return MappedLead(
        {**mapping.values, **custom},
        tuple(mapping.consents.values()),
        tuple(mapping.tags),
        {one.name: _single(one.values) for one in rest},
        tuple(mapping.problems),
    )


class _Mapping:
    def __init__(
        self, raw: RawLead, body: Mapping[str, Any], country: str | None, fields: Mapping[str, str] | None
    ) -> None:
        self._finder, self._country, self._fields = Finder(raw, body), country, fields
        self.used: set[int | None] = set()
        """Answers, by their places in the lead."""
        self.values: dict[str, Any] = {}
        self.custom: dict[str, Any] = {}
        self.consents: dict[str, MappedConsent] = {}
        self.tags: dict[str, None] = {}
        self.problems: list[FieldError] = []

    def apply(self, rule: Rule) -> None:
        if self._is_settled(rule):
            return
        found = self._finder.find(rule.from_)
        try:
            if self._put(rule, found):
                self.used.add(found.answer)
        except Unfit as error:
            self.problems.append(FieldError(found.place, "lead_value", str(error)))
        except UNREADABLE as error:
            self.problems.append(FieldError(found.place, error.code, error.message))

    def _is_settled(self, rule: Rule) -> bool:
        """Whether an earlier rule has found the value."""
        if rule.to.startswith(_CONSENT):
            return rule.to.removeprefix(_CONSENT) in self.consents
        if rule.to.startswith(_FIELD):
            return rule.to.removeprefix(_FIELD) in self.custom
        return self.values.keys() >= (set(_NAMES) if _is_split(rule) else {rule.to})

    def _put(self, rule: Rule, found: Found) -> bool:
        """Whether there is a value that counts."""
        if rule.to.startswith(_CONSENT):
            return self._consent(rule, found)
        texts = self._texts(rule, found)
        if not texts:
            return False
        if rule.to == TAG:
            self.tags |= dict.fromkeys(tag(text) for text in texts)
            return True
        if rule.to.startswith(_FIELD):
            self._field(rule.to.removeprefix(_FIELD), ", ".join(texts))
        elif _is_split(rule):
            parts = dict(zip(_NAMES, split_name(" ".join(texts)), strict=True))
            new = {name: part for name, part in parts.items() if part and name not in self.values}
            for name, part in new.items():
                self._value(name, part)
            return bool(new)
        else:
            self._value(rule.to, texts[0] if rule.to in ADDRESSES else " ".join(texts))
        return True

    def _texts(self, rule: Rule, found: Found) -> list[str]:
        try:
            texts = [transformed(one, rule.transform, self._country).strip() for one in found.values]
        except Unfit:
            if rule.default is None:
                raise
            texts = []
        return list(filter(None, texts)) or ([] if rule.default is None else [rule.default])

    def _value(self, name: str, text: str) -> None:
        if name in ("phone", "whatsapp"):
            self.values[name] = typed_number(text, self._country)
        else:
            self.values[name] = READERS[name](text)
        if name == "country":
            self._country = self.values[name]

    def _field(self, key: str, text: str) -> None:
        if self._fields is None:
            self.custom[key] = text
        elif key in self._fields:
            self.custom[key] = of_type(self._fields[key])(text)
        else:
            field_value(text, key, self._fields)  # raises: there is no such field

    def _consent(self, rule: Rule, found: Found) -> bool:
        purpose = rule.to.removeprefix(_CONSENT)
        box = self._finder.box(rule.from_)
        if box is not None:
            evidence = {"disclaimer": box.key, "checked": box.is_checked} | ({"text": box.label} if box.label else {})
            self.consents[purpose] = MappedConsent(purpose, box.is_checked, evidence)
            return False
        texts = [transformed(one, rule.transform, self._country) for one in found.values]
        if texts:
            granted = all(text.strip().casefold() in _AGREES for text in texts)
            evidence = {"question": found.asked, "answer": list(found.values)}
            self.consents[purpose] = MappedConsent(purpose, granted, evidence)
        return bool(texts)


def _is_split(rule: Rule) -> bool:
    return any(name == SPLIT_NAME for name, _ in rule.transform)


def _single(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def _rule(given: Any, at: str) -> tuple[Rule | None, list[FieldError]]:
    if not isinstance(given, dict):
        return None, [FieldError(at, "mapping", "write a rule as {'from': 'email', 'to': 'email'}")]
    faults = [
        FieldError(at + pointer(str(name)), "mapping", "a rule has from, to, transform and default")
        for name in given
        if name not in ("from", "to", "transform", "default")
    ]
    places = given.get("from")
    listed: list[Any] = places if isinstance(places, list) else [places]
    if not 1 <= len(listed) <= MOST_PLACES or not all(map(_is_place, listed)):
        words = "name an answer, a question, or a JSON pointer such as /field_data/0; or a list of them"
        faults.append(FieldError(f"{at}/from", "mapping", words))
    to = given.get("to")
    if not isinstance(to, str) or not _TO.fullmatch(to):
        words = f"write one of {', '.join(OWN)}, tag, field:<key> or consent:<purpose>"
        faults.append(FieldError(f"{at}/to", "mapping", words))
    steps, wrong = read_transforms(given.get("transform", []), f"{at}/transform")
    default = given.get("default")
    if default is not None and (not isinstance(default, str) or len(default) > _MOST_DEFAULT):
        faults.append(FieldError(f"{at}/default", "mapping", "the default is a text"))
    faults += _contradictions(str(to), steps, default, at)
    if faults or wrong:
        return None, faults + wrong
    return Rule(tuple(listed), str(to), steps, default), []


def _contradictions(to: str, steps: tuple[Transform, ...], default: Any, at: str) -> list[FieldError]:
    faults = list[FieldError]()
    if to not in _NAMES and any(name == SPLIT_NAME for name, _ in steps):
        faults.append(FieldError(f"{at}/transform", "transform", "split_name is for first_name and last_name"))
    if to.startswith(_CONSENT) and default is not None:
        faults.append(FieldError(f"{at}/default", "mapping", "nobody consents without an answer: leave it out"))
    return faults


def _is_place(text: Any) -> bool:
    return isinstance(text, str) and 0 < len(text) <= _MOST_TEXT and bool(name_of(text) or text.startswith("/"))
