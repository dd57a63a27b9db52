"""Type ``sparkpost``: email through SparkPost's transmissions (developers.sparkpost.com/api/transmissions), and events.

Events come unsigned (developers.sparkpost.com/api/webhooks): a secret in the webhook's address or its authorization
stands in for that.
"""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import orjson

from domain.messages.outbound import Attachment, Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, Unknown
from domain.messages.receipts import Event, Receipt, ReceiptKind
from gateways.answers import clean, failure, parse
from gateways.base import GatewayConnections
from gateways.config.fields import HeaderText, MailboxText, Secret
from gateways.email.mail import Mail, base64_of, take_apart
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig, ProviderGateway
from gateways.webhooks.events import digest, link, mailbox, mapping, objects_in, seconds, text
from gateways.webhooks.webhook import Post, SecretWebhook

_KINDS = {
    "injection": ReceiptKind.SENT,
    "delivery": ReceiptKind.DELIVERED,
    "delay": ReceiptKind.DEFERRED,
    "bounce": ReceiptKind.BOUNCED,
    "out_of_band": ReceiptKind.BOUNCED,
    "policy_rejection": ReceiptKind.REJECTED,
    "generation_rejection": ReceiptKind.REJECTED,
    "generation_failure": ReceiptKind.FAILED,
    "spam_complaint": ReceiptKind.COMPLAINED,
    "open": ReceiptKind.OPENED,
    "amp_open": ReceiptKind.OPENED,
    "click": ReceiptKind.CLICKED,
    "amp_click": ReceiptKind.CLICKED,
    "list_unsubscribe": ReceiptKind.UNSUBSCRIBED,
    "link_unsubscribe": ReceiptKind.UNSUBSCRIBED,
}
# The meaning of a bounce's class (support.sparkpost.com/docs/deliverability/bounce-classification-codes).
_BOUNCE_CLASSES = {
    **dict.fromkeys(("10", "30"), ReceiptKind.BOUNCED),  # no such recipient
    **dict.fromkeys(("60", "100"), ReceiptKind.AUTORESPONDED),
    "90": ReceiptKind.UNSUBSCRIBED,
}
_RESERVED = ("x-msys-",)
_OVER_SENDING_LIMIT = 420
_ACCOUNT_BROKEN = frozenset({"7001"})  # the sending domain is not verified, or not this account's


class SparkPostConfig(ProviderConfig):
    """An API key with the right to make transmissions, and a sender at a verified domain."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_key", "webhook_secret"})

    api_key: Secret
    from_address: MailboxText
    from_name: HeaderText | None = None
    webhook_secret: Secret | None = None
    """A secret of our choice: the password of the webhook's Basic authorization, or ``secret`` in its address."""
    base_url: BaseUrl = "https://api.sparkpost.com"

    @property
    def has_webhook(self) -> bool:
        return self.webhook_secret is not None


class SparkPostGateway(ProviderGateway[SparkPostConfig]):
    """One transmission per message. SparkPost has no idempotency keys."""

    def __init__(self, config: SparkPostConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        headers = {"authorization": config.api_key, "content-type": "application/json"}
        self._call = call("POST", f"{config.base_url}/api/v1/transmissions", headers, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        mail = take_apart(message, self._config.from_address, self._config.from_name, _RESERVED)
        return self._call, orjson.dumps(_request(mail, message))

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        match parse(answer):
            case {"errors": [{"message": words} as error, *_]} if answer.status >= 400:
                return _failed(answer, error, words)
            case {"results": {"id": int() | str(), "total_accepted_recipients": 0}} if answer.status == 200:
                return Refused("sparkpost_no_recipients", "SparkPost rejected the recipient")
            case {"results": {"id": int() | str() as transmission, "total_accepted_recipients": int()}} if (
                answer.status == 200
            ):
                return Accepted(str(transmission), receipts=self._config.expects_receipts)
        if 200 <= answer.status < 300:
            return Unknown(f"answered {answer.status} without the id of a transmission")
        return GatewayDown("over the sending limit") if answer.status == _OVER_SENDING_LIMIT else failure(answer)


class SparkPostWebhook(SecretWebhook):
    """The event webhook: a batch of events a post, or an empty one as a ping."""

    MOST_BYTES = 8 * 1024 * 1024

    def read(self, post: Post) -> Sequence[Event]:
        """All events that we know. Our reference is in ``rcpt_meta``, as it was in the recipient's metadata."""
        return [
            receipt
            for entry in objects_in(post.json())
            for event in _unwrapped(entry)
            if (receipt := _receipt(event, post.now))
        ]


def _request(mail: Mail, message: Outbound) -> dict[str, Any]:
    return {
        # "transactional" keeps SparkPost's List-Unsubscribe out of the mail: ours, if any, is the one that counts here.
        # Substitutions would take every "{{" in a text for a placeholder.
        "options": {"transactional": True, "perform_substitutions": False},
        "recipients": list(_recipients(mail, str(message.uid))),
        "content": _content(mail),
    }


def _recipients(mail: Mail, uid: str) -> Iterator[dict[str, Any]]:
    """The recipient, and those of copies."""
    yield {"address": {"email": str(mail.recipient)}, "metadata": {"uid": uid}}
    for one in mail.cc:
        yield {"address": {"email": str(one), "header_to": str(mail.recipient)}, "metadata": {"uid": uid}}


def _content(mail: Mail) -> dict[str, Any]:
    sender = {"email": str(mail.sender)}
    if mail.sender_name:
        sender["name"] = mail.sender_name
    content: dict[str, Any] = {"from": sender, "subject": mail.subject}
    if mail.text or not mail.html:
        content["text"] = mail.text or " "  # one of the two is demanded
    if mail.html:
        content["html"] = mail.html
    if mail.reply_to:
        content["reply_to"] = str(mail.reply_to)
    headers = dict(mail.encoded_headers)
    if mail.cc:
        headers["CC"] = ", ".join(map(str, mail.cc))
    if headers:
        content["headers"] = headers
    if below := [_file(one, one.filename) for one in mail.attachments if not one.content_id]:
        content["attachments"] = below
    if shown := [_file(one, one.content_id) for one in mail.attachments if one.content_id]:
        content["inline_images"] = shown
    return content


def _file(attachment: Attachment, name: str) -> dict[str, str]:
    return {"name": name, "type": attachment.content_type, "data": base64_of(attachment)}


def _failed(answer: Answer, error: dict[str, Any], words: Any) -> Outcome:
    """Take the first of ``{"errors": [{"message", "code", "description"}]}``, by HTTP status."""
    code = text(error.get("code"))
    reason = clean(": ".join(str(part) for part in (code, words, error.get("description")) if part))
    if answer.status == _OVER_SENDING_LIMIT or code in _ACCOUNT_BROKEN:
        return GatewayDown(reason)
    general = failure(answer, reason)
    return Refused(f"sparkpost_{code}", reason) if code and isinstance(general, Refused) else general


def _unwrapped(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The event in ``{"msys": {"<class of event>": {…}}}``; none in a ping."""
    return [event for event in mapping(entry.get("msys")).values() if isinstance(event, dict)]


def _receipt(event: dict[str, Any], now: float) -> Receipt | None:
    kind = _KINDS.get(str(event.get("type")))
    if kind is None:
        return None
    bounce_class = text(event.get("bounce_class"))
    if kind is ReceiptKind.BOUNCED:
        kind = _BOUNCE_CLASSES.get(bounce_class or "", ReceiptKind.UNDELIVERED)
    transmission = text(event.get("transmission_id"))
    return Receipt(
        kind,
        key=text(event.get("event_id")) or digest(kind, event.get("timestamp"), transmission),
        at=seconds(event.get("timestamp"), otherwise=now),
        uid=text(mapping(event.get("rcpt_meta")).get("uid")),
        provider_id=transmission,
        code=f"sparkpost_{bounce_class}" if bounce_class else None,
        reason=text(event.get("raw_reason") or event.get("reason")),
        url=link(event.get("target_link_url")),
        recipient=mailbox(event.get("raw_rcpt_to") or event.get("rcpt_to")),
    )
