"""Text messages from people, brought to one form for all providers."""

import re

from domain.messages.receipts import Inbound
from gateways.webhooks.events import text
from gateways.webhooks.webhook import UnreadablePost

_INTERNATIONAL = re.compile(r"\+?([1-9][0-9]{6,14})")


def is_own(own: str | None, recipient: str) -> bool | None:
    """Whether a number is the gateway's own, however the two are written; ``None``: it sends under a name."""
    if own is None or any(letter.isalpha() for letter in own):
        return None
    return _digits(own) == _digits(recipient)


def inbound(
    *,
    key: object,
    at: float,
    sender: object,
    recipient: object,
    body: object,
    media: tuple[str, ...] = (),
    says: str | None = None,
    kind: str | None = None,
    content: str | None = None,
    answers: str | None = None,
    name: str | None = None,
) -> Inbound:
    """A message from a person, its sender an E.164 number with ``+`` whether the provider writes the ``+`` or not.

    A short code or an alphanumeric sender stays as it is.

    Raises:
        UnreadablePost: it has no id, or no sender.
    """
    identity, number = text(key), text(sender)
    if identity is None or number is None:
        raise UnreadablePost("a message without its id or its sender")
    return Inbound(
        key=identity,
        at=at,
        sender=f"+{match[1]}" if (match := _INTERNATIONAL.fullmatch(number)) else number,
        recipient=text(recipient) or "",
        body=body.replace("\0", "") if isinstance(body, str) else "",  # NUL is no text that a database keeps
        media=media,
        says=says,
        kind=kind,
        content=content,
        answers=answers,
        name=name,
    )


def _digits(number: str) -> str:
    return "".join(letter for letter in number if letter.isdigit())
