"""Whom values are about that are given for several people at once: a contact that is there, a new one, or nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.audience.contacts.changing import patched
from domain.audience.contacts.contact import ADDRESSES, IDENTIFYING, Contact, new_contact_id
from domain.errors import ConflictError, FieldError, InvalidError, XsenderError, pointer

Key = tuple[str, str]
"""The name of a value that only one contact of an account has, and the value as it is compared."""
Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Item:
    """What is given of a person, as ``read_values`` returns it, with its keys by the names of values."""

    values: Mapping[str, Any]
    keys: Mapping[str, Key]
    must_be_new: bool = False


@dataclass(slots=True)
class Plan:
    """Contacts as they are while items are applied, one after the other."""

    account_id: int
    origin: str
    at: datetime
    contacts: dict[UUID, Contact]
    """Those that are there, or were made."""
    owners: dict[Key, UUID]
    """Who has what."""
    held: dict[UUID, dict[str, Key]] = field(init=False, default_factory=dict)
    """The same by contact, and by the name of the value."""
    created: dict[UUID, None] = field(default_factory=dict)
    changed: dict[UUID, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, owner in self.owners.items():
            self.held.setdefault(owner, {})[key[0]] = key

    def apply(self, item: Item) -> tuple[Outcome, UUID]:
        """Change the contact that an item is about, or make it.

        Raises:
            ConflictError: it is about several contacts, or about one that has another external id.
            InvalidError: the contact would have no address.
        """
        known = self._find(item)
        if known is None:
            made = patched(Contact(new_contact_id(), self.account_id), item.values, self.origin, self.at)
            self._put(made, item)
            self.created[made.id] = None
            return "created", made.id
        after = patched(known, item.values, self.origin, self.at)
        if after is known:
            return "unchanged", known.id
        self._put(after, item)
        if known.id not in self.created:
            self.changed[known.id] = None
        return "updated", known.id

    @property
    def new(self) -> Sequence[Contact]:
        """Those to insert."""
        return [self.contacts[each] for each in self.created]

    @property
    def altered(self) -> Sequence[Contact]:
        """Those to update."""
        return [self.contacts[each] for each in self.changed]

    def _find(self, item: Item) -> Contact | None:
        owners = {name: self.owners[item.keys[name]] for name in IDENTIFYING if self._has_owner(item, name)}
        if not owners:
            return None
        if item.must_be_new:
            name = next(iter(owners))
            raise taken(name, owners[name])
        known = self.contacts[owners.get("external_id") or next(iter(owners.values()))]
        for name in ADDRESSES:
            if owners.get(name, known.id) != known.id:
                raise taken(name, owners[name])
        wanted = item.values.get("external_id")
        if wanted is not None and known.external_id is not None and known.external_id != wanted:
            raise taken(next(iter(owners)), known.id)
        return known

    def _has_owner(self, item: Item, name: str) -> bool:
        return name in item.keys and item.keys[name] in self.owners

    def _put(self, contact: Contact, item: Item) -> None:
        held = self.held.setdefault(contact.id, {})
        for name in IDENTIFYING:
            if name in item.values and name in held:
                del self.owners[held.pop(name)]
        for name, key in item.keys.items():
            held[name] = key
            self.owners[key] = contact.id
        self.contacts[contact.id] = contact


def taken(name: str, owner: UUID) -> ConflictError:
    """409: another contact has this address, or this external id."""
    message = f"the contact {owner} has this {name} already: change that one, or merge the two"
    return ConflictError("contact_taken", message, [FieldError(pointer(name), "contact_taken", message)])


def placed(error: XsenderError, *at: str | int) -> list[FieldError]:
    """The errors of an item that stands at a place of the body."""
    fields = error.fields if isinstance(error, InvalidError | ConflictError) else ()
    fields = fields or [FieldError("", error.code, error.message)]
    return [FieldError(pointer(*at) + field.pointer, field.code, field.message) for field in fields]
