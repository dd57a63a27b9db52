"""What Meta posts about WhatsApp: statuses, and messages from people.

One address serves all numbers of a Meta app (developers.facebook.com/docs/graph-api/webhooks), so a gateway reads what
is about its own number alone.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from domain.receipts import Event, Inbound, Receipt, ReceiptKind
from gateways.base import Outside
from gateways.events import digest, objects_in, seconds, text
from gateways.webhook import Post, Reply, Webhook, same
from gateways.whatsapp.cloud import WhatsAppCloudConfig
from gateways.whatsapp.meta_errors import meta_code, meta_reason
from gateways.whatsapp.reading import inside, said

_KINDS = {
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "read": ReceiptKind.READ,
    "played": ReceiptKind.READ,
    "failed": ReceiptKind.FAILED,
}
_MEDIA = ("image", "audio", "video", "document", "sticker")
_NO_MESSAGE = frozenset({"reaction", "system"})
"""Types of inbound messages by which nobody says anything: an emoji on a message, a number that changed."""
_CHALLENGE_CAP = 256
_SIGNATURE = re.compile("sha256=[0-9a-f]{64}")
_NOT_OURS = Reply(403, b'{"success":false,"message":"the verify token is not the configured one"}')


class WhatsAppCloudWebhook(Webhook):
    """Meta signs the raw body, emoji escaped as it wrote them; there is no time stamp."""

    MOST_BYTES = 3 * 1024 * 1024  # Meta's own limit

    def __init__(self, config: WhatsAppCloudConfig, outside: Outside) -> None:
        self._config = config

    @property
    def is_configured(self) -> bool:
        return self._config.app_secret is not None

    def may_fit(self, head: Post) -> bool:
        """It asks, or brings something like a signature."""
        return head.method == "GET" or _SIGNATURE.fullmatch(_signature(head)) is not None

    async def handshake(self, post: Post) -> Reply | None:
        """Meta's check, by an unsigned GET, that the address is ours: its challenge comes back if it knows our word."""
        if post.method != "GET":
            return None
        query, token = post.query, self._config.verify_token
        challenge = query.get("hub.challenge", "")
        ours = token is not None and same(query.get("hub.verify_token", ""), token)
        if not ours or query.get("hub.mode") != "subscribe" or not 0 < len(challenge) <= _CHALLENGE_CAP:
            return _NOT_OURS
        return Reply(200, challenge.encode(), "text/plain", (("x-content-type-options", "nosniff"),))

    async def verify(self, post: Post) -> bool:
        """HMAC-SHA256 with the app's secret over the raw body."""
        if self._config.app_secret is None or post.method != "POST" or not self.may_fit(post):
            return False
        expected = await post.mac(self._config.app_secret.encode(), "sha256")
        return same(_signature(post), f"sha256={expected.hex()}")

    def read(self, post: Post) -> Sequence[Event]:
        """Statuses and messages of this gateway's number. Our uid is in ``biz_opaque_callback_data``."""
        return [event for value in self._values(post) for event in _events(value, post.now)]

    def _values(self, post: Post) -> Iterator[dict[str, Any]]:
        for body in objects_in(post.json()):
            for entry in objects_in(body.get("entry") or []):
                for change in objects_in(entry.get("changes") or []):
                    if self._is_ours(change):
                        yield change["value"]

    def _is_ours(self, change: dict[str, Any]) -> bool:
        number = inside(change, "value", "metadata", "phone_number_id")
        return change.get("field") == "messages" and number == self._config.phone_number_id


def _signature(post: Post) -> str:
    return post.headers.get("x-hub-signature-256", "")


def _events(value: dict[str, Any], now: float) -> Iterator[Event]:
    for status in objects_in(value.get("statuses") or []):
        if receipt := _receipt(status, now):
            yield receipt
    for message in objects_in(value.get("messages") or []):
        if inbound := _inbound(message, value, now):
            yield inbound


def _receipt(status: dict[str, Any], now: float) -> Receipt | None:
    kind, wamid = _KINDS.get(str(status.get("status"))), text(status.get("id"))
    if kind is None or wamid is None:
        return None
    errors = status.get("errors")
    error = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = error.get("code")
    return Receipt(
        kind,
        key=digest(wamid, status["status"]),
        at=seconds(status.get("timestamp"), otherwise=now),
        uid=text(status.get("biz_opaque_callback_data")),
        provider_id=wamid,
        code=meta_code(code) if isinstance(code, int) else None,
        reason=meta_reason(error) or None,
    )


def _inbound(message: dict[str, Any], value: dict[str, Any], now: float) -> Inbound | None:
    """A message from one person. What people wrote in a group is not for us."""
    wamid, sender = text(message.get("id")), text(message.get("from"))
    if wamid is None or str(message.get("type")) in _NO_MESSAGE or "group_id" in message:
        return None
    if sender is None or not (sender.isascii() and sender.isdigit()):  # some people hide their numbers
        return None
    return Inbound(
        key=wamid,
        at=seconds(message.get("timestamp"), otherwise=now),
        sender=f"+{sender}",
        recipient=text(inside(value, "metadata", "display_phone_number")) or "",
        body=_body(message),
        media=tuple(file for name in _MEDIA if (file := text(inside(message, name, "id")))),
        name=_name(value, sender),
        answers=text(inside(message, "context", "id")),
    )


def _body(message: dict[str, Any]) -> str:
    """What was written, or what stands on the button that was pressed."""
    return said(
        inside(message, "text", "body"),
        inside(message, "button", "text"),
        inside(message, "interactive", "button_reply", "title"),
        inside(message, "interactive", "list_reply", "title"),
        inside(message, "interactive", "nfm_reply", "body"),
        *(inside(message, name, "caption") for name in _MEDIA),
    )


def _name(value: dict[str, Any], sender: str) -> str | None:
    for contact in objects_in(value.get("contacts") or []):
        if contact.get("wa_id") == sender:
            return text(inside(contact, "profile", "name"))
    return None
