"""An email taken apart and checked: what all email gateways build their request or letter from."""

import re
from base64 import b64encode
from dataclasses import dataclass

from domain.messages.outbound import Attachment, Outbound
from gateways.background import QUICK
from gateways.base import UnfitMessage
from gateways.email.mail_headers import address, in_one_line, text_field
from gateways.email.mailbox import InvalidMailbox, Mailbox, parse_mailbox

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Mail:
    """One email to one recipient, every part of it fit to be sent."""

    sender: Mailbox
    sender_name: str
    """Empty: none."""
    recipient: Mailbox
    subject: str
    text: str
    """Empty: none."""
    html: str | None
    reply_to: Mailbox | None
    cc: tuple[Mailbox, ...]
    headers: tuple[tuple[str, str], ...]
    """The sender's own ones, and ``List-Unsubscribe`` with ``List-Unsubscribe-Post`` (RFC 8058)."""
    attachments: tuple[Attachment, ...]

    @property
    def from_header(self) -> str:
        """The sender as in a header, in one line."""
        return in_one_line(address(self.sender_name, self.sender))

    @property
    def encoded_headers(self) -> tuple[tuple[str, str], ...]:
        """The headers as a provider that takes them in JSON writes them into the mail."""
        return tuple((name, in_one_line(text_field(name, value))) for name, value in self.headers)


def take_apart(message: Outbound, from_address: str, from_name: str | None, reserved: tuple[str, ...] = ()) -> Mail:
    """Check a message.

    ``reserved`` are beginnings of headers, in lower case, that the provider takes for orders to itself: through them a
    sender could give his mail another message's reference.

    Raises:
        UnfitMessage: before anything was connected to. Providers read ``a@b, c@d`` as two recipients, Python's own
            mails let NUL through: nothing is left to them.
    """
    name = message.sender or from_name or ""
    check_header("invalid_subject", "the subject", message.subject or "")
    check_header("invalid_sender", "the sender's name", name)
    if "\0" in message.body or "\0" in (message.html or ""):
        raise UnfitMessage("invalid_body", "the text contains NUL")
    return Mail(
        sender=_mailbox("invalid_from", "from", message.from_address or from_address),
        sender_name=name,
        recipient=_mailbox("invalid_recipient", "the recipient", message.to),
        subject=message.subject or "",
        text=message.body,
        html=message.html,
        reply_to=_mailbox("invalid_reply_to", "reply_to", message.reply_to) if message.reply_to else None,
        cc=tuple(_mailbox("invalid_cc", "cc", one) for one in message.cc),
        headers=_headers(message, reserved),
        attachments=message.attachments,
    )


def is_large(message: Outbound) -> bool:
    """Whether writing the mail takes a while."""
    texts = len(message.body) + len(message.html or "")
    return texts > QUICK or sum(len(file.content) for file in message.attachments) > 8 * QUICK


def check_header(code: str, what: str, value: str) -> None:
    """Refuse what would end the header or cut it short, and halves of surrogate pairs, which nothing can encode."""
    if _CONTROLS.search(value):
        raise UnfitMessage(code, f"{what} contains a line break or another control character")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UnfitMessage("invalid_content", f"{what} is not text: {error}") from None


def base64_of(attachment: Attachment) -> str:
    """The file as providers that take JSON want it."""
    return b64encode(attachment.content).decode()


def _mailbox(code: str, what: str, text: str) -> Mailbox:
    try:
        return parse_mailbox(text)
    except InvalidMailbox as error:
        raise UnfitMessage(code, f"{what} {error}") from None


def _headers(message: Outbound, reserved: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    for name, value in message.headers:
        if name.lower().startswith(reserved):
            raise UnfitMessage("invalid_header", f"the header {name} is reserved for the provider")
        check_header("invalid_header", f"the header {name}", value)
    if message.unsubscribe_url is None:
        return message.headers
    one_click = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    return (*message.headers, ("List-Unsubscribe", f"<{message.unsubscribe_url}>"), one_click)
