"""Messages with fallbacks: batches have none, so they are pages, as those of a request are."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.channels import Channel
from domain.errors import InvalidError
from domain.ids import message_uid, new_page_id
from domain.lanes import Lane
from domain.messages.new_page import new_page
from domain.messages.page_content import PAGE_BYTES
from services.contacts.read import ReadContacts
from services.sending.page_start import PageStart


def has_fallbacks(letter: Mapping[str, Any]) -> bool:
    """Whether the messages of a letter have some."""
    return bool(letter.get("fallback"))


def build_page(account_id: int, channel: Channel, lane: Lane, read: ReadContacts) -> tuple[PageStart, list[UUID]]:
    """A page with these messages, and their uids.

    Raises:
        InvalidError: it is too large.
    """
    page_id, messages, content = new_page_id(), read.content.messages, read.content.encode()
    if len(content) > PAGE_BYTES:
        raise InvalidError("too_large", "the message and its fallbacks are too large together")
    header = new_page(
        page_id,
        channel.value,
        [account_id],
        messages,
        read.requested,
        lane=lane.value,
        senders=read.content.senders(),
        purposes=[read.purpose],
        templates=[read.template_version],
    )
    return PageStart(header, content), [message_uid(page_id, index) for index in range(len(messages))]
