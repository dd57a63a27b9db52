"""What a WAHA server posts: acknowledgements, and messages from people (waha.devlike.pro/docs/how-to/events)."""

import re
from collections.abc import Sequence
from typing import Any

from domain.receipts import Event, Inbound, Receipt, ReceiptKind
from gateways.base import Outside
from gateways.events import digest, link, objects_in, seconds, text
from gateways.webhook import Post, Webhook, is_fresh, same
from gateways.whatsapp.reading import inside, person, said
from gateways.whatsapp.waha import WahaConfig, bare_id

_KINDS = {
    -1: ReceiptKind.FAILED,
    0: ReceiptKind.SENT,
    1: ReceiptKind.SENT,
    2: ReceiptKind.DELIVERED,
    3: ReceiptKind.READ,
    4: ReceiptKind.READ,
}
_SIGNATURE = re.compile("[0-9a-f]{128}")


class WahaWebhook(Webhook):
    """Events of one session, signed."""

    MOST_BYTES = 2 * 1024 * 1024  # previews of pictures are in it

    def __init__(self, config: WahaConfig, outside: Outside) -> None:
        self._config = config

    @property
    def is_configured(self) -> bool:
        return self._config.hmac_key is not None

    def may_fit(self, head: Post) -> bool:
        """It brings something like a signature, and a fresh time.

        The time stamp is not signed: it keeps out what comes late, while what is replayed is known by its key.
        """
        if head.headers.get("x-webhook-hmac-algorithm") != "sha512" or not _SIGNATURE.fullmatch(_signature(head)):
            return False
        return is_fresh(seconds(head.headers.get("x-webhook-timestamp"), otherwise=0.0), head.now)

    async def verify(self, post: Post) -> bool:
        """HMAC-SHA512 over the raw body."""
        if self._config.hmac_key is None or not self.may_fit(post):
            return False
        return same(_signature(post), (await post.mac(self._config.hmac_key.encode(), "sha512")).hex())

    def read(self, post: Post) -> Sequence[Event]:
        """Acknowledgements of messages from our number, and what people wrote to it."""
        return [event for body in objects_in(post.json()) if (event := self._event(body, post.now))]

    def _event(self, body: dict[str, Any], now: float) -> Event | None:
        payload = body.get("payload")
        if body.get("session") != self._config.session or not isinstance(payload, dict):
            return None
        posted = seconds(body.get("timestamp"), otherwise=now)
        match body.get("event"):
            case "message.ack":
                return _receipt(payload, posted)
            case "message":
                return _inbound(payload, text(inside(body, "me", "id")), posted)
            case _:
                return None


def _signature(post: Post) -> str:
    return post.headers.get("x-webhook-hmac", "")


def _receipt(payload: dict[str, Any], at: float) -> Receipt | None:
    id_, ack = text(payload.get("id")), payload.get("ack")
    kind = _KINDS.get(ack) if isinstance(ack, int) else None
    if kind is None or id_ is None or payload.get("fromMe") is False:
        return None
    key = bare_id(id_)
    code = "waha_error" if kind is ReceiptKind.FAILED else None
    return Receipt(kind, key=digest(key, ack), at=at, provider_id=key, code=code)


def _inbound(payload: dict[str, Any], me: str | None, posted: float) -> Inbound | None:
    """A message from one person. What says nothing and brings nothing is left out."""
    id_, sender, data = text(payload.get("id")), _sender(payload), payload.get("_data")
    body, has_file = said(payload.get("body")), payload.get("hasMedia") is True
    if id_ is None or sender is None or not (body or has_file):
        return None
    recipient = text(payload.get("to")) or me
    return Inbound(
        key=id_,
        at=seconds(payload.get("timestamp"), otherwise=posted),
        sender=sender,
        recipient=person(recipient, me) or recipient or "",
        body=body,
        media=(link(inside(payload, "media", "url")) or id_,) if has_file else (),
        name=text(inside(data, "pushName") or inside(data, "notifyName") or inside(data, "Info", "PushName")),
        answers=text(inside(payload, "replyTo", "id")),
    )


def _sender(payload: dict[str, Any]) -> str | None:
    if payload.get("fromMe"):
        return None
    data = payload.get("_data")
    return person(payload.get("from"), inside(data, "key", "remoteJidAlt"), inside(data, "Info", "SenderAlt"))
