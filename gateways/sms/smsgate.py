"""Type ``smsgate``: SMS through phones on a server of the app "SMS Gateway for Android" (docs.sms-gate.app).

The server queues a message for one of its phones; the phones themselves post what becomes of it, and what people write.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Self

import orjson
from pydantic import Field, model_validator

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Unknown
from domain.messages.receipts import Event, Inbound, Receipt, ReceiptKind
from gateways.answers import error_text, failure, parse
from gateways.base import GatewayConnections
from gateways.config.fields import Secret
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig, ProviderGateway
from gateways.sms.inbound import inbound
from gateways.webhooks.events import digest, mapping, seconds, text
from gateways.webhooks.webhook import Post, UnreadablePost, Webhook, is_fresh, same

_NO_PHONE = re.compile(r"\bdevices?\b|record not found", re.IGNORECASE)
"""In an error text of the server: it has no phone for this or any other message."""
_SIGNATURE = re.compile("[0-9a-f]{64}")
_RESULT = re.compile("RESULT_[A-Z_]+")
"""Android's name of an error, in a phone's error text."""
_EXPIRED = "ttl expired"
_ON_THE_WAY = "delivery result"
"""How the error text begins if the phone sent the message, and the network did not deliver it."""

_KINDS = {
    "sms:sent": (ReceiptKind.SENT, "sentAt"),
    "sms:delivered": (ReceiptKind.DELIVERED, "deliveredAt"),
    "sms:failed": (ReceiptKind.FAILED, "failedAt"),
    "sms:cancelled": (ReceiptKind.CANCELLED, "cancelledAt"),
}


class SmsGateConfig(ProviderConfig):
    """An account on a server, and which of its phones to use."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"password", "token", "signing_key"})

    username: Annotated[str, Field(pattern=r"^[^:\x00-\x1f\x7f]{1,200}$")] | None = None
    password: Secret | None = None
    token: Secret | None = None
    """A token of the server that may send messages, instead of user name and password."""
    device_id: Annotated[str, Field(min_length=1, max_length=21)] | None = None
    """The only phone to use; ``None``: the server picks one for each message."""
    sim_number: Annotated[int, Field(ge=1, le=3)] | None = None
    """The SIM to use, counted from 1; ``None``: the phone's default."""
    valid_hours: Annotated[int, Field(ge=1, le=168)] = 24
    """How long a phone may still send a message after the server took it."""
    priority: Annotated[int, Field(ge=-128, le=127)] = 0
    """Of all messages in the server's queue; from 100 on the phones' own limits do not apply."""
    signing_key: Secret | None = None
    """With which the phones sign what they post."""
    base_url: BaseUrl = "https://api.sms-gate.app/3rdparty/v1"

    @model_validator(mode="after")
    def _has_one_credential(self) -> Self:
        if (self.username is None) != (self.password is None) or (self.username is None) == (self.token is None):
            raise ValueError("needs either username and password, or a token")
        return self

    @property
    def has_webhook(self) -> bool:
        return self.signing_key is not None


class SmsGateGateway(ProviderGateway[SmsGateConfig]):
    """One message per request, under our id.

    A phone takes an id once. The server lets it through once for each of its phones, so a repeat is certainly dropped
    only where ``device_id`` is set.
    """

    def __init__(self, config: SmsGateConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        headers = {"authorization": _authorization(config), "content-type": "application/json"}
        # Numbers were checked before, by newer rules than an old server may have.
        url = f"{config.base_url}/messages?skipPhoneValidation=true"
        self._call = call("POST", url, headers, config.timeout)
        self._fixed = _fixed_fields(config)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        return self._call, orjson.dumps(
            {
                "id": message.reference,
                "phoneNumbers": [message.to],
                "textMessage": {"text": message.body},
                **self._fixed,
            }
        )

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = mapping(parse(answer))
        reason = text(body.get("message"))
        if answer.status == 409 and reason:  # it has this id from an attempt of ours before
            return Accepted(message.reference, receipts=self._config.expects_receipts)
        if not 200 <= answer.status < 300:
            return _failed(answer, reason)
        if (taken := text(body.get("id"))) is None:
            return Unknown(f"answered {answer.status} without the id of a message")
        return Accepted(taken, receipts=self._config.expects_receipts)


class SmsGateWebhook(Webhook):
    """Events of one phone a post, signed with the key that its settings have."""

    MOST_BYTES = 64 * 1024

    def __init__(self, config: SmsGateConfig, outside: GatewayConnections) -> None:
        self._config = config

    @property
    def is_configured(self) -> bool:
        return self._config.signing_key is not None

    def may_fit(self, head: Post) -> bool:
        """It brings something like a signature, and a fresh time."""
        return bool(_SIGNATURE.fullmatch(_signature(head))) and is_fresh(_stamp(head), head.now)

    async def verify(self, post: Post) -> bool:
        """HMAC-SHA256 over the raw body and the time after it. The phone signs each try anew."""
        if self._config.signing_key is None or not self.may_fit(post):
            return False
        stamp = _stamp(post).encode(errors="surrogateescape")
        expected = await post.mac(self._config.signing_key.encode(), "sha256", after=stamp)
        return same(_signature(post), expected.hex())

    def read(self, post: Post) -> Sequence[Event]:
        """The one event."""
        body = post.json()
        name, payload = mapping(body).get("event"), mapping(mapping(body).get("payload"))
        if not isinstance(name, str):
            raise UnreadablePost("expected an object with an event")
        if name in _KINDS:
            return [_receipt(name, payload, post.now)]
        if name == "sms:received" and self._is_ours(body, payload):
            return [_inbound(body, payload, post.now)]
        return []

    def _is_ours(self, body: dict[str, Any], payload: dict[str, Any]) -> bool:
        """Whether it came to the phone and the SIM of this gateway; some phones do not tell the SIM."""
        device, sim = self._config.device_id, self._config.sim_number
        return device in (None, body.get("deviceId")) and (sim is None or payload.get("simNumber") in (None, sim))


def _authorization(config: SmsGateConfig) -> str:
    if config.token is not None:
        return f"Bearer {config.token}"
    return "Basic " + b64encode(f"{config.username}:{config.password}".encode()).decode()


def _fixed_fields(config: SmsGateConfig) -> dict[str, Any]:
    """What all messages have."""
    fields = {
        "withDeliveryReport": config.expects_receipts,
        "ttl": config.valid_hours * 3600,  # by the server's clock, whatever ours is
        "priority": config.priority or None,
        "deviceId": config.device_id,
        "simNumber": config.sim_number,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _failed(answer: Answer, reason: str | None) -> Outcome:
    # The path is always there: 404 comes from another place.
    if answer.status == 404 or (answer.status == 400 and reason and _NO_PHONE.search(reason)):
        return GatewayDown(error_text(answer, reason))
    return failure(answer, reason)


def _signature(post: Post) -> str:
    return post.headers.get("x-signature", "")


def _stamp(post: Post) -> str:
    return post.headers.get("x-timestamp", "")


def _receipt(name: str, payload: dict[str, Any], now: float) -> Receipt:
    message_id = text(payload.get("messageId"))
    if message_id is None:
        raise UnreadablePost("no messageId")
    kind, moment = _KINDS[name]
    reason = text(payload.get("reason")) if kind is ReceiptKind.FAILED else None
    return Receipt(
        _kind_of_failure(reason) if reason else kind,
        key=digest(message_id, name),
        at=seconds(payload.get(moment), otherwise=now),
        uid=message_id,
        provider_id=message_id,
        code=_code(reason) if reason else None,
        reason=reason,
    )


def _kind_of_failure(reason: str) -> ReceiptKind:
    if _EXPIRED in reason.lower():
        return ReceiptKind.EXPIRED
    return ReceiptKind.UNDELIVERED if reason.lower().startswith(_ON_THE_WAY) else ReceiptKind.FAILED


def _code(reason: str) -> str | None:
    found = _RESULT.search(reason)
    return f"smsgate_{found[0]}" if found else None


def _inbound(body: dict[str, Any], payload: dict[str, Any], now: float) -> Inbound:
    """A text. The app may post one twice, under two ids: the phone, the sender, the time and its hash identify it."""
    sender = payload.get("sender") or payload.get("phoneNumber")
    identity = digest(body.get("deviceId"), payload.get("messageId"), sender, payload.get("receivedAt"))
    return inbound(
        key=identity,
        at=seconds(payload.get("receivedAt"), otherwise=now),
        sender=sender,
        recipient=payload.get("recipient"),
        body=payload.get("message"),
    )
