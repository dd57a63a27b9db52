"""Telling people of an automation, a source of leads or phones: by mail over the own mail server, and by callback."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.callbacks import EventType
from store.accounts import accounts
from store.automations.results import notices
from store.automations.results.notices import Kept
from store.callbacks import callbacks
from store.callbacks.callbacks import Notice
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Told:
    """What is told, once for each ``id``."""

    id: UUID
    account_id: int
    about: str
    """The key of what it is about."""
    kind: EventType
    subject: str
    """Of the mail."""
    message: str
    """What happened, and what to do: plain text, with empty lines between paragraphs."""
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    """What the callback has beside it."""
    emails: Sequence[str] = ()
    """Whom to mail; addresses that are none are passed over."""
    by_callback: bool = True
    """Whether the account's endpoints hear of it."""
    about_kind: Literal["automation", "lead_source", "device"] = "automation"
    """By this name callbacks say what it is about."""


async def tell(store: Connections, told: Told) -> bool:
    """Have it be told, in the transaction of what it is about: workers mail and post it soon.

    Of an account at most ``notices.MAILS_PER_HOUR`` are mailed. Returns whether it is new.
    """
    emails = list({email.casefold(): email for email in told.emails}.values())
    kept = Kept(told.id, told.account_id, told.about, told.kind, told.subject, told.message, emails, told.at)
    if not await notices.add(store, kept):
        return False
    if told.by_callback:
        data = {told.about_kind: told.about, "subject": told.subject, "message": told.message, **told.data}
        notice = Notice(told.account_id, told.kind, None, told.at, data, str(told.id))
        async with store.connection() as conn:
            await callbacks.queue(conn, [notice])  # workers wake the endpoints
    return True


async def owner_email(store: Connections, account_id: int) -> list[str]:
    """The address of an account; none, if it is deleted."""
    found = await accounts.get(store, account_id)
    return [] if found is None or found.status == "deleted" or not found.email else [found.email]
