"""Building the mail that an SMTP server is given."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import cast
from uuid import UUID

from domain.outbound import Attachment, Outbound
from gateways.email.html_text import html_to_text
from gateways.email.mail import Mail, UnfitMessage, take_apart
from gateways.email.mailbox import Mailbox

_SEVEN_BIT = SMTP.clone(cte_type="7bit")  # bodies in base64 or quoted-printable: 8BITMIME is not everywhere
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
    needs_utf8 = any(mailbox.needs_smtputf8 for mailbox in mailboxes)
    mail = EmailMessage(policy=SMTPUTF8.clone(cte_type="7bit") if needs_utf8 else _SEVEN_BIT)
    try:
        _address(mail, parts, message.uid)
        _fill(mail, parts)
        content = b"".join(_plain_headers(parts)) + mail.as_bytes()
    except (UnicodeError, ValueError) as error:
        raise UnfitMessage("invalid_content", str(error)) from None
    return Letter(parts.sender, parts.recipient, content, parts.cc, needs_utf8)


def _address(mail: EmailMessage, parts: Mail, uid: UUID) -> None:
    mail["From"] = Address(parts.sender_name, parts.sender.local, parts.sender.domain)
    mail["To"] = _written(parts.recipient)
    if parts.cc:
        mail["Cc"] = tuple(map(_written, parts.cc))
    if parts.reply_to:
        mail["Reply-To"] = _written(parts.reply_to)
    mail["Subject"] = parts.subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{uid}@{parts.sender.domain}>"
    for name, value in parts.headers:
        if not _is_plain(name, value):
            mail[name] = value


def _written(mailbox: Mailbox) -> Address:
    return Address("", mailbox.local, mailbox.domain)


def _plain_headers(parts: Mail) -> list[bytes]:
    """The headers that can stand as they are.

    Python's folding would encode a long word as in RFC 2047, and nobody decodes the URL of a List-Unsubscribe.
    """
    return [f"{name}: {value}\r\n".encode() for name, value in parts.headers if _is_plain(name, value)]


def _is_plain(name: str, value: str) -> bool:
    return value.isascii() and len(name) + 2 + len(value) <= _LINE


def _fill(mail: EmailMessage, parts: Mail) -> None:
    if parts.html is None:
        mail.set_content(parts.text)
    else:
        mail.set_content(parts.text or html_to_text(parts.html))
        mail.add_alternative(parts.html, subtype="html")
        for file in parts.attachments:
            if file.content_id is not None:
                html = cast(list[EmailMessage], mail.get_payload())[-1]
                _attach(html, file, related=True)
    for file in parts.attachments:
        if file.content_id is None or parts.html is None:
            _attach(mail, file, related=False)


def _attach(part: EmailMessage, file: Attachment, *, related: bool) -> None:
    maintype, _, subtype = file.content_type.partition("/")
    if related:
        part.add_related(
            file.content, maintype, subtype, cid=f"<{file.content_id}>", filename=file.filename, disposition="inline"
        )
    else:
        part.add_attachment(file.content, maintype, subtype, filename=file.filename)
