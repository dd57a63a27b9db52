"""What a settings file would change, and what somebody else has changed since it was last applied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from domain.errors import FieldError, InvalidError, invalid, pointer
from services.settings_file.kind import Form, Found, Kind, Path
from services.settings_file.secrets import fill_in, places_of_kept
from store.settings.applied_objects import Applied

Action = Literal["create", "update", "delete", "keep", "skip", "none"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that differs. Of secrets the values are not told."""

    field: str
    before: Any = None
    after: Any = None
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """An object in the file, in the install, and as it was last applied."""

    kind: Kind
    key: str
    action: Action
    """``keep``: it was applied by a file before, and is not in this one. ``skip``: a secret of it does not open with
    the keys of the install, so it cannot be compared, and stays as it is.
    """
    wanted: Form | None = field(repr=False)
    now: Found | None = field(repr=False)
    changes: list[Difference] = field(default_factory=list)
    """What applying changes: from what there is to what the file says."""
    drift: list[Difference] = field(default_factory=list)
    """What somebody else changed since, and applying would undo: from what was applied to what there is."""

    @property
    def is_a_change(self) -> bool:
        """Whether applying does anything."""
        return self.action in ("create", "update", "delete")


def compared(kind: Kind, key: str, wanted: Form, now: Found | None, applied: Applied | None) -> Comparison:
    """An object that is in the file.

    Raises:
        InvalidError: it keeps a secret that is not stored, or cannot be one with those that are.
    """
    if now is not None and not now.opens:
        return Comparison(kind, key, "skip", None, now)
    whole = _filled(kind, key, wanted, now)
    secrets = {*kind.secrets(whole), *(kind.secrets(now.form) if now else ())}
    changes = _differences(now.form if now else {}, whole, secrets)
    action: Action = "create" if now is None else "update" if changes else "none"
    drift = [] if applied is None or action == "none" else _drift(kind, key, applied, now, whole)
    return Comparison(kind, key, action, wanted, now, changes, drift)


def left_out(kind: Kind, key: str, now: Found | None, applied: Applied, *, prune: bool) -> Comparison:
    """An object that was applied before and is not in the file."""
    if now is None:
        return Comparison(kind, key, "none", None, None)
    if not prune:
        return Comparison(kind, key, "keep", None, now)
    if not now.opens:
        return Comparison(kind, key, "skip", None, now)
    changes = _differences(now.form, {}, set(kind.secrets(now.form)))
    return Comparison(kind, key, "delete", None, now, changes, _drift(kind, key, applied, now, {}))


def place(kind: Kind, key: str) -> str:
    """The pointer of an object in a file."""
    return pointer(kind.section) if kind.is_single else pointer(kind.section, key)


def named(kind: Kind, key: str) -> str:
    """An object, as people are told of it."""
    return f"{kind.section}: {key}"


def at(pointer_: str, error: InvalidError) -> InvalidError:
    """The error of an object, at its place in a file."""
    return invalid([FieldError(pointer_ + one.pointer, one.code, one.message) for one in error.fields])


def _filled(kind: Kind, key: str, wanted: Form, now: Found | None) -> Form:
    whole: Form = fill_in(wanted, now.form if now else {})
    missing = places_of_kept(whole)
    if missing and not (now is None and kind.makes_secrets):
        message = "no secret is stored here: give it"
        raise invalid([FieldError(place(kind, key) + pointer(*path), "secret_missing", message) for path in missing])
    if missing or not places_of_kept(wanted):
        return whole
    try:
        return kind.checked(key, whole)
    except InvalidError as error:
        raise at(place(kind, key), error) from None


def _drift(kind: Kind, key: str, applied: Applied, now: Found | None, whole: Form) -> list[Difference]:
    """What differs from what was applied, unless the file says the same."""
    if now is None:
        return [Difference("", "there", "deleted")]
    if applied.form is None:  # so nobody knows whether somebody else has changed it
        return [Difference("", "does not open", "there")]
    base = _with_todays_fields(kind, key, applied.form)
    secrets = {*kind.secrets(base), *kind.secrets(now.form)}
    current, wanted = _flat(now.form), _flat(whole)
    return [
        one
        for path, one in _by_path(base, now.form, secrets).items()
        if not whole or current.get(path, _MISSING) != wanted.get(path, _MISSING)
    ]


def _with_todays_fields(kind: Kind, key: str, form: Form) -> Form:
    """A newer release knows fields that were not there when it was applied: they had their defaults."""
    try:
        return kind.checked(key, form)
    except InvalidError:
        return form


_MISSING = object()


def _differences(before: Form, after: Form, secrets: set[Path]) -> list[Difference]:
    return list(_by_path(before, after, secrets).values())


def _by_path(before: Form, after: Form, secrets: set[Path]) -> dict[Path, Difference]:
    old, new = _flat(before), _flat(after)
    return {
        path: _difference(path, old.get(path), new.get(path), secrets)
        for path in sorted({*old, *new})
        if old.get(path, _MISSING) != new.get(path, _MISSING)
    }


def _difference(path: Path, before: Any, after: Any, secrets: set[Path]) -> Difference:
    name = ".".join(path)
    if any(path[: len(secret)] == secret for secret in secrets):
        return Difference(name, is_secret=True)
    return Difference(name, before, after)


def _flat(form: Mapping[str, Any], path: Path = ()) -> dict[Path, Any]:
    """Fields by their path; an empty mapping is a value."""
    found: dict[Path, Any] = {}
    for name, value in form.items():
        if isinstance(value, dict) and value:
            found |= _flat(value, (*path, name))
        else:
            found[(*path, name)] = value
    return found
