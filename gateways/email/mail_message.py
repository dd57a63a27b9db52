"""Building the mail that an SMTP server is given."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import UUID

from domain.outbound import Outbound
from gateways.email.headers import header, mailboxes_header, sender_header
from gateways.email.html_text import html_to_text
from gateways.email.mail import Mail, UnfitMessage, take_apart
from gateways.email.mailbox import Mailbox
from gateways.email.mime import Part, file_part, multipart, text_part

_LINE = 998
"""Characters of a line at most (RFC 5322 §2.1.1)."""


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
    """Build the mail for one message. Raises ``UnfitMessage`` before anything was connected to."""
    parts = take_apart(message, from_address, from_name)
    mailboxes = [parts.sender, parts.recipient, *parts.cc, *([parts.reply_to] if parts.reply_to else [])]
    try:
        head = "".join(_headers(parts, message.uid)).encode()
        content = b"".join([head, b"MIME-Version: 1.0\r\n", *_body(parts)])
    except ValueError as error:  # half a surrogate pair among others
        raise UnfitMessage("invalid_content", str(error)) from None
    needs_utf8 = any(mailbox.needs_smtputf8 for mailbox in mailboxes)
    return Letter(parts.sender, parts.recipient, content, parts.cc, needs_utf8)


def _headers(parts: Mail, uid: UUID) -> list[str]:
    written = [_own_header(name, value) for name, value in parts.headers]
    written += [sender_header(parts.sender_name, parts.sender), mailboxes_header("To", (parts.recipient,))]
    if parts.cc:
        written.append(mailboxes_header("Cc", parts.cc))
    if parts.reply_to:
        written.append(mailboxes_header("Reply-To", (parts.reply_to,)))
    return [
        *written,
        header("Subject", parts.subject),
        f"Date: {format_datetime(datetime.now(UTC))}\r\n",
        f"Message-ID: <{uid}@{parts.sender.domain}>\r\n",
    ]


def _own_header(name: str, value: str) -> str:
    """A header of the sender's. Where it can it stands as it is: nobody decodes the URL of a List-Unsubscribe."""
    is_plain = value.isascii() and len(name) + 2 + len(value) <= _LINE
    return f"{name}: {value}\r\n" if is_plain else header(name, value)


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
