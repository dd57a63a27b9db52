"""Building the mail that an SMTP server is given."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from domain.outbound import Outbound
from gateways.html_text import html_to_text
from gateways.mailbox import InvalidMailbox, Mailbox, parse_mailbox

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SEVEN_BIT = SMTP.clone(cte_type="7bit")  # bodies in base64 or quoted-printable: 8BITMIME is not everywhere


class UnfitMessage(ValueError):  # noqa: N818 - the name says what is wrong
    """The message cannot be a mail. ``code`` is what the outcome will carry."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


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


def write_letter(message: Outbound, sender: Mailbox, sender_name: str | None) -> Letter:
    """Build the mail for one message. Raises ``UnfitMessage`` before anything was connected to.

    Python refuses CR and LF in headers but lets NUL through, and reads ``a@b, c@d`` as two recipients: both are
    checked here.
    """
    try:
        recipient = parse_mailbox(message.to)
    except InvalidMailbox as error:
        raise UnfitMessage("invalid_recipient", f"the recipient {error}") from None
    name = message.sender or sender_name or ""
    check_header("invalid_subject", "the subject", message.subject or "")
    check_header("invalid_sender", "the sender's name", name)
    if "\0" in message.body or "\0" in (message.html or ""):
        raise UnfitMessage("invalid_body", "the text contains NUL")
    letter_needs_utf8 = sender.needs_smtputf8 or recipient.needs_smtputf8
    mail = EmailMessage(policy=SMTPUTF8.clone(cte_type="7bit") if letter_needs_utf8 else _SEVEN_BIT)
    try:
        _address(mail, message, sender, name, recipient)
        _fill(mail, message)
        return Letter(sender, recipient, mail.as_bytes())
    except (UnicodeError, ValueError) as error:
        raise UnfitMessage("invalid_content", str(error)) from None


def check_header(code: str, what: str, value: str) -> None:
    """Refuse what would end the header, or cut it short."""
    if _CONTROLS.search(value):
        raise UnfitMessage(code, f"{what} contains a line break or another control character")


def _address(mail: EmailMessage, message: Outbound, sender: Mailbox, name: str, recipient: Mailbox) -> None:
    mail["From"] = Address(name, sender.local, sender.domain)
    mail["To"] = Address("", recipient.local, recipient.domain)
    mail["Subject"] = message.subject or ""
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message.uid}@{sender.domain}>"


def _fill(mail: EmailMessage, message: Outbound) -> None:
    if message.html is None:
        mail.set_content(message.body)
        return
    mail.set_content(message.body or html_to_text(message.html))
    mail.add_alternative(message.html, subtype="html")
