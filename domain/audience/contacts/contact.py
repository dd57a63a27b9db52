"""Contacts: the people that an account knows."""

import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

ADDRESSES = ("email", "phone", "whatsapp")
IDENTIFYING = (*ADDRESSES, "external_id")
"""Values that no two contacts of an account share. A contact has one of them at least."""
VALUES = (*IDENTIFYING, "first_name", "last_name", "language", "country", "time_zone")
LISTS = ("tags", "groups")
CUSTOM = "fields."
"""How the name of a custom field begins where it stands among other names: ``fields.<key>``."""

MOST_NAME = 200
"""Characters of a name or an external id."""
MOST_TAG = 100
"""Characters of a tag."""
MOST_TAGS = 50
MOST_GROUPS = 50
"""That a contact is in."""
MOST_FIELDS = 200
"""Custom fields of an account."""
MOST_TEXT = 2000
"""Characters of a custom field."""
MOST_GROUPS_OF_ACCOUNT = 1000

_NEVER = datetime.min.replace(tzinfo=UTC)
_NOT_FIELDS = frozenset((*VALUES, *LISTS, "id", "fields", "origins", "created_at", "updated_at", "account_id"))
_FIELD_KEY = re.compile(r"[a-z][a-z0-9_]{0,49}")
_GROUP_KEY = re.compile(r"[a-z][a-z0-9_-]{0,49}")


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact, as it is stored."""

    id: UUID
    account_id: int
    email: str | None = None
    phone: str | None = None
    """E.164."""
    whatsapp: str | None = None
    """E.164; ``None``: as the phone."""
    external_id: str | None = None
    """The account's own id of the person."""
    first_name: str | None = None
    last_name: str | None = None
    language: str | None = None
    """BCP 47, such as ``pt-BR``."""
    country: str | None = None
    """ISO 3166."""
    time_zone: str | None = None
    """IANA."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Custom fields that have a value, by key."""
    tags: list[str] = field(default_factory=list)
    """Sorted."""
    groups: list[int] = field(default_factory=list)
    """Their ids, sorted."""
    origins: dict[str, dict[str, str]] = field(default_factory=dict)
    """Where each value came from: by its name ``{"from": …, "at": …}``."""
    created_at: datetime = _NEVER
    updated_at: datetime = _NEVER

    @property
    def is_identified(self) -> bool:
        """Whether it has an address or an external id."""
        return any(getattr(self, name) is not None for name in IDENTIFYING)


def new_contact_id() -> UUID:
    """A UUIDv7: ids grow with time."""
    value = time.time_ns() // 1_000_000 << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return UUID(int=value | 0b10 << 62 | secrets.randbits(62))


def is_field_key(text: str) -> bool:
    """Whether a custom field may have this key: conditions and templates name it beside the values of contacts."""
    return _FIELD_KEY.fullmatch(text) is not None and text not in _NOT_FIELDS


def is_group_key(text: str) -> bool:
    """Whether a group may have this key. None is a number: those are ids."""
    return _GROUP_KEY.fullmatch(text) is not None
