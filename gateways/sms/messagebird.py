"""Type ``messagebird``: SMS through MessageBird's API (developers.messagebird.com/api/sms-messaging), and its reports.

Status reports come as GET requests with a signed token in a header. Messages from people are not read.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar

import orjson

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, Unknown
from domain.messages.receipts import Event, Receipt, ReceiptKind
from gateways.answers import clean, failure, parse
from gateways.base import GatewayConnections
from gateways.config.fields import HeaderText, Secret
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig, ProviderGateway
from gateways.webhooks.events import digest, seconds, text
from gateways.webhooks.jwt import claims_of
from gateways.webhooks.webhook import Post, UnreadablePost, Webhook, same

_ACCOUNT_BROKEN = frozenset({2, 25})  # request not allowed, not enough balance

_KINDS = {
    "scheduled": ReceiptKind.SENT,
    "buffered": ReceiptKind.SENT,
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "expired": ReceiptKind.EXPIRED,
    "delivery_failed": ReceiptKind.UNDELIVERED,
}
_LEEWAY = 1.0
"""Seconds that the clocks may differ by."""


class MessageBirdConfig(ProviderConfig):
    """An access key and a sender."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"access_key", "signing_key"})

    access_key: Secret
    from_number: HeaderText
    """The originator: a number or an alphanumeric id."""
    signing_key: Secret | None = None
    """Signs what MessageBird sends us."""
    status_callback: BaseUrl | None = None
    """Where MessageBird posts reports; ``None``: as in the account's settings."""
    base_url: BaseUrl = "https://rest.messagebird.com"

    @property
    def has_webhook(self) -> bool:
        return self.signing_key is not None


class MessageBirdGateway(ProviderGateway[MessageBirdConfig]):
    """One message per request."""

    def __init__(self, config: MessageBirdConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        headers = {"authorization": f"AccessKey {config.access_key}", "content-type": "application/json"}
        self._call = call("POST", f"{config.base_url}/messages", headers, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        return self._call, orjson.dumps(self._request(message))

    def _request(self, message: Outbound) -> dict[str, Any]:
        request = {
            "originator": (message.sender or self._config.from_number).removeprefix("+"),
            "recipients": [message.to.removeprefix("+")],
            "body": message.body,
            "datacoding": "unicode" if message.unicode else "plain",
            "reference": str(message.uid),  # without one there are no reports at all
        }
        if self._config.status_callback:
            request["reportUrl"] = self._config.status_callback
        return request

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = parse(answer)
        body = body if isinstance(body, dict) else {}
        if not 200 <= answer.status < 300:
            return _failed(answer, body.get("errors"))
        if (taken := text(body.get("id"))) is None:
            return Unknown(f"answered {answer.status} without the id of a message")
        return Accepted(taken, receipts=self._config.expects_receipts)


class MessageBirdWebhook(Webhook):
    """Status reports: one a request, all of it in the query."""

    MOST_BYTES = 64 * 1024

    def __init__(self, config: MessageBirdConfig, outside: GatewayConnections) -> None:
        self._key = config.signing_key.encode() if config.signing_key else None

    @property
    def is_configured(self) -> bool:
        return self._key is not None

    def may_fit(self, head: Post) -> bool:
        """Whether it has a token of ours; that the token is for this request can be checked only with the body."""
        return self._claims(head) is not None

    async def verify(self, post: Post) -> bool:
        """A token that MessageBird signed for this very request, and that lives for a minute.

        Within it a replay is accepted, as the request may be a repeat of a failed one: all of it is signed, so
        its event has the key that it had.
        """
        claims = self._claims(post)
        return claims is not None and _fits(claims, post)

    def _claims(self, post: Post) -> dict[str, Any] | None:
        return claims_of(post.headers.get("messagebird-signature-jwt", ""), self._key) if self._key else None

    def read(self, post: Post) -> Sequence[Event]:
        """The one report. Our reference is ``reference``."""
        fields = post.query
        message_id = text(fields.get("id"))
        if message_id is None or "status" not in fields:
            raise UnreadablePost("no status report")
        kind = _KINDS.get(fields["status"])
        return [_receipt(kind, message_id, fields, post.now)] if kind else []


def _fits(claims: Mapping[str, Any], post: Post) -> bool:
    begin, end = claims.get("nbf"), claims.get("exp")
    if not isinstance(begin, int | float) or not isinstance(end, int | float):
        return False
    payload = sha256(post.body).hexdigest() if post.body else ""
    return (
        claims.get("iss") == "MessageBird"
        and begin - _LEEWAY <= post.now < end + _LEEWAY
        and same(str(claims.get("url_hash", "")), sha256(post.url.encode(errors="replace")).hexdigest())
        and same(str(claims.get("payload_hash", "")), payload)
    )


def _receipt(kind: ReceiptKind, message_id: str, fields: Mapping[str, str], now: float) -> Receipt:
    error = text(fields.get("statusErrorCode"))
    return Receipt(
        kind,
        key=digest(message_id, fields["status"]),
        at=seconds(fields.get("statusDatetime"), otherwise=now),
        uid=text(fields.get("reference")),
        provider_id=message_id,
        code=f"messagebird_{error}" if error not in (None, "0") else None,
        reason=text(fields.get("statusReason")),
    )


def _failed(answer: Answer, errors: Any) -> Outcome:
    """Read ``{"errors": [{"code", "description", "parameter"}]}``."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code, reason = first.get("code"), text(first.get("description"))
    if not isinstance(code, int):
        return failure(answer)
    reason = clean(f"{code}: {reason}")
    if code in _ACCOUNT_BROKEN:
        return GatewayDown(reason)
    general = failure(answer, reason)
    return Refused(f"messagebird_{code}", reason) if isinstance(general, Refused) else general
