"""What a webhook got, as values of a contact and the data of an event.

Values keep the types that they have; nothing is guessed from a text. What no rule takes stays in the event, under its
own name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from domain.audience.contacts.contact import MOST_TEXT
from domain.automations.definition.limits import MAX_EVENT_DATA
from domain.automations.definition.triggers import BodyMap
from domain.automations.shapes.scalars import is_number
from domain.errors import FieldError, InvalidError, pointer
from domain.text.json_faults import UNSTORABLE

USUAL = BodyMap(
    "/email",
    "/phone",
    "/whatsapp",
    "/external_id",
    {name: f"/{name}" for name in ("first_name", "last_name", "language", "country", "time_zone")},
)
"""Where there is no map: names at the top, as XSender's clients use them."""

MOST_ADDRESS = 320
"""Characters of what identifies a contact."""
_IDENTIFYING = ("email", "phone", "whatsapp", "external_id")
_NUMBERS = ("phone", "whatsapp", "external_id")
"""Those that some systems write as numbers."""
_MOST_FORM_FIELDS = 1_000
_MOST_FORM_DEPTH = 8
_BRACKETS = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_INDEX = re.compile("0|[1-9][0-9]{0,5}")
_CHOICE = re.compile(r"\[([^=\]]+)=([^\]]*)\]")
"""The first object of a list that has this text: ``/answers/[type=email]/email``."""
_MISSING = object()

_Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mapped:
    """What was found."""

    contact: Mapping[str, str]
    """What identifies the contact: ``email``, ``phone``, ``whatsapp``, ``external_id``."""
    fields: Mapping[str, str | int | float | bool]
    """Its other fields, built-in and custom ones."""
    event: Mapping[str, Any]
    problems: tuple[FieldError, ...] = ()
    """Values that were left out, each with its place in the body."""


def map_body(body: Any, rules: BodyMap | None = None) -> Mapped:
    """Read a JSON body, or a form as ``unfold`` returns it. A value that is missing, ``null`` or empty is left out.

    Raises:
        InvalidError: ``webhook_body``, it is no object; ``event_size``, too much of it would be kept.
    """
    if not isinstance(body, Mapping):
        raise InvalidError("webhook_body", "send a JSON object, or a form")
    rules, problems = rules or USUAL, list[FieldError]()
    taken: list[_Path] = []
    contact: dict[str, str] = {}
    for name in _IDENTIFYING:
        rule = getattr(rules, name)
        path, value = _find(rule, body) if rule is not None else ((), None)
        if value is not None and (text := _address(name, value, path, problems)):
            contact[name] = text
            taken.append(path)
    fields: dict[str, Any] = {}
    named: dict[str, Any] = {}
    for name, rule in rules.fields.items():
        path, value = _find(rule, body)
        if value is not None and _is_scalar(value, path, problems):
            fields[name] = value
            taken.append(path)
    for name, rule in rules.event.items():
        path, value = _find(rule, body)
        if value is not None:
            named[name] = value
            taken.append(path)
    event = _without(body, taken) | named
    _check_size(event)
    return Mapped(contact, fields, event, tuple(problems))


def _check_size(event: Mapping[str, Any]) -> None:
    try:
        size = len(orjson.dumps(event))
    except TypeError:  # the library's own errors included
        raise InvalidError("webhook_body", "send JSON that can be stored, less deeply nested") from None
    if size > MAX_EVENT_DATA:
        raise InvalidError("event_size", f"the data of an event has at most {MAX_EVENT_DATA // 1024} kB")


def unfold(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The fields of a form as an object.

    ``customer[email]`` is ``email`` in ``customer``; ``tags[]`` and names that are repeated are lists. A name that
    contradicts an earlier one stays as it is written.

    Raises:
        InvalidError: ``webhook_body``, there are too many, or one cannot be stored.
    """
    found: dict[str, Any] = {}
    for count, (name, value) in enumerate(pairs):
        if count == _MOST_FORM_FIELDS:
            raise InvalidError("webhook_body", f"a form has at most {_MOST_FORM_FIELDS} fields")
        if UNSTORABLE.search(name) or UNSTORABLE.search(value):
            raise InvalidError("webhook_body", "names and values must not hold NUL or half a surrogate pair")
        keys = _keys(name)
        if not _put(found, keys, value):
            _put(found, (name,), value)
    return found


def _keys(name: str) -> tuple[str, ...]:
    parts = _BRACKETS.fullmatch(name)
    if parts is None:
        return (name,)
    inner = tuple(parts[2][1:-1].split("]["))
    return (parts[1], *inner) if len(inner) < _MOST_FORM_DEPTH else (name,)


def _put(holder: dict[str, Any], keys: tuple[str, ...], value: str) -> bool:
    """Put a value into its place; false: something else is there."""
    is_list = len(keys) > 1 and keys[-1] == ""
    *outer, last = keys[:-1] if is_list else keys
    if "" in outer:
        return False
    for key in outer:
        inner = holder.setdefault(key, {})
        if not isinstance(inner, dict):
            return False
        holder = inner
    before = holder.get(last, _MISSING)
    if isinstance(before, dict):
        return False
    if isinstance(before, list):
        before.append(value)
    elif before is _MISSING:
        holder[last] = [value] if is_list else value
    else:
        holder[last] = [before, value]
    return True


def find_value(rule: str, body: Any) -> Any:
    """What stands at a JSON pointer, or a path with dots; ``None``: nothing."""
    return _at(rule, body)[1] if isinstance(body, Mapping) else None


def _find(rule: str | Sequence[str], body: Mapping[str, Any]) -> tuple[_Path, Any]:
    """Where a rule leads, and what stands there; ``None``: nothing. Of several the first counts that has a value."""
    path: _Path = ()
    value: Any = None
    for one in (rule,) if isinstance(rule, str) else rule:
        path, value = _at(one, body)
        if value is not None:
            break
    return path, value


def _at(rule: str, body: Mapping[str, Any]) -> tuple[_Path, Any]:
    """A rule is a JSON pointer, or names with dots between; a name with dots in it comes first."""
    if rule.startswith("/"):
        path = tuple(part.replace("~1", "/").replace("~0", "~") for part in rule[1:].split("/"))
    else:
        path = (rule,) if rule in body else tuple(rule.split("."))
    value: Any = body
    for key in path:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and _INDEX.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, list) and (choice := _CHOICE.fullmatch(key)):
            value = next((one for one in value if isinstance(one, Mapping) and one.get(choice[1]) == choice[2]), None)
        else:
            return path, None
    return path, None if value == "" else value


def _address(name: str, value: Any, path: _Path, problems: list[FieldError]) -> str | None:
    if name in _NUMBERS and type(value) is int:
        value = str(value) if abs(value) < 10**18 else None
    if not isinstance(value, str):
        problems.append(FieldError(pointer(*path), "value_type", f"this is to be the contact's {name}: send a text"))
        return None
    if len(value) > MOST_ADDRESS:
        problems.append(FieldError(pointer(*path), "too_long", f"it may have {MOST_ADDRESS} characters"))
        return None
    return value.strip() or None


def _is_scalar(value: Any, path: _Path, problems: list[FieldError]) -> bool:
    if isinstance(value, str):
        if len(value) <= MOST_TEXT:
            return True
        problems.append(FieldError(pointer(*path), "too_long", f"it may have {MOST_TEXT} characters"))
        return False
    if isinstance(value, bool) or is_number(value):
        return True
    problems.append(FieldError(pointer(*path), "value_type", "a field holds a text, a number, true or false"))
    return False


def _without(body: Mapping[str, Any], taken: list[_Path]) -> dict[str, Any]:
    """The body without what was taken, and without objects that are empty then. Lists stay whole."""
    kept = dict(body)
    for path in taken:
        _remove(kept, path)
    return kept


def _remove(holder: dict[str, Any], path: _Path) -> None:
    key = path[0]
    if len(path) == 1:
        holder.pop(key, None)
        return
    inner = holder.get(key)
    if isinstance(inner, Mapping):
        holder[key] = inner = dict(inner)
        _remove(inner, path[1:])
        if not inner:
            del holder[key]
