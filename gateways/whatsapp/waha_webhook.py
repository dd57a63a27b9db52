"""What a WAHA server posts: acknowledgements, and messages from people (waha.devlike.pro/docs/how-to/events)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from domain.messages.receipts import Event, Inbound, Receipt, ReceiptKind
from gateways.base import GatewayConnections
from gateways.webhooks.events import digest, link, mapping, objects_in, seconds, text
from gateways.webhooks.webhook import Post, Webhook, is_fresh, same
from gateways.whatsapp.inbound_content import InboundContent, edit, reaction, revoke
from gateways.whatsapp.reading import inside, internal_id, person, text_of
from gateways.whatsapp.waha import WahaConfig, bare_id, chat_in
from gateways.whatsapp.waha_inbound import read_payload

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

    def __init__(self, config: WahaConfig, outside: GatewayConnections) -> None:
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
            case str(event) if event in _READERS:
                return _READERS[event](payload, text(inside(body, "me", "id")), posted)
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
    hidden = chat_in(id_) or internal_id(payload.get("to") or payload.get("from"))
    return Receipt(kind, key=digest(key, ack), at=at, provider_id=key, code=code, recipient_id=hidden)


def _inbound(payload: dict[str, Any], me: str | None, posted: float) -> Inbound | None:
    """A message from one person. What has no content is left out."""
    id_ = text(payload.get("id"))
    content = read_payload(payload)
    if id_ is None or content is None:
        return None
    media = (link(inside(payload, "media", "url")) or id_,) if content.has_file else ()
    found = _event_of(payload, content, id_, me, posted)
    answers = text(inside(payload, "replyTo", "id")) or content.answers
    return found and replace(found, media=media, answers=answers)


def _reaction(payload: dict[str, Any], me: str | None, posted: float) -> Inbound | None:
    """An emoji on a message of ours, or of the person's own."""
    id_, given = text(payload.get("id")), mapping(payload.get("reaction"))
    on = text(given.get("messageId"))
    if id_ is None or on is None:
        return None
    content = reaction(bare_id(on), given.get("text"))
    found = _event_of(payload, content, digest(id_, "reaction", payload.get("timestamp")), me, posted)
    return found and replace(found, answers=content.answers)


def _edited(payload: dict[str, Any], me: str | None, posted: float) -> Inbound | None:
    id_ = text(payload.get("editedMessageId")) or text(payload.get("id"))
    if id_ is None:
        return None
    content = edit(bare_id(id_), InboundContent("text", text_of(payload.get("body"))))
    return _event_of(payload, content, digest(id_, "edit", payload.get("timestamp")), me, posted)


def _revoked(payload: dict[str, Any], me: str | None, posted: float) -> Inbound | None:
    """A message that was deleted for all: its content is not stored again."""
    message = mapping(payload.get("after")) or mapping(payload.get("before")) or payload
    id_ = text(payload.get("revokedMessageId")) or text(message.get("id"))
    if id_ is None:
        return None
    return _event_of(message, revoke(bare_id(id_)), digest(bare_id(id_), "revoke"), me, posted)


_READERS: dict[str, Callable[[dict[str, Any], str | None, float], Inbound | None]] = {
    "message": _inbound,
    "message.reaction": _reaction,
    "message.edited": _edited,
    "message.revoked": _revoked,
}


def _event_of(
    payload: dict[str, Any], content: InboundContent, key: str, me: str | None, posted: float
) -> Inbound | None:
    """An event of one person, without files; ``None``: it was ours, or in a group."""
    data, chat = payload.get("_data"), _chat(payload)
    sender, hidden = person(*chat), internal_id(*chat)
    if payload.get("fromMe") or not (sender or hidden):
        return None
    recipient = text(payload.get("to")) or me
    return Inbound(
        key=key,
        at=seconds(payload.get("timestamp"), otherwise=posted),
        sender=sender or hidden or "",
        recipient=person(recipient, me) or recipient or "",
        body=content.body,
        name=text(inside(data, "pushName") or inside(data, "notifyName") or inside(data, "Info", "PushName")),
        kind=content.name,
        content=content.content,
        sender_id=hidden,
    )


def _chat(payload: dict[str, Any]) -> tuple[Any, ...]:
    """The id of a chat with one person: the engines give the hidden id, the number, or both."""
    data = payload.get("_data")
    beside = (inside(data, "key", "remoteJidAlt"), inside(data, "Info", "SenderAlt"), inside(data, "key", "remoteJid"))
    return payload.get("from"), *beside
