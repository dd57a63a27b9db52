"""Type ``mailgun``: email through Mailgun (documentation.mailgun.com, v3 messages), and its webhooks."""

import hmac
from base64 import b64encode
from collections.abc import Sequence
from secrets import token_hex
from typing import Annotated, Any, ClassVar
from urllib.parse import urlencode

import httpx
from pydantic import Field

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Unknown
from domain.messages.receipts import OPTED_OUT, Event, Receipt, ReceiptKind, encode_events
from gateways.answers import failure, parse
from gateways.base import GatewayConnections
from gateways.config.fields import HeaderText, MailboxText, Secret
from gateways.email.mail import Mail, check_header, take_apart
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig, ProviderGateway
from gateways.webhooks.events import link, mailbox, seconds, text
from gateways.webhooks.webhook import FRESH_SECONDS, Post, UnreadablePost, Webhook, is_fresh, same

Domain = Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$")]

RETRY_SECONDS = 8 * 3600.0
"""How long Mailgun repeats an event. Repeats may not be signed again: the time may be the first try's."""

_STEERING = ("x-mailgun-",)
_WRONG_URL = b"Mailgun Magnificent API"

_KINDS = {
    "accepted": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "rejected": ReceiptKind.REJECTED,
    "opened": ReceiptKind.OPENED,
    "clicked": ReceiptKind.CLICKED,
    "unsubscribed": ReceiptKind.UNSUBSCRIBED,
    "complained": ReceiptKind.COMPLAINED,
}
_OPTED_OUT = frozenset({"suppress-unsubscribe", "suppress-complaint"})
_NOT_THE_ADDRESS = frozenset({"old", "espblock"})  # tried in vain until it was too old; blocked by the provider


class MailgunConfig(ProviderConfig):
    """An API key, and one of the account's domains. Domains in Europe have another ``base_url``."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_key", "webhook_signing_key"})

    api_key: Secret
    domain: Domain
    from_address: MailboxText
    from_name: HeaderText | None = None
    webhook_signing_key: Secret | None = None
    """The account's HTTP webhook signing key, which is not the API key."""
    base_url: BaseUrl = "https://api.mailgun.net"

    @property
    def has_webhook(self) -> bool:
        return self.webhook_signing_key is not None


class MailgunGateway(ProviderGateway[MailgunConfig]):
    """One form post per message. Mailgun has no idempotency keys."""

    def __init__(self, config: MailgunConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        self._url = f"{config.base_url}/v3/{config.domain}/messages"
        basic = b64encode(f"api:{config.api_key}".encode()).decode()
        headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
        self._urlencoded = call("POST", self._url, headers, config.timeout)
        # Drawn at random, so that no content can end its part by it.
        headers["content-type"] = self._multipart_type = f"multipart/form-data; boundary={token_hex(16)}"
        self._multipart = call("POST", self._url, headers, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        mail = take_apart(message, self._config.from_address, self._config.from_name, _STEERING)
        form = _form(mail, message)
        if mail.attachments:
            return self._multipart, self._with_files(form, mail)
        return self._urlencoded, urlencode(form, doseq=True).encode()

    def _with_files(self, form: dict[str, list[str]], mail: Mail) -> bytes:
        for file in mail.attachments:
            check_header("invalid_attachment", f"the type of {file.filename}", file.content_type)
        # An inline file is referred to by its name: that is where the content id goes.
        files = [
            (
                "inline" if file.content_id else "attachment",
                (file.content_id or file.filename, file.content, file.content_type),
            )
            for file in mail.attachments
        ]
        return httpx.Request(
            "POST", self._url, headers={"content-type": self._multipart_type}, data=form, files=files
        ).read()

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = parse(answer)
        body = body if isinstance(body, dict) else {}
        message_id = body.get("id")
        if answer.status == 200 and isinstance(message_id, str):
            return Accepted(_bare(message_id), receipts=self._config.expects_receipts)
        if answer.status == 200 and _WRONG_URL in answer.body:
            return GatewayDown("base_url leads to Mailgun's front page, not to its messages")
        if 200 <= answer.status < 300:
            return Unknown(f"answered {answer.status} without the id of a message")
        words = text(body.get("message"))
        if answer.status == 404:
            return GatewayDown(words or "answered 404: the domain was not found")
        return failure(answer, words)


class MailgunWebhook(Webhook):
    """One event a post. The signature covers a time and a token, but not the event.

    So anyone who obtained one post could forge events with its signature. To prevent that, a signature is
    good only for the event that it came with first, at whichever process.
    """

    MOST_BYTES = 128 * 1024  # the signature is in the body, which has to be parsed to be refused
    UNREADABLE = 406  # all else makes Mailgun post it again, for hours

    def __init__(self, config: MailgunConfig, outside: GatewayConnections) -> None:
        self._key = config.webhook_signing_key
        self._signatures = outside.signatures

    @property
    def is_configured(self) -> bool:
        return self._key is not None

    async def verify(self, post: Post) -> bool:
        """HMAC-SHA256 over time and token, in the body itself, and the signature's first event."""
        try:
            signature, event = _parts(post)
        except UnreadablePost:
            return False
        stamp, token, given = (str(signature.get(name)) for name in ("timestamp", "token", "signature"))
        # Nothing parts time and token: with the token's "e0" at its end the time would be as fresh, and the token new.
        is_time = stamp.isascii() and stamp.isdigit()
        if self._key is None or not is_time or not is_fresh(stamp, post.now, RETRY_SECONDS + FRESH_SECONDS):
            return False
        signed = hmac.digest(self._key.encode(), f"{stamp}{token}".encode(), "sha256")
        if self._signatures is None or not same(given, signed.hex()):
            return False
        receipt = _receipt(event, token, now=0.0)
        return await self._signatures.is_first_event_of(signed, encode_events([receipt] if receipt else []))

    def read(self, post: Post) -> Sequence[Event]:
        """The event, if we know its kind. Our reference is among its user variables."""
        signature, event = _parts(post)
        if not event:
            raise UnreadablePost("there is no event")
        receipt = _receipt(event, str(signature.get("token")), post.now)
        return [receipt] if receipt else []


def _form(mail: Mail, message: Outbound) -> dict[str, list[str]]:
    form = {"from": [mail.from_header], "to": [str(mail.recipient)], "subject": [mail.subject]}
    if mail.text or not mail.html:
        form["text"] = [mail.text]
    if mail.html:
        form["html"] = [mail.html]
    if mail.cc:
        form["cc"] = [str(one) for one in mail.cc]
    if mail.reply_to:
        form["h:Reply-To"] = [str(mail.reply_to)]
    for name, value in mail.encoded_headers:
        form.setdefault(f"h:{name}", []).append(value)
    return form | {"v:uid": [str(message.uid)]}


def _parts(post: Post) -> tuple[dict[str, Any], dict[str, Any]]:
    """The signature and the event; empty where there is none."""
    body = post.json()
    if not isinstance(body, dict):
        raise UnreadablePost("expected a JSON object")
    signature, event = body.get("signature"), body.get("event-data")
    return signature if isinstance(signature, dict) else {}, event if isinstance(event, dict) else {}


def _receipt(event: dict[str, Any], token: str, now: float) -> Receipt | None:
    kind = _kind(event)
    uid = text(_at(event, "user-variables", "uid"))
    message_id = text(_at(event, "message", "headers", "message-id"))
    if kind is None or not (uid or message_id):
        return None
    words = _at(event, "delivery-status", "message"), _at(event, "reject", "reason"), event.get("reason")
    return Receipt(
        kind,
        key=token,
        at=seconds(event.get("timestamp"), otherwise=now),
        uid=uid,
        provider_id=_bare(message_id) if message_id else None,
        code=_code(event),
        reason=next(filter(None, map(text, words)), None),
        url=link(event.get("url")),
        recipient=mailbox(event.get("recipient")),
    )


def _kind(event: dict[str, Any]) -> ReceiptKind | None:
    if event.get("event") != "failed":
        return _KINDS.get(str(event.get("event")))
    reason = str(event.get("reason"))
    if event.get("severity") == "temporary":
        return ReceiptKind.DEFERRED
    if event.get("severity") != "permanent":
        return None
    if reason.startswith("suppress-"):
        return ReceiptKind.REJECTED
    return ReceiptKind.UNDELIVERED if reason in _NOT_THE_ADDRESS else ReceiptKind.BOUNCED


def _code(event: dict[str, Any]) -> str | None:
    if event.get("event") != "failed":
        return None
    if str(event.get("reason")) in _OPTED_OUT:
        return OPTED_OUT
    status = text(_at(event, "delivery-status", "code"))
    return f"mailgun_{status}" if status else None


def _at(value: Any, *path: str) -> Any:
    """What is at a path of keys; ``None``: it ends before. Mailgun writes an empty object as an array."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _bare(message_id: str) -> str:
    return message_id.strip("<>")
