"""Type ``twilio``: SMS through Twilio's Messages resource (twilio.com/docs/messaging/api/message-resource), and back.

Receipts and messages from people come as signed forms (twilio.com/docs/usage/webhooks/webhooks-security).
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import urlencode, urlsplit

from pydantic import Field, model_validator

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, RetryLater, Unknown
from domain.messages.receipts import OPTED_OUT, Event, Inbound, Receipt, ReceiptKind
from domain.text.keywords import Keyword
from gateways.answers import clean, failure, parse, retry_after
from gateways.base import GatewayConnections
from gateways.config.fields import HeaderText, Secret
from gateways.content import packed
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig, ProviderGateway
from gateways.sms.callback import with_uid
from gateways.sms.inbound import inbound, is_own
from gateways.sms.twilio_inbound import read_content
from gateways.webhooks.events import digest, link, text
from gateways.webhooks.webhook import Post, Reply, UnreadablePost, Webhook, same

Sid = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{2,64}$")]

# Twilio's error codes (twilio.com/docs/api/errors).
_OPTED_OUT = 21610
_ACCOUNT_BROKEN = frozenset({20003, 20005, 20404, 30002})  # credentials, inactive, no such account, suspended
_SENDER_BROKEN = frozenset(  # not ours, not able to, missing; a service that is unknown, or has no numbers
    {21212, 21603, 21606, 21659, 21660, 21661, 21703, 21704, 21705, 30034}
)
_NOT_NOW = frozenset({20429, 21611, 30001})  # too many requests, sender's queue full, queue overflow
_NEVER_LEFT = frozenset({"failed", "undelivered", "canceled"})

_KINDS = {
    "accepted": ReceiptKind.SENT,
    "scheduled": ReceiptKind.SENT,
    "queued": ReceiptKind.SENT,
    "sending": ReceiptKind.SENT,
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "read": ReceiptKind.READ,
    "undelivered": ReceiptKind.UNDELIVERED,
    "failed": ReceiptKind.FAILED,
    "canceled": ReceiptKind.CANCELLED,
}
_FROM_A_PERSON = frozenset({"receiving", "received"})
_OPT_OUT_TYPES = {"STOP": Keyword.STOP, "START": Keyword.START, "HELP": Keyword.HELP}
"""What Twilio's Advanced Opt-Out made of a message, by words that are set there."""
_PORT = re.compile(r":[0-9]+$")
_SIGNATURE = re.compile("[A-Za-z0-9+/]{27}=")


class TwilioConfig(ProviderConfig):
    """An account and a sender: a number (or alphanumeric id), or a messaging service that picks one."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"auth_token"})

    account_sid: Sid
    auth_token: Secret
    from_number: HeaderText | None = None
    messaging_service_sid: Sid | None = None
    status_callback: BaseUrl | None = None
    """Where Twilio posts receipts; ``uid`` is added to its query."""
    base_url: BaseUrl = "https://api.twilio.com"

    @property
    def has_webhook(self) -> bool:
        return self.status_callback is not None

    @model_validator(mode="after")
    def _one_sender(self) -> Self:
        if (self.from_number is None) == (self.messaging_service_sid is None):
            raise ValueError("give either from_number or messaging_service_sid")
        return self


class TwilioGateway(ProviderGateway[TwilioConfig]):
    """One form post per message. Twilio has no idempotency keys."""

    def __init__(self, config: TwilioConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        basic = b64encode(f"{config.account_sid}:{config.auth_token}".encode()).decode()
        headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
        url = f"{config.base_url}/2010-04-01/Accounts/{config.account_sid}/Messages.json"
        self._call = call("POST", url, headers, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        return self._call, urlencode(self._form(message)).encode()

    def _form(self, message: Outbound) -> dict[str, str]:
        callback = self._config.status_callback
        fields = {
            "To": message.to,
            "From": message.sender or self._config.from_number,
            "MessagingServiceSid": self._config.messaging_service_sid,
            "Body": message.body,
            "StatusCallback": with_uid(callback, message.uid) if callback else None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = parse(answer)
        body = body if isinstance(body, dict) else {}
        if 200 <= answer.status < 300:
            return self._taken(answer, body, message)
        return _failed(answer, body.get("code"), body.get("message"), message)

    def _taken(self, answer: Answer, body: dict[str, Any], message: Outbound) -> Outcome:
        if body.get("status") in _NEVER_LEFT:
            return _failed(answer, body.get("error_code"), body.get("error_message"), message)
        sid = body.get("sid")
        if not isinstance(sid, str):
            return Unknown(f"answered {answer.status} without the id of a message")
        return Accepted(sid, receipts=self._config.expects_receipts)


class TwilioWebhook(Webhook):
    """Status callbacks and messages from people: one event a post, signed with the account's token.

    The signature contains no time, so a replayed post is accepted; its event has the same key as before.
    """

    MOST_BYTES = 64 * 1024
    ACCEPTED = Reply(200, b"<Response/>", "text/xml")
    """Empty TwiML: no reply."""

    def __init__(self, config: TwilioConfig, outside: GatewayConnections) -> None:
        self._token = config.auth_token.encode()
        self._number = config.from_number

    @property
    def is_configured(self) -> bool:
        return True

    def may_fit(self, head: Post) -> bool:
        """It brings something like a signature."""
        return _SIGNATURE.fullmatch(head.headers.get("x-twilio-signature", "")) is not None

    async def verify(self, post: Post) -> bool:
        """HMAC-SHA1 over the public address and the form; of a body in JSON the address carries a hash."""
        if not self.may_fit(post):
            return False
        given = post.headers["x-twilio-signature"]
        signed = _signed_of(post)
        return signed is not None and any(same(given, self._sign(url + signed)) for url in _spellings(post.url))

    def read(self, post: Post) -> Sequence[Event]:
        """The one event. Our reference is in the address, as it was in ``StatusCallback``."""
        fields = {**post.query, **dict(post.form())}
        sid = text(fields.get("MessageSid") or fields.get("SmsSid"))
        if sid is None:
            raise UnreadablePost("no MessageSid")
        status = fields.get("MessageStatus") or fields.get("SmsStatus")
        if status in _FROM_A_PERSON:
            return [_inbound(sid, dict(post.form()) or fields, post.now)]
        kind = _KINDS.get(status or "")
        if kind is None:
            return []
        error = text(fields.get("ErrorCode"))
        return [
            Receipt(
                kind,
                key=digest(sid, status),
                at=post.now,
                uid=text(fields.get("uid")),
                provider_id=sid,
                code=_code(error) if error else None,
                reason=text(fields.get("ErrorMessage")),
            )
        ]

    def is_for_number(self, recipient: str) -> bool | None:
        return is_own(self._number, recipient)

    def _sign(self, what: str) -> str:
        return b64encode(hmac.digest(self._token, what.encode(errors="replace"), "sha1")).decode()


def _signed_of(post: Post) -> str | None:
    """What is signed after the address; ``None``: the body is not the one that was signed."""
    given = post.query.get("bodySHA256")
    if given is not None:
        return "" if same(given.lower(), sha256(post.body).hexdigest()) else None
    try:
        return "".join(name + value for name, value in sorted(set(post.form())))
    except UnreadablePost:
        return None


def _spellings(url: str) -> set[str]:
    """The address as it is, without its port, and with it: which of them is signed depends on Twilio's products."""
    parts = urlsplit(url)
    start, rest = f"{parts.scheme}://", url[len(f"{parts.scheme}://{parts.netloc}") :]
    bare = _PORT.sub("", parts.netloc)
    usual = 443 if parts.scheme == "https" else 80
    return {url, f"{start}{bare}{rest}", f"{start}{bare}:{usual}{rest}"}


def _inbound(sid: str, fields: Mapping[str, str], now: float) -> Inbound:
    held = read_content(fields)
    return inbound(
        key=sid,
        at=now,
        sender=(fields.get("From") or "").removeprefix("whatsapp:"),
        recipient=(fields.get("To") or "").removeprefix("whatsapp:"),
        body=fields.get("Body") or held.title,
        media=tuple(
            address
            for name in sorted(fields)  # at most ten
            if name.startswith("MediaUrl") and (address := link(fields[name]))
        ),
        says=_OPT_OUT_TYPES.get(fields.get("OptOutType", "").upper()),
        kind=held.kind,
        content=packed(held.fields),
        answers=text(fields.get("OriginalRepliedMessageSid")),
        name=text(fields.get("ProfileName")),
    )


def _code(error: str) -> str:
    return OPTED_OUT if error == str(_OPTED_OUT) else f"twilio_{error}"


def _failed(answer: Answer, code: Any, words: Any, message: Outbound) -> Outcome:
    reason = clean(f"{code}: {words}" if words else f"error {code}")
    if code == _OPTED_OUT:
        return Refused(OPTED_OUT, reason)
    if code in _ACCOUNT_BROKEN or (code in _SENDER_BROKEN and message.sender is None):
        return GatewayDown(reason)
    if code in _NOT_NOW:
        return RetryLater(retry_after(answer), reason)
    general = failure(answer, reason if isinstance(code, int) else None)
    if isinstance(general, Refused) and isinstance(code, int):
        return Refused(f"twilio_{code}", reason)
    return general
