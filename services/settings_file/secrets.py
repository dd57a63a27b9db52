"""Secrets in a settings file: written as they are, or as ``{secretRef: …}``.

``store:`` means that the stored one stays. ``env:NAME`` and ``file:PATH`` are for whoever runs the command on the
machine: over HTTP they would let a caller read the server's environment and files.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

from domain.errors import FieldError, InvalidError, invalid, pointer
from domain.merge_patch import KEPT
from services.settings_file.kind import Form, Path

REFERENCE = "secretRef"
REFERENCE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A secret kept elsewhere: `store:` leaves the stored one as it is; `env:NAME` and `file:PATH` are "
    "read by the command on its machine, and refused over HTTP.",
    "properties": {REFERENCE: {"type": "string", "pattern": "^(store:|env:.|file:.)"}},
    "required": [REFERENCE],
    "additionalProperties": False,
}
_LARGEST_FILE = 16 * 1024

Resolve = Callable[[str, str], str]
"""What a reference means, by its scheme and name."""


def refuse_references(scheme: str, name: str) -> str:
    """The ``Resolve`` of callers elsewhere.

    Raises:
        InvalidError: always.
    """
    message = f"{scheme}: is read by the command xsender on its own machine only: give the secret itself, or store:"
    raise InvalidError("secret_reference", message)


def read_reference(scheme: str, name: str) -> str:
    """The ``Resolve`` of the command line: reads the environment and files.

    Raises:
        InvalidError: there is no such variable or file.
    """
    if scheme == "env":
        if name not in os.environ:
            raise InvalidError("secret_reference", f"the environment has no {name}")
        return os.environ[name]
    try:
        with FilePath(name).open("rb") as file:
            return file.read(_LARGEST_FILE).decode().removesuffix("\n")
    except OSError as error:
        raise InvalidError("secret_reference", f"{name} cannot be read: {error.strerror}") from None
    except ValueError:
        raise InvalidError("secret_reference", f"{name} is not UTF-8 text") from None


def secret_places(form: Any, names: Iterable[Path]) -> list[Path]:
    """Where secrets are, if these fields are: the members of a mapping, or the field itself."""
    places: list[Path] = []
    for path in sorted(names):
        value = _at(form, path)
        if isinstance(value, dict) and REFERENCE not in value:
            places += [(*path, name) for name in value]
        elif value is not None:
            places.append(path)
    return places


def resolved(form: Form, places: Iterable[Path], resolve: Resolve) -> Form:
    """A form of a file with its references resolved; ``KEPT`` for ``store:``.

    Raises:
        InvalidError: a reference cannot be one, or what it names is not there.
    """
    for path in places:
        value = _at(form, path)
        if isinstance(value, dict):
            try:
                form = _with(form, path, _one(value, path, resolve))
            except InvalidError as error:
                raise invalid([FieldError(pointer(*path), error.code, error.message)]) from None
    return form


def _one(value: Mapping[str, Any], path: Path, resolve: Resolve) -> Any:
    text = value.get(REFERENCE)
    if len(value) != 1 or not isinstance(text, str):
        raise InvalidError("secret_reference", "write a secret as text, or as {secretRef: …}")
    scheme, _, name = text.partition(":")
    if scheme == "store" and name in ("", name_of(path)):
        return KEPT
    if scheme not in ("env", "file") or not name:
        message = f"write store:, env:NAME or file:PATH; here the stored one is called store:{name_of(path)}"
        raise InvalidError("secret_reference", message)
    return resolve(scheme, name)


def name_of(path: Path) -> str:
    """The name of a stored secret within its object."""
    return ".".join(path)


def referring(form: Form, places: Iterable[Path]) -> Form:
    """A form as a file shows it: with references in place of its secrets."""
    for path in places:
        form = _with(form, path, {REFERENCE: f"store:{name_of(path)}"})
    return form


def fill_in(wanted: Any, stored: Any) -> Any:
    """``wanted`` with what is stored in each place of ``KEPT``, if there is something."""
    if wanted is KEPT:
        return KEPT if stored is None else stored
    if isinstance(wanted, dict):
        inner = stored if isinstance(stored, dict) else {}
        return {name: fill_in(value, inner.get(name)) for name, value in wanted.items()}
    return wanted


def places_of_kept(form: Any, path: Path = ()) -> list[Path]:
    """Where ``KEPT`` is in a form."""
    if form is KEPT:
        return [path]
    if isinstance(form, dict):
        return [place for name, value in form.items() for place in places_of_kept(value, (*path, name))]
    return []


def allowing_references(schema: dict[str, Any], secrets: Collection[str]) -> dict[str, Any]:
    """The schema of a configuration whose secrets may be references."""
    properties = dict(schema["properties"])
    for name in secrets:
        members = {"type": "object", "additionalProperties": {"anyOf": [{"type": "string"}, REFERENCE_SCHEMA]}}
        properties[name] = {"anyOf": [properties[name], REFERENCE_SCHEMA, members]}
    return {**schema, "properties": properties}


def _at(form: Any, path: Path) -> Any:
    for name in path:
        form = form.get(name) if isinstance(form, dict) else None
    return form


def _with(form: Form, path: Path, value: Any) -> Form:
    first, *rest = path
    return {**form, first: _with(form[first], tuple(rest), value) if rest else value}
