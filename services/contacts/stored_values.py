"""``contact`` in texts: the values of the contact that the account has stored at a recipient's address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.recipients import InvalidRecipient, normalise_email
from services.contacts.fallbacks import template_names
from services.contacts.models import AnyContact, AnySend, EmailContact
from services.contacts.numbers import NumberReader
from services.contacts.shared_fields import SharedFields

NAME = "contact"
"""What texts call it."""

Stored = Sequence[Mapping[str, Any] | None]
"""The values for each contact of a request; ``None``: none is stored at its address."""


@dataclass(frozen=True, slots=True)
class ContactsUse:
    """A text names stored contacts: the request is read again with them."""

    addresses: list[str | None]
    """Of each contact of the request; ``None``: it has no valid one."""


class ContactsNeeded(Exception):
    """The same, while contacts are read."""

    def __init__(self, use: ContactsUse) -> None:
        super().__init__("a text names stored contacts")
        self.use = use


class StoredValues:
    """Gives the contacts of a request what is stored of them."""

    def __init__(self, stored: Stored | None, send: AnySend, numbers: NumberReader) -> None:
        self._stored = stored
        self._send = send
        self._numbers = numbers
        self._checked: SharedFields | None = None
        if stored is None and send.fallback and _is_named(template_names(send.fallback)):
            raise ContactsNeeded(self._use())

    def of(self, index: int, contact: AnyContact, shared: SharedFields) -> AnyContact:
        """A contact that has what is stored; what the request gives wins.

        Raises:
            ContactsNeeded: nobody has looked, and a text asks.
        """
        if self._stored is not None:
            values = self._stored[index] if index < len(self._stored) else None
            return contact if values is None else _with(contact, values)
        if shared is not self._checked:
            if _is_named(shared.template_names()):
                raise ContactsNeeded(self._use())
            self._checked = shared
        return contact

    def _use(self) -> ContactsUse:
        return ContactsUse([self._address(contact) for contact in self._send.contact])

    def _address(self, contact: AnyContact) -> str | None:
        try:
            is_email = isinstance(contact, EmailContact)
            return normalise_email(contact.email) if is_email else self._numbers.read(contact.number)  # type: ignore[union-attr]
        except InvalidRecipient:
            return None


def _is_named(names: frozenset[str] | None) -> bool:
    return names is None or NAME in names


def _with(contact: AnyContact, values: Mapping[str, Any]) -> AnyContact:
    given = (contact.__pydantic_extra__ or {}).get(NAME)
    if given is None:
        return contact.model_copy(update={NAME: values})
    if not isinstance(given, dict):
        return contact
    both = {**values, **given}
    if isinstance(own := given.get("fields"), dict):
        both["fields"] = {**values["fields"], **own}
    return contact.model_copy(update={NAME: both})
