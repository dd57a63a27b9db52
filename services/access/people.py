"""People who log in, as actors and targets of the audit log."""

from collections.abc import Mapping
from typing import Any

from domain.access.actors import Actor
from domain.access.people import Person, PersonKind
from domain.errors import NotFoundError
from services.changes import Change
from store.access import people
from store.access.people import Known
from store.pool import Connections

UNKNOWN = "unknown"


def actor_of(known: Known | None, context: Mapping[str, Any]) -> Actor:
    """Somebody who logs in, or changes what they log in with. It may do nothing else."""
    if known is None:
        return Actor("unknown", UNKNOWN, permissions=frozenset(), context=context)
    kind = known.person.kind
    name = known.email if kind is PersonKind.STAFF else known.name
    return Actor(kind.value, str(known.person.id), name, known.role, frozenset(), context)


def about(change: Change, known: Known) -> None:
    """Note whose log-in a change is about."""
    name = known.email if known.person.kind is PersonKind.STAFF else known.name
    change.about(known.person.kind, known.person.id, name)


async def find_person(pool: Connections, person: Person) -> Known:
    """Somebody who may log in.

    Raises:
        NotFoundError: there is nobody of this id, or not any more.
    """
    known = await people.get(pool, person)
    if known.status == "ended":
        what = "member of staff" if person.kind is PersonKind.STAFF else "user"
        code = "staff_not_found" if person.kind is PersonKind.STAFF else "account_not_found"
        raise NotFoundError(code, f"there is no {what} {person.id}")
    return known
