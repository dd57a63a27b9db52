"""A message as a gateway gets it: one recipient, ready to send."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain.channels import Channel


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with an email."""

    filename: str
    content_type: str
    """As ``type/subtype``; it may have parameters, as ``text/calendar; method=REQUEST``."""
    content: bytes = field(repr=False)
    content_id: str | None = None
    """Named by the HTML as ``cid:…``: shown in the mail, not listed below it."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message to one recipient.

    ``to`` is an E.164 number with ``+`` (SMS, WhatsApp) or one mailbox (email). ``reference`` is our idempotency
    reference: the same for every attempt at this message, so that a provider that dedupes on it can.
    """

    uid: UUID
    channel: Channel
    to: str
    reference: str
    body: str = ""
    subject: str | None = None
    html: str | None = None
    sender: str | None = None
    """Display name of the sender (email), or an alphanumeric sender id (SMS)."""
    unicode: bool = False
    """SMS only: the text needs UCS-2."""
    bulk: bool = False
    """SMS only: urgent messages may overtake it on a connection that it shares with them."""
    media_type: str | None = None
    """WhatsApp only: image, audio, video or document."""
    media_url: str | None = None
    """WhatsApp only: where the provider fetches the file. ``whatsapp_cloud`` also takes the id of an uploaded one."""
    template: dict[str, Any] | None = field(default=None)
    """WhatsApp only: ``{"name", "language", "components"}`` as in Meta's Cloud API."""
    answers: str | None = None
    """WhatsApp only: the provider's id (``Inbound.key``) of the message that this one answers."""
    reply_to: str | None = None
    """Email only, like all that follow: the mailbox that replies go to."""
    cc: tuple[str, ...] = ()
    """Mailboxes that get a visible copy."""
    headers: tuple[tuple[str, str], ...] = ()
    """More headers, as names and values."""
    attachments: tuple[Attachment, ...] = ()
    unsubscribe_url: str | None = None
    """Where a POST unsubscribes the recipient (RFC 8058)."""
    from_address: str | None = None
    """The mailbox that it is from; ``None``: the gateway's own."""
    sign: Callable[[bytes], bytes] | None = field(default=None, repr=False, compare=False)
    """Signs a whole mail for the domain of ``from_address`` (DKIM), for gateways that write mails themselves."""
