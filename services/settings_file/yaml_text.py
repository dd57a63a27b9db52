"""YAML as a settings file may have it: plain data. Everything else of YAML is refused, before anything is built of it.

The events of the parser are read one by one, so nothing is ever expanded, constructed or recursed into. ``true``,
``false``, ``null`` and decimal numbers are what they seem to be, and all other plain words are text: dates, ``yes``,
``0x1f``.
"""

import math
import re
from typing import Any

from domain.errors import InvalidError
from domain.text.json_faults import UNSTORABLE

MAX_BYTES = 512 * 1024
MAX_DEPTH = 20
MAX_VALUES = 50_000

_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LONGEST_NUMBER = 30
_NOTHING = object()


def read(raw: bytes) -> Any:
    """The one document of a YAML text: mappings with text as keys, lists, text, numbers, booleans and null.

    Raises:
        InvalidError: ``yaml_size``, ``yaml_syntax``, ``yaml_alias``, ``yaml_tag``, ``yaml_duplicate_key``,
            ``yaml_key``, ``yaml_depth``, ``yaml_number`` or ``yaml_text``.
    """
    import yaml  # type: ignore[import-untyped]  # takes a while to load, and is seldom needed

    if len(raw) > MAX_BYTES:
        raise too_large()
    builder = _Builder()
    try:
        for event in yaml.parse(raw.decode(), Loader=yaml.CSafeLoader):
            builder.take(event)
    except UnicodeDecodeError as error:
        raise InvalidError("yaml_text", f"the file must be UTF-8: byte {error.start} does not belong") from None
    except yaml.YAMLError as error:
        raise InvalidError("yaml_syntax", f"this is not YAML: {_told(error)}") from None
    return builder.whole


def too_large() -> InvalidError:
    """The file has more than ``MAX_BYTES``."""
    return InvalidError("yaml_size", f"a settings file has at most {MAX_BYTES // 1024} KiB")


def plain(text: str) -> Any:
    """What a word without quotes means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text):
        return float(text)
    return text


class _Builder:
    """Builds the document of its events."""

    def __init__(self) -> None:
        self.whole: Any = None
        self._documents = 0
        self._values = 0
        self._open: list[dict[str, Any] | list[Any]] = []
        self._keys: list[Any] = []
        """For each open mapping the key whose value comes next; ``_NOTHING``: a key comes next. Lists have ``None``."""

    def take(self, event: Any) -> None:
        """Take one event."""
        name = type(event).__name__
        if name == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise _refused("yaml_syntax", "a settings file is one document: remove '---' in the middle", event)
        elif name == "AliasEvent":
            raise _refused("yaml_alias", "aliases are not allowed: write the value again", event)
        elif name in ("MappingStartEvent", "SequenceStartEvent", "ScalarEvent"):
            self._check(event, name)
            if name == "ScalarEvent":
                self._put(event, self._scalar(event))
            else:
                self._begin(event, {} if name == "MappingStartEvent" else [])
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            self._open.pop()
            self._keys.pop()

    def _check(self, event: Any, name: str) -> None:
        self._values += 1
        if event.anchor is not None:
            raise _refused("yaml_alias", "anchors are not allowed: write the value again", event)
        if event.tag is not None:
            raise _refused("yaml_tag", "tags are not allowed: write plain values", event)
        if self._values > MAX_VALUES:
            raise _refused("yaml_size", f"a settings file has at most {MAX_VALUES:,} values", event)

    def _begin(self, event: Any, made: dict[str, Any] | list[Any]) -> None:
        if len(self._open) == MAX_DEPTH:
            raise _refused("yaml_depth", f"values are nested more than {MAX_DEPTH} deep", event)
        self._put(event, made)
        self._open.append(made)
        self._keys.append(_NOTHING if isinstance(made, dict) else None)

    def _put(self, event: Any, value: Any) -> None:
        if not self._open:
            self.whole = value
            return
        into = self._open[-1]
        if isinstance(into, list):
            into.append(value)
        elif self._keys[-1] is _NOTHING:
            self._keys[-1] = self._key(event, into, value)
        else:
            into[self._keys[-1]] = value
            self._keys[-1] = _NOTHING

    def _key(self, event: Any, into: dict[str, Any], value: Any) -> str:
        key = event.value if type(event).__name__ == "ScalarEvent" else value
        if not isinstance(key, str):
            raise _refused("yaml_key", "keys must be text", event)
        if key == "<<" and event.implicit[0]:
            raise _refused("yaml_alias", "merge keys are not allowed: write the values again", event)
        if key in into:
            raise _refused("yaml_duplicate_key", "this key is given twice", event)
        return key

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if UNSTORABLE.search(text):
            raise _refused("yaml_text", "text must not hold NUL or half a surrogate pair", event)
        if not event.implicit[0]:  # it stands in quotes
            return text
        value = plain(text)
        if _NO_NUMBER.fullmatch(text) or (isinstance(value, float) and not math.isfinite(value)):
            raise _refused("yaml_number", "this is no number that can be used", event)
        if isinstance(value, str) and text[:1] in "+-.0123456789" and _NUMBER.fullmatch(text[:200]):
            raise _refused("yaml_number", "this number is too long: write it in quotes if it is text", event)
        if isinstance(value, float) and _is_whole(text):
            raise _refused("yaml_number", "this number is too large", event)
        return value


def _is_whole(text: str) -> bool:
    return not any(mark in text for mark in ".eE")


def _refused(code: str, message: str, event: Any) -> InvalidError:
    return InvalidError(code, f"line {event.start_mark.line + 1}, column {event.start_mark.column + 1}: {message}")


def _told(error: Any) -> str:
    """What a parser says, without what it quotes: a line may hold a secret."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"{where}{problem}"


def write(document: dict[str, Any]) -> str:
    """A document as canonical YAML: sorted, each value written in one way only."""
    import yaml

    def text(writer: Any, value: str) -> Any:
        style: str | None = None
        if not value.isprintable():
            style = '"'
        elif not isinstance(plain(value), str) or _NUMBER.match(value):
            style = "'"
        return writer.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    dumper: Any = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda _, data: True})
    dumper.add_representer(str, text)
    written: str = yaml.dump(document, Dumper=dumper, sort_keys=True, allow_unicode=True, width=2**31)
    return written
