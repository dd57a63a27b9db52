"""Building the mail as it travels (RFC 5322): what SMTP servers are given, and providers that take it whole."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from uuid import UUID

from domain.outbound import Outbound
from gateways.email.html_text import html_to_text
from gateways.email.mail import Mail, UnfitMessage, take_apart
from gateways.email.mailbox import Mailbox

_SEVEN_BIT = SMTP.clone(cte_type="7bit")  # bodies in base64 or quoted-printable: 8BITMIME is not everywhere


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in its envelope (RFC 5321 §2.3.1)."""

    sender: Mailbox
    recipient: Mailbox
    cc: tuple[Mailbox, ...]
    content: bytes
    """RFC 5322 message, lines ended by CR LF."""
    needs_smtputf8: bool
    """Whether the server must support SMTPUTF8 (RFC 6531)."""


def write_letter(message: Outbound, from_address: str, from_name: str | None) -> Letter:
    """Build the mail for one message. Raises ``UnfitMessage`` before anything was connected to."""
    parts = take_apart(message, from_address, from_name)
    named = (parts.sender, parts.recipient, *parts.cc, parts.reply_to)
    needs_smtputf8 = any(one is not None and one.needs_smtputf8 for one in named)
    mail = EmailMessage(policy=SMTPUTF8.clone(cte_type="7bit") if needs_smtputf8 else _SEVEN_BIT)
    try:
        _address(mail, parts, message.uid)
        _fill(mail, parts)
        return Letter(parts.sender, parts.recipient, parts.cc, mail.as_bytes(), needs_smtputf8)
    except (UnicodeError, ValueError) as error:
        raise UnfitMessage("invalid_content", str(error)) from None


def _address(mail: EmailMessage, parts: Mail, uid: UUID) -> None:
    mail["From"] = Address(parts.sender_name, parts.sender.local, parts.sender.domain)
    mail["To"] = _bare(parts.recipient)
    if parts.cc:
        mail["Cc"] = [_bare(one) for one in parts.cc]
    if parts.reply_to:
        mail["Reply-To"] = _bare(parts.reply_to)
    mail["Subject"] = parts.subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{uid}@{parts.sender.domain}>"
    for name, value in parts.headers:
        mail[name] = value


def _bare(mailbox: Mailbox) -> Address:
    return Address("", mailbox.local, mailbox.domain)


def _fill(mail: EmailMessage, parts: Mail) -> None:
    """Set the text, and around it what the HTML shows and what hangs below (RFC 2046 §5.1, RFC 2387)."""
    if parts.html is None:
        mail.set_content(parts.text)
    else:
        mail.set_content(parts.text or html_to_text(parts.html))
        mail.add_alternative(parts.html, subtype="html")
    html = mail.get_body(("html",))
    for file in parts.attachments:
        kind, _, subtype = file.content_type.partition("/")
        if file.content_id and html is not None:
            name = f"<{file.content_id}>"
            html.add_related(file.content, kind, subtype, cid=name, filename=file.filename, disposition="inline")
        else:
            mail.add_attachment(file.content, kind, subtype, filename=file.filename)
