"""Type ``resend``: email through Resend (resend.com/docs/api-reference/emails/send-email), and its events.

Events come signed by Standard Webhooks with svix's header names (resend.com/docs/webhooks).
"""

import re
from collections.abc import Sequence
from mimetypes import MimeTypes
from typing import Any, ClassVar

import orjson

from domain.messages.outbound import Attachment, Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, RetryLater, Unknown
from domain.messages.receipts import Event, Receipt, ReceiptKind
from gateways.answers import clean, failure, parse, retry_after
from gateways.base import GatewayConnections
from gateways.config.fields import HeaderText, MailboxText, Secret
from gateways.email.mail import Mail, base64_of, take_apart
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig, ProviderGateway
from gateways.webhooks.events import digest, link, mapping, seconds, text
from gateways.webhooks.standard_webhooks import SigningSecret, may_verify, verify
from gateways.webhooks.webhook import Post, UnreadablePost, Webhook

_KINDS = {
    "email.sent": ReceiptKind.SENT,
    "email.delivered": ReceiptKind.DELIVERED,
    "email.delivery_delayed": ReceiptKind.DEFERRED,
    "email.bounced": ReceiptKind.BOUNCED,
    "email.complained": ReceiptKind.COMPLAINED,
    "email.opened": ReceiptKind.OPENED,
    "email.clicked": ReceiptKind.CLICKED,
    "email.failed": ReceiptKind.FAILED,
    "email.suppressed": ReceiptKind.REJECTED,
}
_NEVER_UNQUOTED = re.compile(r'[()<>\[\]:;@\\,"]+')
_COPIED = "copied"
_TYPES = MimeTypes()
"""Types by file extension, without the machine's own tables, so that the result is the same everywhere."""

# Names of errors (resend.com/docs/api-reference/errors).
_QUOTA_USED_UP = frozenset({"daily_quota_exceeded", "monthly_quota_exceeded"})
_SAME_KEY_UNDER_WAY = "concurrent_idempotent_requests"
_SAME_KEY_OTHER_BODY = "invalid_idempotent_request"


class ResendConfig(ProviderConfig):
    """An API key with the right to send, and a sender at a verified domain."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_key", "webhook_secret"})

    api_key: Secret
    from_address: MailboxText
    from_name: HeaderText | None = None
    webhook_secret: SigningSecret | None = None
    """The signing secret that Resend shows for the webhook."""
    base_url: BaseUrl = "https://api.resend.com"

    @property
    def has_webhook(self) -> bool:
        return self.webhook_secret is not None


class ResendGateway(ProviderGateway[ResendConfig]):
    """One request per message. For 24 hours Resend sends only one mail for an idempotency key."""

    dedupes = True

    def __init__(self, config: ResendConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        self._headers = {"authorization": f"Bearer {config.api_key}", "content-type": "application/json"}

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        config = self._config
        mail = take_apart(message, config.from_address, config.from_name)
        headers = self._headers | {"idempotency-key": message.reference}
        return call("POST", f"{config.base_url}/emails", headers, config.timeout), orjson.dumps(_request(mail, message))

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = parse(answer)
        body = body if isinstance(body, dict) else {}
        if not 200 <= answer.status < 300:
            return _failed(answer, body.get("name"), body.get("message"))
        if not isinstance(body.get("id"), str):
            return Unknown(f"answered {answer.status} without the id of a mail")
        return Accepted(body["id"], receipts=self._config.expects_receipts and not message.cc)


class ResendWebhook(Webhook):
    """One event a post."""

    def __init__(self, config: ResendConfig, outside: GatewayConnections) -> None:
        self._secret = config.webhook_secret

    @property
    def is_configured(self) -> bool:
        return self._secret is not None

    def may_fit(self, head: Post) -> bool:
        """It brings something like a signature, made just now."""
        return may_verify(head.headers, head.now)

    async def verify(self, post: Post) -> bool:
        """HMAC over id, time and the raw body, not older than five minutes."""
        return self._secret is not None and verify(self._secret, post.headers, post.body, post.now)

    def read(self, post: Post) -> Sequence[Event]:
        """The event, if we know it. Our reference is among its tags; its id is a header."""
        event = post.json()
        if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
            raise UnreadablePost("expected one event with its data")
        receipt = _receipt(event, event["data"], post)
        return [receipt] if receipt else []


def _request(mail: Mail, message: Outbound) -> dict[str, Any]:
    tags = {"uid": str(message.uid)}
    request: dict[str, Any] = {"from": _sender(mail), "to": [str(mail.recipient)], "subject": mail.subject}
    if mail.cc:
        request["cc"] = [str(one) for one in mail.cc]
        tags[_COPIED] = "yes"
    if mail.text or not mail.html:
        request["text"] = mail.text or " "  # one of the two is demanded
    if mail.html:
        request["html"] = mail.html
    if mail.reply_to:
        request["reply_to"] = [str(mail.reply_to)]
    if mail.headers:
        request["headers"] = dict(mail.encoded_headers)
    if mail.attachments:
        request["attachments"] = [_attachment(file) for file in mail.attachments]
    request["tags"] = [{"name": name, "value": value} for name, value in tags.items()]
    return request


def _attachment(file: Attachment) -> dict[str, str]:
    """A file with its type, unless its extension implies another one: such mails Resend accepts and never sends.

    Then it has the type of its extension (github.com/anymail/django-anymail/pull/451).
    """
    fields = {"content": base64_of(file), "filename": file.filename}
    said = _TYPES.guess_type(file.filename, strict=False)[0]
    if said in (None, file.content_type.partition(";")[0].strip().lower()):
        fields["content_type"] = file.content_type
    if file.content_id:
        fields["content_id"] = file.content_id
    return fields


def _sender(mail: Mail) -> str:
    """Write name and address without quotes or encoding: Resend refuses both, so what would need them is left out."""
    name = " ".join(_NEVER_UNQUOTED.sub(" ", mail.sender_name).split())
    return f"{name} <{mail.sender}>" if name else str(mail.sender)


def _failed(answer: Answer, name: Any, words: Any) -> Outcome:
    if not isinstance(name, str):
        return failure(answer)
    reason = clean(f"{name}: {words}")
    if name in _QUOTA_USED_UP:
        return GatewayDown(reason)
    if name == _SAME_KEY_UNDER_WAY:
        return RetryLater(retry_after(answer), reason)
    if name == _SAME_KEY_OTHER_BODY:
        return Unknown(reason)  # an earlier request with our reference was taken
    general = failure(answer, reason)
    return Refused(clean(f"resend_{name}"), reason) if isinstance(general, Refused) else general


def _receipt(event: dict[str, Any], data: dict[str, Any], post: Post) -> Receipt | None:
    kind = _KINDS.get(str(event.get("type")))
    tags = _tags(data.get("tags"))
    if kind is None or (_COPIED in tags and kind is not ReceiptKind.SENT):
        return None  # for a mail with copies the recipient of an event is unknown
    why = mapping(data.get("bounce") or data.get("failed") or data.get("suppressed"))
    if kind is ReceiptKind.BOUNCED and why.get("type", "Permanent") != "Permanent":
        kind = ReceiptKind.UNDELIVERED
    code = text(why.get("subType") or why.get("type"))
    return Receipt(
        kind,
        key=text(post.headers.get("svix-id")) or digest(kind, event.get("created_at"), data.get("email_id")),
        at=seconds(event.get("created_at"), otherwise=post.now),
        uid=tags.get("uid"),
        provider_id=text(data.get("email_id")),
        code=f"resend_{code}" if code else None,
        reason=text(why.get("message") or why.get("reason")),
        url=link(mapping(data.get("click")).get("link")),
    )


def _tags(value: object) -> dict[str, str | None]:
    """Read tags from an object, as in Resend's examples, or from a list, as in its reference."""
    if isinstance(value, list):
        value = {str(one.get("name")): one.get("value") for one in value if isinstance(one, dict)}
    return {str(name): text(one) for name, one in mapping(value).items()}
