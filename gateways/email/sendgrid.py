"""Type ``sendgrid``: email through SendGrid's v3 Mail Send (docs.sendgrid.com/api-reference/mail-send), and its events.

Events come by the signed event webhook (docs.sendgrid.com/for-developers/tracking-events/event).
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import AfterValidator

from domain.messages.outbound import Attachment, Outbound
from domain.messages.outcomes import Accepted, Outcome, Unknown
from domain.messages.receipts import OPTED_OUT, Event, Receipt, ReceiptKind
from domain.text.media_types import InvalidMediaType, split_media_type
from gateways.answers import failure, parse
from gateways.base import GatewayConnections
from gateways.config.fields import HeaderText, MailboxText, Secret
from gateways.email.mail import Mail, base64_of, take_apart
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig, ProviderGateway
from gateways.webhooks.events import digest, link, mailbox, objects_in, seconds, text
from gateways.webhooks.webhook import Post, Webhook, is_fresh

_RETRIES = 25 * 3600.0
"""Seconds: SendGrid posts again for 24 hours."""

_KINDS = {
    "processed": ReceiptKind.SENT,
    "deferred": ReceiptKind.DEFERRED,
    "delivered": ReceiptKind.DELIVERED,
    "bounce": ReceiptKind.BOUNCED,
    "dropped": ReceiptKind.REJECTED,
    "open": ReceiptKind.OPENED,
    "click": ReceiptKind.CLICKED,
    "spamreport": ReceiptKind.COMPLAINED,
    "unsubscribe": ReceiptKind.UNSUBSCRIBED,
    "group_unsubscribe": ReceiptKind.UNSUBSCRIBED,
    "group_resubscribe": ReceiptKind.SUBSCRIBED,
}
_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{8,400}={0,2}")


def _public_key(text: str) -> str:
    _load_key(text)
    return text


def _load_key(text: str) -> EllipticCurvePublicKey:
    try:
        key = load_der_public_key(b64decode(text, validate=True))
    except (NotBase64, ValueError):
        raise ValueError("is not the verification key that SendGrid shows (base64 of an EC key)") from None
    if not isinstance(key, EllipticCurvePublicKey):
        raise ValueError("is not an elliptic-curve key")
    return key


class SendGridConfig(ProviderConfig):
    """An API key with the right to send, and a verified sender."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_key"})

    api_key: Secret
    from_address: MailboxText
    from_name: HeaderText | None = None
    webhook_public_key: Annotated[str, AfterValidator(_public_key)] | None = None
    """The verification key that SendGrid shows for the signed event webhook."""
    base_url: BaseUrl = "https://api.sendgrid.com"

    @property
    def has_webhook(self) -> bool:
        return self.webhook_public_key is not None


class SendGridGateway(ProviderGateway[SendGridConfig]):
    """One request per message: recipients that share a personalization would see each other."""

    def __init__(self, config: SendGridConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        headers = {"authorization": f"Bearer {config.api_key}", "content-type": "application/json"}
        self._call = call("POST", f"{config.base_url}/v3/mail/send", headers, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        mail = take_apart(message, self._config.from_address, self._config.from_name)
        return self._call, orjson.dumps(_request(mail, message))

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        if answer.status == 202:
            return Accepted(answer.headers.get("x-message-id"), receipts=self._config.expects_receipts)
        if answer.status == 200 and not answer.body.strip():
            return Accepted()  # sandbox mode: checked, never sent, so no receipts either
        if 200 <= answer.status < 300:
            return Unknown(f"answered {answer.status}, which SendGrid does not do")
        return failure(answer, _reason(parse(answer)))


class SendGridWebhook(Webhook):
    """The signed event webhook: up to some thousand events a post."""

    MOST_BYTES = 2 * 1024 * 1024  # SendGrid stays below 1 MB

    def __init__(self, config: SendGridConfig, outside: GatewayConnections) -> None:
        self._key = _load_key(config.webhook_public_key) if config.webhook_public_key else None

    @property
    def is_configured(self) -> bool:
        return self._key is not None

    def may_fit(self, head: Post) -> bool:
        """It brings something like a signature, made not too long ago."""
        return is_fresh(_stamp(head), head.now, _RETRIES) and _SIGNATURE.fullmatch(_signature(head)) is not None

    async def verify(self, post: Post) -> bool:
        """ECDSA over the time stamp and the raw body.

        A post may be as old as SendGrid's tries at it: an event counts once, so that a copy changes nothing.
        """
        if self._key is None or not self.may_fit(post):
            return False
        hashed = await post.sha256(_stamp(post).encode())
        try:
            self._key.verify(b64decode(_signature(post), validate=True), hashed, ECDSA(Prehashed(SHA256())))
        except (InvalidSignature, NotBase64, ValueError):
            return False
        return True

    def read(self, post: Post) -> Sequence[Event]:
        """All events that we know. Our reference is among an event's own fields, as it was in ``custom_args``."""
        return [receipt for event in objects_in(post.json()) if (receipt := _receipt(event, post.now))]


def _stamp(post: Post) -> str:
    return post.headers.get("x-twilio-email-event-webhook-timestamp", "")


def _signature(post: Post) -> str:
    return post.headers.get("x-twilio-email-event-webhook-signature", "")


def _request(mail: Mail, message: Outbound) -> dict[str, Any]:
    # custom_args come back as top-level keys of every event: the 202 has no body, and its id only a header.
    ours = {"uid": str(message.uid), "reference": message.reference}
    person: dict[str, Any] = {"to": [{"email": str(mail.recipient)}], "custom_args": ours}
    if mail.cc:
        person["cc"] = [{"email": str(one)} for one in mail.cc]
    sender = {"email": str(mail.sender)}
    if mail.sender_name:
        sender["name"] = mail.sender_name
    request = {"personalizations": [person], "from": sender, "subject": mail.subject, "content": _content(mail)}
    if mail.reply_to:
        request["reply_to"] = {"email": str(mail.reply_to)}
    if mail.headers:
        request["headers"] = dict(mail.encoded_headers)
    if mail.attachments:
        request["attachments"] = [
            {
                "content": base64_of(file),
                "type": _type(file),
                "filename": file.filename,
                **({"disposition": "inline", "content_id": file.content_id} if file.content_id else {}),
            }
            for file in mail.attachments
        ]
    return request


def _type(file: Attachment) -> str:
    """The file's type. Of parameters SendGrid takes the ``method`` of an invitation, and refuses mails with others."""
    try:
        kind, parameters = split_media_type(file.content_type)
    except InvalidMediaType:
        return file.content_type
    method = parameters.get("method") if kind == "text/calendar" else None
    return f"{kind}; method={method}" if method and method.isalpha() else kind


def _content(mail: Mail) -> list[dict[str, str]]:
    """List the parts, plain text first as SendGrid demands; it refuses empty ones."""
    parts = [("text/plain", mail.text), ("text/html", mail.html)]
    return [{"type": kind, "value": value} for kind, value in parts if value] or [{"type": "text/plain", "value": " "}]


def _receipt(event: dict[str, Any], now: float) -> Receipt | None:
    kind = _KINDS.get(str(event.get("event")))
    if kind is None:
        return None
    if kind is ReceiptKind.BOUNCED and event.get("type") == "blocked":  # for now, by some policy: the address may work
        kind = ReceiptKind.UNDELIVERED
    message_id = text(event.get("sg_message_id"))
    status, reason = text(event.get("status")), text(event.get("reason") or event.get("response"))
    code = f"sendgrid_{status}" if status else None
    if event.get("event") == "dropped" and (reason or "").lower().startswith("unsubscribed"):
        code = OPTED_OUT
    return Receipt(
        kind,
        key=text(event.get("sg_event_id")) or digest(kind, event.get("timestamp"), event.get("email")),
        at=seconds(event.get("timestamp"), otherwise=now),
        uid=text(event.get("uid")),
        # X-Message-Id of the answer is the part before the first dot.
        provider_id=message_id.partition(".")[0] if message_id else None,
        code=code,
        reason=reason,
        url=link(event.get("url")),
        recipient=mailbox(event.get("email")),
    )


def _reason(body: Any) -> str | None:
    """Join the messages of ``{"errors": [{"field", "message"}]}``; a 413 comes from nginx as HTML instead."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list):
        return None
    return "; ".join(str(error.get("message")) for error in errors if isinstance(error, dict)) or None
