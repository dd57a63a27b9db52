"""Which answer of a form is which value of a contact: ordered rules."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.automations.mapping import find_value
from domain.errors import FieldError, invalid, pointer
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
from domain.recipients import InvalidRecipient, normalise_email, normalise_number

MOST_RULES = 100
_MOST_PLACES = 10
_MOST_TEXT = 500
_MOST_DEFAULT = 2000
ADDRESSES = ("email", "phone", "whatsapp", "external_id")
OWN = (*ADDRESSES, "first_name", "last_name", "language", "country", "time_zone")
_FIELD, _CONSENT, TAG = "field:", "consent:", "tag"
_TO = re.compile(rf"{'|'.join(OWN)}|{TAG}|field:[a-z][a-z0-9_]{{0,49}}|consent:[a-z0-9][a-z0-9_-]{{0,49}}")
_AGREES = frozenset(
    (
        *("1", "true", "yes", "y", "on", "checked", "agree", "agreed", "accept", "accepted", "i agree"),
        *("ja", "oui", "si", "sì", "sí", "sim", "tak", "evet", "نعم", "да"),
    )
)
"""Answers that give consent: in small letters."""
_SPACES = re.compile(r"[\s_-]+")


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
    """Those that no rule took, by their names."""
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


def map_lead(raw: RawLead, body: Mapping[str, Any], rules: Sequence[Rule], country: str | None) -> MappedLead:
    """Apply the rules in their order: of those for the same value the first counts that has one.

    ``country``: of numbers without a country code. A value that cannot be used is left out, with a problem.
    """
    mapping = _Mapping(raw, body, country)
    for rule in rules:
        mapping.apply(rule)
    taken = mapping.taken
    answers = {one.name: _single(one.values) for one in raw.answers if name_of(one.name) not in taken and one.values}
    custom = {"fields": mapping.custom} if mapping.custom else {}
    return MappedLead(
        {**mapping.values, **custom},
        tuple(mapping.consents.values()),
        tuple(dict.fromkeys(mapping.tags)),
        answers,
        tuple(mapping.problems),
    )


def name_of(text: str) -> str:
    """A question or a name, as they are compared."""
    return _SPACES.sub("_", text.strip().casefold()).strip("_:?* ")


class _Mapping:
    def __init__(self, raw: RawLead, body: Mapping[str, Any], country: str | None) -> None:
        self._raw, self._body, self._country = raw, body, country
        self._answers: dict[str, tuple[str, tuple[str, ...]]] = {}
        for one in raw.answers:
            for said in (one.name, one.label):
                if said and one.values:
                    self._answers.setdefault(name_of(said), (name_of(one.name), one.values))
        self._boxes = {name_of(said): box for box in raw.disclaimers for said in (box.key, box.label) if said}
        self.taken: set[str] = set()
        self.values: dict[str, Any] = {}
        self.custom: dict[str, Any] = {}
        self.consents: dict[str, MappedConsent] = {}
        self.tags: list[str] = []
        self.problems: list[FieldError] = []

    def apply(self, rule: Rule) -> None:
        if rule.to.startswith(_CONSENT):
            self._consent(rule)
            return
        place, found = self._find(rule)
        try:
            texts = [text for one in found if (text := transformed(one, rule.transform, self._country).strip())]
        except Unfit as error:
            self.problems.append(FieldError(pointer(place), "lead_value", str(error)))
            texts = []
        if not texts and rule.default is not None:
            texts = [rule.default]
        if rule.to == TAG:
            self.tags += texts
        elif texts:
            self._put(rule, place, texts)

    def _put(self, rule: Rule, place: str, texts: list[str]) -> None:
        value = ", ".join(texts)
        if rule.to.startswith(_FIELD):
            self.custom.setdefault(rule.to.removeprefix(_FIELD), value)
        elif rule.to in ("email", "phone", "whatsapp"):
            self._address(rule.to, place, texts[0])
        elif any(name == SPLIT_NAME for name, _ in rule.transform):
            for name, part in zip(("first_name", "last_name"), split_name(value), strict=True):
                if part:
                    self.values.setdefault(name, part)
        else:
            self.values.setdefault(rule.to, value)

    def _address(self, name: str, place: str, text: str) -> None:
        if name in self.values:
            return
        try:
            self.values[name] = normalise_email(text) if name == "email" else normalise_number(text, self._country)
        except InvalidRecipient as error:
            self.problems.append(FieldError(pointer(place), error.code, error.message))

    def _consent(self, rule: Rule) -> None:
        purpose = rule.to.removeprefix(_CONSENT)
        for said in rule.from_:
            box = self._boxes.get(name_of(said))
            if box is not None:
                evidence = {"disclaimer": box.key, "checked": box.is_checked}
                self.consents.setdefault(
                    purpose,
                    MappedConsent(purpose, box.is_checked, evidence | ({"text": box.label} if box.label else {})),
                )
                return
        place, found = self._find(rule)
        texts = [transformed(one, rule.transform, self._country) for one in found] or [rule.default or ""]
        if any(texts):
            granted = all(text.strip().casefold() in _AGREES for text in texts)
            self.consents.setdefault(purpose, MappedConsent(purpose, granted, {"question": place, "answer": texts}))

    def _find(self, rule: Rule) -> tuple[str, tuple[str, ...]]:
        """Where the value stands, and it; nothing if there is none."""
        for said in rule.from_:
            if said.startswith("/"):
                if texts := _texts(find_value(said, self._body)):
                    return said.removeprefix("/"), texts
                continue
            name, values = self._answers.get(name_of(said), ("", ()))
            if values:
                self.taken.add(name)
                return said, values
        return rule.from_[0], ()


def _text(label: str | None) -> dict[str, str]:
    return {} if label is None else {"text": label}


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(text for one in value for text in _texts(one) if not isinstance(one, list))
    if isinstance(value, bool):
        return ("true" if value else "false",)
    return (str(value),) if isinstance(value, str | int | float) and value != "" else ()


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
    if not 1 <= len(listed) <= _MOST_PLACES or not all(map(_is_place, listed)):
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
    if faults or wrong:
        return None, faults + wrong
    return Rule(tuple(listed), str(to), steps, default), []


def _is_place(text: Any) -> bool:
    return isinstance(text, str) and 0 < len(text) <= _MOST_TEXT and bool(name_of(text) or text.startswith("/"))
