"""Building the mail that an SMTP server is given."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import UUID

from domain.messages.outbound import Outbound
from gateways.base import UnfitMessage
from gateways.email.html_text import html_to_text
from gateways.email.mail import Mail, take_apart
from gateways.email.mail_headers import HeaderField, addresses_field, text_field
from gateways.email.mailbox import Mailbox, parse_mailbox
from gateways.email.mime import Part, file_part, multipart, text_part

_OF_MIME = (b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition")
"""Fields that the mail's first part brings along."""
_NEXT_FIELD = re.compile(rb"\r\n(?![ \t])")
_LOOSE = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in its envelope (RFC 5321 §2.3.1)."""

    sender: Mailbox
    recipient: Mailbox
    content: bytes
    """RFC 5322 message, lines ended by CR LF."""
    cc: tuple[Mailbox, ...] = ()
    """Who gets it besides, if the server takes them: the recipient alone decides on the outcome."""
    needs_smtputf8: bool = False
    """Whether the server must support SMTPUTF8 (RFC 6531)."""


def write_letter(message: Outbound, from_address: str, from_name: str | None) -> Letter:
    """Build the mail for one message. Raises ``UnfitMessage`` before anything was connected to.

    Its envelope has the gateway's own address, whomever it is from: bounces go to the gateway.
    """
    parts = take_apart(message, from_address, from_name)
    mailboxes = [parts.sender, parts.recipient, *parts.cc, *([parts.reply_to] if parts.reply_to else [])]
    try:
        fields = _fields(parts, message.uid)
        head = "".join(field.line for field in fields).encode()
        content = b"".join([head, b"MIME-Version: 1.0\r\n", *_body(parts)])
    except ValueError as error:  # half a surrogate pair among others
        raise UnfitMessage("invalid_content", str(error)) from None
    _check_head(content, [field.name.encode() for field in fields])
    needs_utf8 = any(mailbox.needs_smtputf8 for mailbox in mailboxes)
    return Letter(parse_mailbox(from_address), parts.recipient, content, parts.cc, needs_utf8)


def _fields(parts: Mail, uid: UUID) -> list[HeaderField]:
    fields = [
        *(text_field(name, value) for name, value in parts.headers),
        addresses_field("From", (parts.sender_name, parts.sender)),
        addresses_field("To", ("", parts.recipient)),
    ]
    if parts.cc:
        fields.append(addresses_field("Cc", *(("", mailbox) for mailbox in parts.cc)))
    if parts.reply_to:
        fields.append(addresses_field("Reply-To", ("", parts.reply_to)))
    return [
        *fields,
        text_field("Subject", parts.subject),
        HeaderField("Date", format_datetime(datetime.now(UTC))),
        HeaderField("Message-ID", f"<{uid}@{parts.sender.domain}>"),
    ]


def _check_head(content: bytes, ours: list[bytes]) -> None:
    """The last look before a mail leaves: its head has the fields that we mean it to have, and no others."""
    head, _, _ = content.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0] for line in _NEXT_FIELD.split(head)]
    if [name for name in names if name not in _OF_MIME] != ours or _LOOSE.search(head):
        raise UnfitMessage("invalid_content", "a part of the mail would become a header of its own")


def _body(parts: Mail) -> Part:
    """The texts, the HTML with its pictures, then the files: as mail programs expect them to be nested."""
    if parts.html is None:
        files = [file_part(file, inline=False) for file in parts.attachments]
        return multipart("mixed", [text_part(parts.text, "plain"), *files])
    pictures = [file_part(file, inline=True) for file in parts.attachments if file.content_id is not None]
    files = [file_part(file, inline=False) for file in parts.attachments if file.content_id is None]
    html = multipart("related", [text_part(parts.html, "html"), *pictures])
    texts = [text_part(parts.text or html_to_text(parts.html), "plain"), html]
    return multipart("mixed", [multipart("alternative", texts), *files])
