"""Building the mail that an SMTP server is given."""

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
    content: bytes
    """RFC 5322 message, lines ended by CR LF."""

    @property
    def needs_smtputf8(self) -> bool:
        """Whether the server must support SMTPUTF8 (RFC 6531)."""
        return self.sender.needs_smtputf8 or self.recipient.needs_smtputf8


def write_letter(message: Outbound, from_address: str, from_name: str | None) -> Letter:
    """Build the mail for one message. Raises ``UnfitMessage`` before anything was connected to."""
    parts = take_apart(message, from_address, from_name)
    letter_needs_utf8 = parts.sender.needs_smtputf8 or parts.recipient.needs_smtputf8
    mail = EmailMessage(policy=SMTPUTF8.clone(cte_type="7bit") if letter_needs_utf8 else _SEVEN_BIT)
    try:
        _address(mail, parts, message.uid)
        _fill(mail, parts)
        return Letter(parts.sender, parts.recipient, mail.as_bytes())
    except (UnicodeError, ValueError) as error:
        raise UnfitMessage("invalid_content", str(error)) from None


def _address(mail: EmailMessage, parts: Mail, uid: UUID) -> None:
    mail["From"] = Address(parts.sender_name, parts.sender.local, parts.sender.domain)
    mail["To"] = Address("", parts.recipient.local, parts.recipient.domain)
    mail["Subject"] = parts.subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{uid}@{parts.sender.domain}>"
    for name, value in parts.headers:
        mail[name] = value


def _fill(mail: EmailMessage, parts: Mail) -> None:
    if parts.html is None:
        mail.set_content(parts.text)
        return
    mail.set_content(parts.text or html_to_text(parts.html))
    mail.add_alternative(parts.html, subtype="html")
