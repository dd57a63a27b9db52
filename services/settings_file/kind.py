"""What each kind of object of a settings file can do."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast, get_args, get_origin

import orjson
from pydantic import BaseModel, ValidationError

from domain.errors import FieldError, invalid, pointer
from domain.keyring import Keyring
from domain.validation.sentences import in_words
from services.changes import Change
from store.pool import Connections

Form = dict[str, Any]
"""An object as a file has it, with all its fields; a secret as it is, or ``KEPT``."""
Path = tuple[str, ...]
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Found:
    """An object that there is."""

    object_id: str
    form: Form = field(repr=False)
    opens: bool = True
    """``False``: a secret of it does not open with the keys of the install; there is no form then."""


def unopened(object_id: object) -> Found:
    """An object with a secret that does not open."""
    return Found(str(object_id), {}, opens=False)


class Kind(Protocol):
    """A kind of object: how it is read, compared and changed. Its rules are those of ``services``.

    Objects are named by keys, such as ``sms/main``. Kinds are applied in the order of ``kinds.KINDS``, and removed
    in the opposite one.
    """

    section: str
    """Its name in a file: ``plans``."""
    target: str
    """Its name in the audit log: ``plan``."""
    is_single: bool
    """Whether there is one object only, which is the section itself."""
    makes_secrets: bool
    """Whether an object that is given no secret gets one, so that ``KEPT`` may stand in a new one."""
    reads: frozenset[str]
    writes: frozenset[str]
    deletes: frozenset[str]
    """Permissions that one needs to see, to create or change, and to delete one."""
    actions: tuple[str, str, str]
    """How the audit log calls creating, changing and deleting one."""

    def schema(self) -> dict[str, Any]:
        """The JSON schema of an object, with its own ``$defs``."""
        ...

    def checked(self, key: str, form: Any) -> Form:
        """An object of a file with all its fields. Of a secret only its place is looked at if it is ``KEPT``.

        Raises:
            InvalidError: it cannot be one; pointers are from the object on.
        """
        ...

    def secrets(self, form: Any) -> list[Path]:
        """Where the secrets of an object are, also of one that was not checked."""
        ...

    async def current(
        self, store: Connections, keyring: Keyring, keys: Collection[str], *, lock: bool
    ) -> dict[str, Found]:
        """Objects by key: those of the admin, and those of others that have one of these keys. ``lock``: nobody else
        changes them until the transaction ends.
        """
        ...

    async def put(self, change: Change, keyring: Keyring, key: str, now: Found | None, form: Form) -> str:
        """Create or change an object. Returns its id.

        Raises:
            XsenderError: as the rules of its kind say.
        """
        ...

    async def remove(self, change: Change, keyring: Keyring, key: str, now: Found) -> None:
        """Delete an object.

        Raises:
            XsenderError: as the rules of its kind say.
        """
        ...


def validated(
    model: type[BaseModel], form: Any, more: Mapping[str, Any] = NOTHING, known: Collection[str] = ()
) -> BaseModel:
    """A form with ``more`` as a model. ``known``: the names of its fields, if not those of the model.

    Raises:
        InvalidError: it cannot be one; unknown fields come with the nearest known one.
    """
    try:
        return model.model_validate_json(orjson.dumps({**form, **more} if isinstance(form, Mapping) else form))
    except ValidationError as error:
        raise invalid(list(_problems(model, error, known))) from None


def _problems(model: type[BaseModel], error: ValidationError, known: Collection[str]) -> Iterator[FieldError]:
    for one in error.errors(include_url=False, include_input=False):
        loc = one["loc"][:-1] if one["loc"][-1:] == ("[key]",) else one["loc"]
        if one["type"] == "extra_forbidden":
            message = no_such_field(str(loc[-1]), (len(loc) == 1 and known) or names_at(model, loc[:-1]))
            yield FieldError(pointer(*loc), "extra_forbidden", message)
        elif one["type"] == "model_type":
            yield FieldError(pointer(*loc), "object_type", "must be a mapping")
        else:
            yield FieldError(pointer(*loc), one["type"], in_words(one))


def no_such_field(name: str, known: Collection[str]) -> str:
    """What to say of a field that there is not."""
    from difflib import get_close_matches

    near = get_close_matches(name[:100], known, 1, 0.5)
    return f"there is no field {name!r}" + (f": did you mean {near[0]!r}?" if near else f": use {', '.join(known)}")


def names_at(model: type[BaseModel], path: Collection[str | int]) -> list[str]:
    """The names of the fields at a place within a model."""
    found: Any = model
    for step in path:
        found = _within(found, str(step))
    inner = _model_in(found)
    return [] if inner is None else sorted(inner.model_fields)


def _within(annotation: Any, step: str) -> Any:
    """The type of a field of a model, or of what a mapping or a list holds."""
    if _is_model(annotation):
        field = annotation.model_fields.get(step)
        return field and field.annotation
    parts = get_args(annotation)
    if get_origin(annotation) in (dict, list):
        return parts[-1]
    return next((inner for part in parts if (inner := _within(part, step)) is not None), None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model within ``Model | None`` and its like; ``None``: there is none."""
    if _is_model(annotation):
        return cast(type[BaseModel], annotation)
    inner = (_model_in(part) for part in get_args(annotation))
    return next((part for part in inner if part is not None), None)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
