"""Asking for the erasure of a person: an operation, with a record that stays (``store.persons.erasures``)."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.access.actors import Actor
from domain.errors import NotFoundError
from domain.persons.subject import AskedErasure, Subject
from services.changes import Change
from services.persons.naming import known_of
from store.operations import operations
from store.operations.operations import LAST, Operation
from store.persons import erasures, finding
from store.persons.erasures import Erasure
from store.pool import Connections

ERASE = "persons.erase"
"""The kind of operation."""


async def begin_erasure(change: Change, account_id: int, subject: Subject, owner_id: int | None) -> Operation:
    """Have what an account knows of a person be removed. ``owner_id``: whose key may see the operation."""
    asked_by = {"type": change.actor.type, "id": change.actor.id}
    if "key" in change.actor.context:
        asked_by["key"] = change.actor.context["key"]
    operation = await queue_erasure(change.store, change.actor, account_id, subject, asked_by, owner_id)
    change.about("user", account_id)
    change.about("erasure", operation.id)
    change.metadata |= {"named_by": subject.named_by}
    return operation


async def queue_erasure(
    store: Connections,
    actor: Actor,
    account_id: int,
    subject: Subject,
    asked_by: Mapping[str, str],
    owner_id: int | None = None,
) -> Operation:
    """Queue the operation, and note that it was asked for. In a transaction."""
    at = datetime.now(UTC)
    given = {"subject": asdict(subject), "asked_by": dict(asked_by), "asked_at": at.timestamp()}
    operation = await operations.add(store, ERASE, actor, given, account_id, owner_id)
    await erasures.add(store, operation.id, account_id, subject.named_by, asked_by, at)
    return operation


def asked_in(operation: Operation) -> AskedErasure:
    """What an operation that has not ended is to erase."""
    given: Mapping[str, Any] = operation.input
    assert operation.account_id is not None
    return AskedErasure(
        str(operation.id),
        operation.account_id,
        Subject(**given["subject"]),
        given["asked_by"],
        given["asked_at"],
        operation.owner_id,
    )


async def count(store: Connections, account_id: int, subject: Subject) -> dict[str, int]:
    """What there is of a person, by kind: without what only a look at all rows of a table finds."""
    return await finding.count(store, await known_of(store, account_id, subject, LAST))


async def find_erasure(store: Connections, erasure_id: UUID, account_id: int | None = None) -> Erasure:
    """The record of one.

    Raises:
        NotFoundError: there is none, or not of this account.
    """
    found = await erasures.find(store, erasure_id, account_id)
    if found is None:
        raise NotFoundError("erasure_not_found", f"there is no erasure {erasure_id}")
    return found
