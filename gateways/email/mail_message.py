"""Building the mail that an SMTP server is given."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import cast
from uuid import UUID

from domain.outbound import Attachment, Outbound
from gateways.email.html_text import html_to_text
from gateways.email.mail import Mail, UnfitMessage, take_apart
from gateways.email.mail_headers import HeaderField, addresses_field, parameters, text_field
from gateways.email.mailbox import Mailbox

_SEVEN_BIT = SMTP.clone(cte_type="7bit")  # bodies in base64 or quoted-printable: 8BITMIME is not everywhere
_OF_MIME = (b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition")
"""Fields that ``email`` writes of itself."""
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
    """Build the mail for one message. Raises ``UnfitMessage`` before anything was connected to."""
    parts = take_apart(message, from_address, from_name)
    mailboxes = [parts.sender, parts.recipient, *parts.cc, *([parts.reply_to] if parts.reply_to else [])]
    needs_utf8 = any(mailbox.needs_smtputf8 for mailbox in mailboxes)
    mail = EmailMessage(policy=SMTPUTF8.clone(cte_type="7bit") if needs_utf8 else _SEVEN_BIT)
    try:
        fields = _fields(parts, message.uid)
        for field in fields:
            mail[field.name] = field
        _fill(mail, parts)
        content = mail.as_bytes()
    except (UnicodeError, ValueError) as error:
        raise UnfitMessage("invalid_content", str(error)) from None
    _check_head(content, [field.name.encode() for field in fields])
    return Letter(parts.sender, parts.recipient, content, parts.cc, needs_utf8)


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
    names = [line.partition(b":")[0] for line in re.split(rb"\r\n(?![ \t])", head)]
    if [name for name in names if name not in _OF_MIME] != ours or _LOOSE.search(head):
        raise UnfitMessage("invalid_content", "a part of the mail would become a header of its own")


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
    subtype, _, more = subtype.partition(";")
    if related:
        part.add_related(file.content, maintype, subtype.strip(), disposition="inline")
    else:
        part.add_attachment(file.content, maintype, subtype.strip())
    (*_, added) = cast(list[EmailMessage], part.get_payload())
    named = f"{'inline' if related else 'attachment'}{parameters(filename=file.filename)}"
    own = {"Content-Disposition": named}
    if related:
        own["Content-ID"] = f"<{file.content_id}>"
    if more:
        own["Content-Type"] = f"{maintype}/{subtype.strip()};\r\n {more.strip()}"
    for name, value in own.items():
        del added[name]
        added[name] = HeaderField(name, value)
