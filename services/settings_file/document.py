"""A settings file: its sections by kind, with objects by key."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from domain.errors import MAX_SHOWN, FieldError, InvalidError, invalid, pointer
from domain.text.json_faults import StrictJsonError
from domain.text.strict_json import loads
from services.settings_file import yaml_text
from services.settings_file.comparing import at
from services.settings_file.kind import Form, Kind, no_such_field
from services.settings_file.kinds.all import BY_SECTION, KINDS
from services.settings_file.kinds.settings import INSTALL
from services.settings_file.secrets import Resolve, referring, resolved

API_VERSION = "xsender/v1"
_VERSION = "apiVersion"
_LONGEST_KEY = 2_500

Document = dict[str, dict[str, Form]]
"""By section, objects by key. A section that is not there is not looked at."""


def parse(raw: bytes, resolve: Resolve) -> Document:
    """A settings file, in YAML or JSON: each object with all its fields, ``KEPT`` for secrets that stay.

    Raises:
        InvalidError: it is none; each place that does not fit is named.
    """
    whole = _loaded(raw)
    if not isinstance(whole, dict):
        raise InvalidError("object_type", "a settings file is a mapping that begins with apiVersion")
    if whole.get(_VERSION) != API_VERSION:
        raise InvalidError("api_version", f"write {_VERSION}: {API_VERSION}", pointer(_VERSION))
    errors: list[FieldError] = []
    document: Document = {}
    for section, content in whole.items():
        if section in BY_SECTION:
            document[section] = dict(_objects(BY_SECTION[section], content, resolve, errors))
        elif section != _VERSION:
            message = no_such_field(section, [_VERSION, *BY_SECTION])
            errors.append(FieldError(pointer(section), "extra_forbidden", message))
    if errors:
        raise invalid(errors)
    return document


def _loaded(raw: bytes) -> Any:
    if not raw.lstrip().startswith(b"{"):
        return yaml_text.read(raw)
    if len(raw) > yaml_text.MAX_BYTES:
        raise yaml_text.too_large()
    try:
        return loads(raw, max_depth=yaml_text.MAX_DEPTH)
    except StrictJsonError as error:
        if error.is_syntax:  # YAML has mappings in braces, too
            return yaml_text.read(raw)
        raise InvalidError(error.code, error.message, error.pointer) from None


def _objects(kind: Kind, content: Any, resolve: Resolve, errors: list[FieldError]) -> Iterator[tuple[str, Form]]:
    if kind.is_single:
        content = {INSTALL: content}
    if not isinstance(content, dict):
        errors.append(FieldError(pointer(kind.section), "object_type", "must be a mapping of objects by their keys"))
        return
    for key, form in content.items():
        if len(errors) >= MAX_SHOWN:
            return
        place = pointer(kind.section) if kind.is_single else pointer(kind.section, key)
        try:
            yield key, _checked(kind, key, form, resolve)
        except InvalidError as error:
            errors += at(place, error).fields


def _checked(kind: Kind, key: str, form: Any, resolve: Resolve) -> Form:
    if len(key) > _LONGEST_KEY:
        raise InvalidError("file_key", f"a key has at most {_LONGEST_KEY} characters")
    if not isinstance(form, dict):
        raise InvalidError("object_type", "must be a mapping")
    return kind.checked(key, resolved(form, kind.secrets(form), resolve))


def written(document: Mapping[str, Mapping[str, Form]], unread: Iterable[str] = ()) -> str:
    """A document as a canonical file, with references in place of its secrets. ``unread``: what it had to leave out."""
    whole: dict[str, Any] = {_VERSION: API_VERSION}
    for kind in KINDS:
        if kind.section in document:
            shown = {key: referring(form, kind.secrets(form)) for key, form in document[kind.section].items()}
            whole[kind.section] = shown.get(INSTALL, {}) if kind.is_single else shown
    return "".join(f"# left out, as its secrets do not open: {name}\n" for name in unread) + yaml_text.write(whole)
