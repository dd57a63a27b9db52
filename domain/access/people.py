"""Who logs in: a member of staff, or a user. An account is one user."""

from dataclasses import dataclass
from enum import StrEnum


class PersonKind(StrEnum):
    """Whether somebody administrates the install, or uses it."""

    STAFF = "staff"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff, or a user, by the id of its row."""

    kind: PersonKind
    id: int
