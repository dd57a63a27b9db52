"""Type ``vonage``: SMS through Vonage's SMS API (developer.vonage.com/api/sms), and what it reports back.

A long text is sent as several parts, and Vonage answers, charges and reports each part separately. Its other interface,
the Messages API, is not spoken here.
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, RetryLater, Unknown
from domain.messages.receipts import Event, Inbound, Receipt, ReceiptKind
from gateways.answers import clean, failure, parse
from gateways.base import GatewayConnections
from gateways.config.fields import HeaderText, Secret
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig, ProviderGateway
from gateways.sms.inbound import inbound, is_own
from gateways.webhooks.events import digest, seconds, text
from gateways.webhooks.webhook import Post, UnreadablePost, Webhook, is_fresh, same

# Vonage's codes of a message (developer.vonage.com/api-errors/sms); every one but 0 means that it was not taken.
_TAKEN = "0"
_NOT_NOW = frozenset({"1", "10"})  # throttled, too many connections
_BROKEN = frozenset({"4", "5", "8", "9", "11", "14", "32"})  # credentials, internal error, account barred, no credit …

_KINDS = {
    "accepted": ReceiptKind.SENT,
    "buffered": ReceiptKind.DEFERRED,
    "delivered": ReceiptKind.DELIVERED,
    "expired": ReceiptKind.EXPIRED,
    "failed": ReceiptKind.FAILED,
    "rejected": ReceiptKind.REJECTED,
}
_READABLE = frozenset({"text", "unicode"})
_POSTED_AGAIN_SECONDS = 24 * 3600.0
"""How long Vonage repeats posts that were not accepted. Whether it signs each repeat again is not documented."""


class VonageConfig(ProviderConfig):
    """An account and a sender."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_secret", "signature_secret"})

    api_key: Secret
    api_secret: Secret
    from_number: HeaderText
    """A number or an alphanumeric id."""
    signature_secret: Secret | None = None
    """Signs what Vonage posts, with the account's signature method set to SHA-256 HMAC."""
    status_callback: BaseUrl | None = None
    """Where Vonage posts receipts; ``None``: as in the account's settings."""
    base_url: BaseUrl = "https://rest.nexmo.com"

    @property
    def has_webhook(self) -> bool:
        return self.signature_secret is not None


class VonageGateway(ProviderGateway[VonageConfig]):
    """One form post per message. The answer is always 200; what happened is in it."""

    def __init__(self, config: VonageConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        self._call = call("POST", f"{config.base_url}/sms/json", headers, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        return self._call, urlencode(self._form(message)).encode()

    def _form(self, message: Outbound) -> dict[str, str]:
        fields = {
            "api_key": self._config.api_key,
            "api_secret": self._config.api_secret,
            "from": (message.sender or self._config.from_number).removeprefix("+"),
            "to": message.to.removeprefix("+"),
            "text": message.body,
            "type": "unicode" if message.unicode else None,
            "client-ref": str(message.uid),
            "callback": self._config.status_callback,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        if not 200 <= answer.status < 300:
            return failure(answer)
        parts = _parts_of(parse(answer))
        refused = [part for part in parts if part.get("status") != _TAKEN]
        if not parts or any(not isinstance(part.get("status"), str) for part in refused):
            return Unknown(f"answered {answer.status} without the status of a message")
        if not refused:
            return Accepted(text(parts[0].get("message-id")), receipts=self._config.expects_receipts)
        outcome = _failed(refused[0])
        if len(refused) < len(parts):  # another try would resend the accepted parts
            return Unknown(f"{len(refused)} of {len(parts)} parts were not taken: {outcome.reason}")
        return outcome


class VonageWebhook(Webhook):
    """Delivery receipts and messages from people: one a request, as a query, a form or JSON by the account's settings.

    Receipts come for each part of a text. They all carry our reference, so that the first part that arrives makes the
    message ``delivered``, and a part that fails makes it fail unless another one has arrived or still does. A long
    message from a person comes as one message per part, too.
    """

    MOST_BYTES = 64 * 1024

    def __init__(self, config: VonageConfig, outside: GatewayConnections) -> None:
        self._secret = config.signature_secret.encode() if config.signature_secret else None
        self._number = config.from_number

    @property
    def is_configured(self) -> bool:
        return self._secret is not None

    async def verify(self, post: Post) -> bool:
        """HMAC-SHA256 over the fields, sorted by name. A post is fresh as long as Vonage may try it again."""
        try:
            fields = _fields_of(post)
        except UnreadablePost:
            return False
        if self._secret is None or not is_fresh(fields.get("timestamp", ""), post.now, _POSTED_AGAIN_SECONDS):
            return False
        given = fields.pop("sig", "")
        return same(given.lower(), hmac.digest(self._secret, _signed(fields), "sha256").hex())

    def read(self, post: Post) -> Sequence[Event]:
        """The one event."""
        fields = _fields_of(post)
        message_id = text(fields.get("messageId"))
        if message_id is None:
            raise UnreadablePost("no messageId")
        at = seconds(fields.get("timestamp"), otherwise=post.now)
        if "status" not in fields:
            return [_inbound(message_id, fields, at)] if fields.get("type", "text") in _READABLE else []
        kind = _KINDS.get(fields["status"])
        return [_receipt(kind, message_id, fields, at)] if kind else []

    def is_for_number(self, recipient: str) -> bool | None:
        return is_own(self._number, recipient)


def _parts_of(body: Any) -> list[dict[str, Any]]:
    parts = body.get("messages") if isinstance(body, dict) else None
    return parts if isinstance(parts, list) and all(isinstance(part, dict) for part in parts) else []


def _failed(part: dict[str, Any]) -> Refused | RetryLater | GatewayDown:
    code = clean(str(part.get("status")))
    reason = clean(f"{code}: {part.get('error-text')}")
    if code in _NOT_NOW:
        return RetryLater(None, reason)
    if code in _BROKEN:
        return GatewayDown(reason)
    return Refused(f"vonage_{code}", reason)


def _fields_of(post: Post) -> dict[str, str]:
    if post.method == "GET":
        return post.query
    if "json" not in post.headers.get("content-type", ""):
        return dict(post.form())
    fields = post.json()
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        raise UnreadablePost("expected a JSON object of strings")
    return dict(fields)


def _signed(fields: Mapping[str, str]) -> bytes:
    plain = str.maketrans("&=", "__")
    pairs = (f"&{name}={value.translate(plain)}" for name, value in sorted(fields.items()))
    return "".join(pairs).encode(errors="replace")


def _receipt(kind: ReceiptKind, message_id: str, fields: Mapping[str, str], at: float) -> Receipt:
    error = text(fields.get("err-code"))
    return Receipt(
        kind,
        key=digest(message_id, fields["status"]),
        at=at,
        uid=text(fields.get("client-ref")),
        provider_id=message_id,
        code=f"vonage_{error}" if error not in (None, "0") else None,
    )


def _inbound(message_id: str, fields: Mapping[str, str], at: float) -> Inbound:
    sender, recipient = fields.get("msisdn"), fields.get("to")
    return inbound(key=message_id, at=at, sender=sender, recipient=recipient, body=fields.get("text"))
