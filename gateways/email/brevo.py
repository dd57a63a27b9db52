"""Type ``brevo``: email through Brevo (developers.brevo.com/reference/sendtransacemail), and its webhook."""

from collections.abc import Sequence
from email.charset import Charset
from typing import Any, ClassVar

import orjson

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, Unknown
from domain.messages.receipts import Event, Receipt, ReceiptKind
from gateways.answers import clean, failure, parse
from gateways.base import GatewayConnections, UnfitMessage
from gateways.config.fields import HeaderText, MailboxText, Secret
from gateways.email.mail import Mail, base64_of, take_apart
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig, ProviderGateway
from gateways.webhooks.events import digest, link, mailbox, objects_in, seconds, text
from gateways.webhooks.webhook import Post, SecretWebhook

_REFERENCE = "X-Mailin-custom"
"""The header whose value comes back in every event."""
_STEERING = ("x-mailin-", "sender.ip", "idempotencykey")
_ACCOUNT_BROKEN = frozenset({"unauthorized", "permission_denied", "not_enough_credits", "account_under_validation"})

_KINDS = {
    "request": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "deferred": ReceiptKind.DEFERRED,
    "soft_bounce": ReceiptKind.UNDELIVERED,
    "hard_bounce": ReceiptKind.BOUNCED,
    "invalid_email": ReceiptKind.BOUNCED,
    "blocked": ReceiptKind.REJECTED,
    "error": ReceiptKind.FAILED,
    "spam": ReceiptKind.COMPLAINED,
    "complaint": ReceiptKind.COMPLAINED,
    "unsubscribe": ReceiptKind.UNSUBSCRIBED,
    "unsubscribed": ReceiptKind.UNSUBSCRIBED,
    "opened": ReceiptKind.OPENED,
    "unique_opened": ReceiptKind.OPENED,
    "proxy_open": ReceiptKind.OPENED,
    "unique_proxy_open": ReceiptKind.OPENED,
    "click": ReceiptKind.CLICKED,
}


class BrevoConfig(ProviderConfig):
    """An API key, and a verified sender."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_key", "webhook_secret"})

    api_key: Secret
    from_address: MailboxText
    from_name: HeaderText | None = None
    webhook_secret: Secret | None = None
    """What the webhook's address, Basic authorization or token carries: Brevo signs nothing."""
    base_url: BaseUrl = "https://api.brevo.com"

    @property
    def has_webhook(self) -> bool:
        return self.webhook_secret is not None


class BrevoGateway(ProviderGateway[BrevoConfig]):
    """One request per message.

    Brevo keeps idempotency keys for at most half an hour, and does not document whether a failed request uses one up:
    too little to call a second request safe.
    """

    def __init__(self, config: BrevoConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        headers = {"api-key": config.api_key, "content-type": "application/json", "accept": "application/json"}
        self._call = call("POST", f"{config.base_url}/v3/smtp/email", headers, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        """One with images inside is refused: Brevo would list them below it."""
        mail = take_apart(message, self._config.from_address, self._config.from_name, _STEERING)
        return self._call, orjson.dumps(_request(mail, message))

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = parse(answer)
        body = body if isinstance(body, dict) else {}
        if not 200 <= answer.status < 300:
            return _failed(answer, body.get("code"), body.get("message"))
        message_id = body.get("messageId")
        if answer.status != 201 or not isinstance(message_id, str):
            return Unknown(f"answered {answer.status} without the id of a message")
        return Accepted(_bare(message_id), receipts=self._config.expects_receipts)


class BrevoWebhook(SecretWebhook):
    """The transactional webhook: one event a post, or up to 500 in an array."""

    MOST_BYTES = 2 * 1024 * 1024

    # Brevo throws events away on every answer but 200 and 429 (developers.brevo.com/docs/retry-mechanism).
    BUSY = 429
    UNREADABLE = 200

    def read(self, post: Post) -> Sequence[Event]:
        """All known events, of messages that can be identified."""
        return [receipt for event in objects_in(post.json()) if (receipt := _receipt(event, post.now))]


def _request(mail: Mail, message: Outbound) -> dict[str, Any]:
    if any(file.content_id for file in mail.attachments):
        raise UnfitMessage("invalid_attachment", "Brevo cannot show attachments inside a mail (content_id)")
    sender = {"email": str(mail.sender)}
    if mail.sender_name:
        sender["name"] = _name(mail.sender_name)
    request: dict[str, Any] = {
        "sender": sender,
        "to": [{"email": str(mail.recipient)}],
        "subject": mail.subject,
        "headers": dict(mail.encoded_headers) | {_REFERENCE: str(message.uid)},
    }
    if mail.text or not mail.html:
        request["textContent"] = mail.text
    if mail.html:
        request["htmlContent"] = mail.html
    if mail.cc:
        request["cc"] = [{"email": str(one)} for one in mail.cc]
    if mail.reply_to:
        request["replyTo"] = {"email": str(mail.reply_to)}
    if mail.attachments:
        request["attachment"] = [{"name": file.filename, "content": base64_of(file)} for file in mail.attachments]
    return request


def _name(name: str) -> str:
    # Brevo drops a name that holds both a comma, or the like, and letters beyond ASCII, unless it comes encoded.
    return name if name.isascii() else Charset("utf-8").header_encode(name)


def _failed(answer: Answer, code: Any, words: Any) -> Outcome:
    if not isinstance(code, str):
        return failure(answer)
    code = clean(code)
    reason = clean(f"{code}: {words}" if words else code)
    if code in _ACCOUNT_BROKEN:
        return GatewayDown(reason)
    general = failure(answer, reason)
    return Refused(f"brevo_{code}", reason) if isinstance(general, Refused) else general


def _receipt(event: dict[str, Any], now: float) -> Receipt | None:
    kind = _KINDS.get(str(event.get("event")))
    uid, message_id = text(event.get(_REFERENCE)), text(event.get("message-id"))
    if kind is None or not (uid or message_id):
        return None
    stamp, url = event.get("ts_epoch"), link(event.get("link"))
    return Receipt(
        kind,
        key=digest(*(text(event.get(name)) for name in ("event", "email", "ts_epoch", "date")), url),
        # The other times are in the account's time zone, which they do not name.
        at=seconds(stamp, otherwise=now),
        uid=uid,
        provider_id=_bare(message_id) if message_id else None,
        reason=text(event.get("reason")),
        url=url,
        recipient=mailbox(event.get("email")),
    )


def _bare(message_id: str) -> str:
    return message_id.strip("<>")
