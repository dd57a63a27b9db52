"""The inbox of the sandbox gateways, as they see it: kept in the database, and so shared by all processes."""

from typing import Any
from uuid import UUID

from domain.messages.outbound import Attachment, Outbound
from store.gateways import sandbox
from store.pool import Pool

_CONTENT = ("body", "subject", "html", "sender", "unicode", "media_type", "media_url", "template", "reference")
_OF_EMAILS = ("reply_to", "unsubscribe_url")


class SandboxInbox:
    """Keeps what sandbox gateways "deliver"."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, gateway: str, message: Outbound) -> str:
        """Keep a message under the account that sent it, and return the new entry's id."""
        return str(await sandbox.put(self._pool, gateway, message.uid, message.channel, message.to, _content(message)))

    async def tries(self, uid: UUID) -> int:
        """Count an attempt at a message and return the number so far, including this one."""
        return await sandbox.count_try(self._pool, uid)


def _content(message: Outbound) -> dict[str, Any]:
    """The message's content, without empty fields."""
    fields = {name: getattr(message, name) for name in (*_CONTENT, *_OF_EMAILS)}
    fields["from"] = message.from_address
    fields["cc"] = list(message.cc)
    fields["headers"] = dict(message.headers)
    fields["attachments"] = [_file(attachment) for attachment in message.attachments]
    return {name: value for name, value in fields.items() if value not in (None, "", False, [], {})}


def _file(attachment: Attachment) -> dict[str, Any]:
    """An attachment, without its bytes."""
    named = {"filename": attachment.filename, "content_type": attachment.content_type}
    return {**named, "content_id": attachment.content_id, "size": len(attachment.content)}
