"""What an Evolution API server posts: acknowledgements, and messages from people.

The server signs nothing: it brings a fixed header, or a token that is good for ten minutes. The ``apikey`` in the body
proves nothing, for it is not bound to the rest of it and the instance's owner knows it.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

import orjson

from domain.messages.receipts import Event, Inbound, Receipt, ReceiptKind
from gateways.base import GatewayConnections
from gateways.webhooks.events import digest, link, mapping, objects_in, seconds, text
from gateways.webhooks.webhook import Post, Webhook, carries_secret, same
from gateways.whatsapp.evolution import EvolutionConfig
from gateways.whatsapp.evolution_ids import uid_in
from gateways.whatsapp.inbound_content import InboundContent, revoke
from gateways.whatsapp.proto import edited_at, quoted, read_proto
from gateways.whatsapp.reading import inside, internal_id, person

_KINDS = {
    "PENDING": ReceiptKind.SENT,
    "SERVER_ACK": ReceiptKind.SENT,
    "DELIVERY_ACK": ReceiptKind.DELIVERED,
    "READ": ReceiptKind.READ,
    "PLAYED": ReceiptKind.READ,
    "ERROR": ReceiptKind.FAILED,
}


class EvolutionWebhook(Webhook):
    """Events of one instance; ``webhookByEvents`` has to be off, so that all come to one address."""

    MOST_BYTES = 8 * 1024 * 1024  # files are in it, where the server is set to send them along

    def __init__(self, config: EvolutionConfig, outside: GatewayConnections) -> None:
        self._config = config

    @property
    def is_configured(self) -> bool:
        return self._config.webhook_secret is not None

    def may_fit(self, head: Post) -> bool:
        """It brings the secret itself (``carries_secret``), or a token that was signed with it."""
        secret = self._config.webhook_secret
        return secret is not None and (carries_secret(head, secret) or _carries_token(head, secret))

    async def verify(self, post: Post) -> bool:
        """By the secret alone: the body is not signed."""
        return self.may_fit(post)

    def read(self, post: Post) -> Sequence[Event]:
        """Acknowledgements of messages from our number, and what people wrote to it."""
        return [event for body in objects_in(post.json()) for event in self._events(body, post.now)]

    def _events(self, body: dict[str, Any], now: float) -> list[Event]:
        if body.get("instance") != self._config.instance:
            return []
        match body.get("event"):
            case "messages.update":
                found: list[Event | None] = [_receipt(one, now) for one in objects_in(body.get("data"))]
            case "messages.upsert":
                found = [_inbound(one, self._number(body), now) for one in objects_in(body.get("data"))]
            case "messages.edited" | "messages.delete":
                found = [_changed(one, self._number(body), now) for one in objects_in(body.get("data"))]
            case _:
                found = []
        return [event for event in found if event is not None]

    def _number(self, body: dict[str, Any]) -> str:
        """Ours, to which people write."""
        return person(body.get("sender")) or self._config.instance


def _carries_token(post: Post, key: str) -> bool:
    """Whether the Bearer token is a JSON Web Token (RFC 7519) signed with the key by HS256, and not over yet."""
    kind, _, token = post.headers.get("authorization", "").partition(" ")
    signed, _, signature = token.strip().rpartition(".")
    expected = urlsafe_b64encode(hmac.digest(key.encode(), signed.encode(errors="surrogateescape"), "sha256"))
    if kind.lower() != "bearer" or not same(signature, expected.decode().rstrip("=")):
        return False
    try:
        claims = orjson.loads(urlsafe_b64decode(signed.partition(".")[2] + "=="))
    except ValueError:
        return False
    return seconds(inside(claims, "exp"), otherwise=0.0) > post.now


def _receipt(data: dict[str, Any], now: float) -> Receipt | None:
    """An acknowledgement. Its time is not given: the post's own time is the server's local one."""
    key = text(data.get("keyId") or inside(data, "key", "id"))
    status = data.get("status") or inside(data, "update", "status")
    kind = _KINDS.get(str(status))
    if kind is None or key is None or False in (data.get("fromMe"), inside(data, "key", "fromMe")):
        return None
    code = "evolution_error" if kind is ReceiptKind.FAILED else None
    return Receipt(
        kind,
        key=digest(key, status),
        at=now,
        uid=uid_in(key),
        provider_id=key,
        code=code,
        recipient_id=internal_id(*_chat(data)) or internal_id(*_chat(data.get("key"))),
    )


def _inbound(data: dict[str, Any], recipient: str, now: float) -> Inbound | None:
    """A message from one person. What has no content, such as one that could not be decrypted, is left out."""
    key, message = data.get("key"), data.get("message")
    id_, sender = text(inside(key, "id")), _sender(key)
    content = read_proto(message)
    if id_ is None or sender is None or content is None or content.is_empty:
        return None
    return Inbound(
        key=_change_key(content, edited_at(message) or id_) or id_,
        at=seconds(data.get("messageTimestamp"), otherwise=now),
        sender=sender,
        recipient=recipient,
        body=content.body,
        media=(link(inside(message, "mediaUrl")) or id_,) if content.has_file else (),
        name=text(data.get("pushName")),
        answers=text(inside(data, "contextInfo", "stanzaId")) or quoted(message) or content.answers,
        kind=content.name,
        content=content.content,
        sender_id=internal_id(*_chat(key)),
    )


def _changed(data: dict[str, Any], recipient: str, now: float) -> Inbound | None:
    """A message that was edited or deleted by the person who wrote it. Where the key names the chat as that person
    sees it, the person is unknown."""
    key = mapping(data.get("key")) or data
    id_, sender = text(key.get("id")), _sender(key)
    if id_ is None or sender is None or sender == recipient:
        return None
    is_edit = data.get("editedMessage") is not None
    content = read_proto({"protocolMessage": data}) if is_edit else revoke(id_)
    if content is None:
        return None
    when = text(data.get("timestampMs"))
    return Inbound(
        key=_change_key(content, when or content.body) or id_,
        at=seconds(when, otherwise=now),
        sender=sender,
        recipient=recipient,
        body=content.body,
        kind=content.name,
        content=content.content,
        sender_id=internal_id(*_chat(key)),
    )


def _change_key(content: InboundContent, when: str) -> str | None:
    """The key of an edit or a deletion, which servers report in two ways; ``None``: the content is neither."""
    changed = content.fields.get("message_id")
    if content.kind == "revoke":
        return digest(changed, "revoke")
    return digest(changed, "edit", when) if content.kind == "edit" else None


def _sender(key: object) -> str | None:
    if inside(key, "fromMe"):
        return None
    return person(*_chat(key)) or internal_id(*_chat(key))


def _chat(key: object) -> tuple[Any, ...]:
    """The id of a chat with one person: newer servers give the hidden id, the number, or both."""
    return tuple(inside(key, name) for name in ("remoteJid", "remoteJidAlt", "senderPn", "senderLid"))
