"""Type ``infobip``: SMS through Infobip's SMS API v3 (infobip.com/docs/api/channels/sms), and what it reports back."""

from collections.abc import Sequence
from typing import Any, ClassVar

import orjson

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, RetryLater, Unknown
from domain.messages.receipts import Event, Inbound, Receipt, ReceiptKind
from gateways.answers import clean, failure, parse
from gateways.base import GatewayConnections
from gateways.config.fields import HeaderText, Secret
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import ProviderConfig, ProviderGateway
from gateways.sms.inbound import inbound, is_own
from gateways.webhooks.events import digest, objects_in, seconds, text
from gateways.webhooks.webhook import Post, SecretWebhook, UnreadablePost

# Names of statuses (infobip.com/docs/essentials/api-essentials/response-status-and-error-codes).
_TAKEN = frozenset({"ACCEPTED", "PENDING", "DELIVERED"})
_NOT_TAKEN = frozenset({"REJECTED", "UNDELIVERABLE", "EXPIRED"})
_ACCOUNT_BROKEN = frozenset(
    {"REJECTED_NOT_ENOUGH_CREDITS", "REJECTED_PREPAID_PACKAGE_EXPIRED", "REJECTED_ROUTE_NOT_AVAILABLE"}
)
_NOT_NOW = frozenset({"REJECTED_SYSTEM_ERROR"})
_ON_ITS_WAY = "DELIVERED_TO_OPERATOR"  # of the group DELIVERED, but the phone has not got it yet

_KINDS = {
    "ACCEPTED": ReceiptKind.SENT,
    "PENDING": ReceiptKind.SENT,
    "UNDELIVERABLE": ReceiptKind.UNDELIVERED,
    "DELIVERED": ReceiptKind.DELIVERED,
    "EXPIRED": ReceiptKind.EXPIRED,
    "REJECTED": ReceiptKind.REJECTED,
}


class InfobipConfig(ProviderConfig):
    """An API key, the address that belongs to the account, and a sender."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_key", "webhook_secret"})

    api_key: Secret
    from_number: HeaderText
    """A number or an alphanumeric id."""
    webhook_secret: Secret | None = None
    """What Infobip's posts must carry, as it signs nothing: see ``carries_secret``."""

    @property
    def has_webhook(self) -> bool:
        return self.webhook_secret is not None


class InfobipGateway(ProviderGateway[InfobipConfig]):
    """One message per request. Infobip detects whether a text needs Unicode."""

    def __init__(self, config: InfobipConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        headers = {"authorization": f"App {config.api_key}", "content-type": "application/json"}
        self._call = call("POST", f"{config.base_url}/sms/3/messages", headers, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        return self._call, orjson.dumps(self._request(message))

    def _request(self, message: Outbound) -> dict[str, Any]:
        one = {
            "sender": (message.sender or self._config.from_number).removeprefix("+"),
            "destinations": [{"to": message.to.removeprefix("+")}],
            "content": {"text": message.body},
            "webhooks": {"callbackData": str(message.uid)},
        }
        return {"messages": [one]}

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = parse(answer)
        if not 200 <= answer.status < 300:
            return failure(answer, _reason(body))
        messages = body.get("messages") if isinstance(body, dict) else None
        first = messages[0] if isinstance(messages, list) and messages else None
        status = _object(first, "status")
        group = _group(status)
        if isinstance(first, dict) and group in _TAKEN:
            return Accepted(text(first.get("messageId")), receipts=self._config.expects_receipts)
        if group in _NOT_TAKEN:
            return _failed(status)
        return Unknown(f"answered {answer.status} without the status of a message")


class InfobipWebhook(SecretWebhook):
    """Delivery reports and messages from people: up to a hundred ``results`` a post."""

    MOST_BYTES = 1024 * 1024

    def __init__(self, config: InfobipConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        self._number = config.from_number

    def read(self, post: Post) -> Sequence[Event]:
        """All results that we know. Our reference is ``callbackData``."""
        body = post.json()
        if not isinstance(body, dict) or not isinstance(body.get("results"), list):
            raise UnreadablePost("expected an object with results")
        return [event for one in objects_in(body["results"]) if (event := _event(one, post.now))]

    def is_for_number(self, recipient: str) -> bool | None:
        return is_own(self._number, recipient)


def _event(one: dict[str, Any], now: float) -> Event | None:
    if "status" not in one:
        return _inbound(one, now) if "from" in one else None
    status, error, message_id = _object(one, "status"), _object(one, "error"), text(one.get("messageId"))
    name = text(status.get("name"))
    kind = ReceiptKind.SENT if name == _ON_ITS_WAY else _KINDS.get(_group(status))
    if kind is None or message_id is None:
        return None
    cause = error if error.get("id") else (status if kind is ReceiptKind.REJECTED else {})
    return Receipt(
        kind,
        key=digest(message_id, name or kind),
        at=seconds(one.get("doneAt"), otherwise=now),
        uid=text(one.get("callbackData")),
        provider_id=message_id,
        code=f"infobip_{word}" if (word := text(cause.get("name"))) else None,
        reason=text(cause.get("description")),
    )


def _inbound(one: dict[str, Any], now: float) -> Inbound:
    return inbound(
        key=one.get("messageId"),
        at=seconds(one.get("receivedAt"), otherwise=now),
        sender=one.get("from"),
        recipient=one.get("to"),
        body=one.get("text"),
    )


def _failed(status: dict[str, Any]) -> Outcome:
    name, words = text(status.get("name")), text(status.get("description"))
    reason = clean(f"{name}: {words}" if words else f"{name}")
    if name in _ACCOUNT_BROKEN:
        return GatewayDown(reason)
    if name in _NOT_NOW:
        return RetryLater(None, reason)
    return Refused(f"infobip_{name or _group(status)}", reason)


def _object(holder: Any, name: str) -> dict[str, Any]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, dict) else {}


def _group(status: dict[str, Any]) -> str:
    return str(status.get("groupName")).upper()


def _reason(body: Any) -> str | None:
    """The words of ``{"requestError": {"serviceException": {"messageId", "text"}}}``."""
    return text(_object(_object(body, "requestError"), "serviceException").get("text"))
