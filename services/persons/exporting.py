"""Asking for the export of a person: an operation that makes files."""

from dataclasses import asdict

from domain.persons.subject import Subject
from services.changes import Change
from store.operations import operations
from store.operations.operations import Operation

EXPORT = "persons.export"
"""The kind of operation."""


async def begin_export(change: Change, account_id: int, subject: Subject, owner_id: int | None) -> Operation:
    """Have what an account knows of a person be put into files. ``owner_id``: whose key may download them.

    Raises:
        ForbiddenError: the actor may not see recipients.
    """
    if owner_id is None:
        change.actor.check("messages:reveal")
    operation = await operations.add(
        change.store, EXPORT, change.actor, {"subject": asdict(subject)}, account_id, owner_id
    )
    change.about("user", account_id)
    change.about("operation", operation.id)
    change.metadata |= {"named_by": subject.named_by}
    return operation
