"""What becomes of a contact when values of it are given, and when two are merged."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from domain.audience.contacts.contact import CUSTOM, IDENTIFYING, LISTS, MOST_GROUPS, MOST_TAGS, VALUES, Contact
from domain.errors import ConflictError, InvalidError

_SHOWN = (*VALUES, *LISTS, "fields")


def patched(before: Contact, given: Mapping[str, Any], origin: str, at: datetime) -> Contact:
    """The contact with what was given, as ``read_values`` returns it; the same object, if nothing changes.

    Custom fields are merged: those that are not given stay. Lists are replaced.

    Raises:
        InvalidError: no address and no external id would be left.
    """
    custom = {**before.fields, **given.get("fields", {})}
    after = replace(
        before,
        **{name: value for name, value in given.items() if name != "fields"},
        fields={key: value for key, value in custom.items() if value is not None},
    )
    if not after.is_identified:
        words = f"give the contact one of {', '.join(IDENTIFYING)}"
        raise InvalidError("contact_without_address", words)
    return before if is_same(before, after) else noting(before, after, origin, at)


def noting(before: Contact, after: Contact, origin: str, at: datetime) -> Contact:
    """``after`` with notes of where the values came from that ``before`` had not, and none of those that are gone."""
    old, new = _named(before), _named(after)
    note = {"from": origin, "at": at.astimezone(UTC).isoformat(timespec="seconds")}
    origins = {
        key: note if old.get(key) != value else before.origins[key]
        for key, value in new.items()
        if old.get(key) != value or key in before.origins
    }
    return replace(after, origins=origins)


def is_same(one: Contact, other: Contact) -> bool:
    """Whether all that its owner gave of a contact is the same."""
    return all(getattr(one, name) == getattr(other, name) for name in _SHOWN)


def shown_values(contact: Contact) -> dict[str, Any]:
    """All that its owner gave of a contact."""
    return {name: getattr(contact, name) for name in _SHOWN}


@dataclass(frozen=True, slots=True)
class Merged:
    """Two contacts as one."""

    contact: Contact
    dropped: dict[str, Any]
    """Values of the other one that are in conflict with those that were kept, by name."""


def merged(kept: Contact, other: Contact, take: Collection[str] = ()) -> Merged:
    """``kept`` with the values of another contact that it lacks, and with the tags and groups of both.

    Where both have a value, its own stays, unless ``take`` has the name of it: ``email``, ``fields.<key>``.

    Raises:
        InvalidError: the other one has no such value.
        ConflictError: it would have too many tags or groups.
    """
    mine, others = _named(kept), _named(other)
    for number, name in enumerate(take):
        if name not in others:
            message = f"the other contact has no value {name!r} that could be taken"
            raise InvalidError("value_unknown", message, f"/take/{number}")
    taken = {name: value for name, value in others.items() if name not in mine or name in take}
    values = {**mine, **taken}
    tags, groups = sorted({*kept.tags, *other.tags}), sorted({*kept.groups, *other.groups})
    if len(tags) > MOST_TAGS or len(groups) > MOST_GROUPS:
        message = (
            f"together they have {len(tags)} tags and {len(groups)} groups: remove some first, {MOST_TAGS} is the most"
        )
        raise ConflictError("contact_lists_full", message)
    single: dict[str, Any] = {name: values.get(name) for name in VALUES}
    contact = replace(
        kept,
        **single,
        fields={name.removeprefix(CUSTOM): value for name, value in values.items() if name.startswith(CUSTOM)},
        tags=tags,
        groups=groups,
        origins={
            name: (other if name in taken else kept).origins[name]
            for name in values
            if name in (other if name in taken else kept).origins
        },
    )
    unequal = {name for name in mine.keys() & others.keys() if mine[name] != others[name]}
    dropped = {name: mine[name] if name in taken else others[name] for name in sorted(unequal)}
    return Merged(contact, dropped)


def _named(contact: Contact) -> dict[str, Any]:
    """Values that are there, custom ones included, by name."""
    named = {name: value for name in VALUES if (value := getattr(contact, name)) is not None}
    return named | {CUSTOM + key: value for key, value in contact.fields.items()}
