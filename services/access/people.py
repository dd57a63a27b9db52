"""People who log in, as actors and targets of the audit log."""

from collections.abc import Mapping
from typing import Any

from domain.access.actors import Actor
from domain.access.people import PersonKind
from services.changes import Change
from store.access.people import Known

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
