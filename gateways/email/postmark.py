"""Type ``postmark``: email through Postmark (postmarkapp.com/developer/api/email-api), and its webhooks."""

import re
from collections.abc import Sequence
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
from gateways.webhooks.events import digest, link, mailbox, objects_in, seconds, text
from gateways.webhooks.webhook import Post, SecretWebhook

_STEERING = ("x-pm-",)

# Postmark's error codes (postmarkapp.com/developer/api/overview#error-codes).
_ACCOUNT_BROKEN = frozenset(  # token, maintenance, sender unconfirmed, may not send, no such message stream
    {10, 100, 400, 401, 405, 412, 413, 1235}
)
_INACTIVE = re.compile(r"will not deliver to[^:]*:(.*)", re.IGNORECASE | re.DOTALL)
"""Recipients that get no mail, as named in an answer without an error."""

_RECORDS = {
    "Delivery": ReceiptKind.DELIVERED,
    "Open": ReceiptKind.OPENED,
    "Click": ReceiptKind.CLICKED,
    "SpamComplaint": ReceiptKind.COMPLAINED,
}
_BOUNCES = {
    "HardBounce": ReceiptKind.BOUNCED,
    "SoftBounce": ReceiptKind.UNDELIVERED,  # a full mailbox and the like
    "VirusNotification": ReceiptKind.UNDELIVERED,  # the mail's fault, not the address's
    "Transient": ReceiptKind.DEFERRED,
    "DnsError": ReceiptKind.DEFERRED,
    "OpenRelayTest": ReceiptKind.DEFERRED,
    "AutoResponder": ReceiptKind.AUTORESPONDED,
    "AddressChange": ReceiptKind.AUTORESPONDED,
    "ChallengeVerification": ReceiptKind.AUTORESPONDED,
    "BadEmailAddress": ReceiptKind.REJECTED,
    "ManuallyDeactivated": ReceiptKind.REJECTED,
    "Blocked": ReceiptKind.REJECTED,
    "DMARCPolicy": ReceiptKind.REJECTED,
    "Unconfirmed": ReceiptKind.REJECTED,
    "SMTPApiError": ReceiptKind.FAILED,
    "TemplateRenderingFailed": ReceiptKind.FAILED,
    "SpamNotification": ReceiptKind.COMPLAINED,
    "ManualSuppression": ReceiptKind.UNSUBSCRIBED,
    "Unsubscribe": ReceiptKind.UNSUBSCRIBED,
    "Subscribe": ReceiptKind.SUBSCRIBED,
}
_SUPPRESSIONS = {"HardBounce": ReceiptKind.BOUNCED, "SpamComplaint": ReceiptKind.COMPLAINED}
_TIMES = ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")


class PostmarkConfig(ProviderConfig):
    """A server's token, and a confirmed sender."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"server_token", "webhook_secret"})

    server_token: Secret
    from_address: MailboxText
    from_name: HeaderText | None = None
    message_stream: HeaderText | None = None
    """The stream's id; ``None``: Postmark's default, ``outbound``."""
    webhook_secret: Secret | None = None
    """What the webhook's address or Basic authorization carries: Postmark signs nothing."""
    base_url: BaseUrl = "https://api.postmarkapp.com"

    @property
    def has_webhook(self) -> bool:
        return self.webhook_secret is not None


class PostmarkGateway(ProviderGateway[PostmarkConfig]):
    """One request per message. Postmark has no idempotency keys."""

    def __init__(self, config: PostmarkConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        headers = {
            "x-postmark-server-token": config.server_token,
            "content-type": "application/json",
            "accept": "application/json",
        }
        self._call = call("POST", f"{config.base_url}/email", headers, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        config = self._config
        mail = take_apart(message, config.from_address, config.from_name, _STEERING)
        return self._call, orjson.dumps(_request(mail, message, config.message_stream))

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = parse(answer)
        body = body if isinstance(body, dict) else {}
        if not 200 <= answer.status < 300:
            return _failed(answer, body.get("ErrorCode"), body.get("Message"))
        words, message_id = str(body.get("Message")), body.get("MessageID")
        inactive = _INACTIVE.search(words)
        if inactive and message.to.lower() in {word.strip(".,;<>") for word in inactive[1].lower().split()}:
            return Refused("postmark_406", clean(words))  # 406: as if the recipient had been alone
        if isinstance(message_id, str) and (body.get("ErrorCode") == 0 or "accepted" in words.lower()):
            return Accepted(message_id, receipts=self._config.expects_receipts)
        return Unknown(f"answered {answer.status} without the id of a message")


class PostmarkWebhook(SecretWebhook):
    """The webhooks of a message stream: one event a post."""

    # Postmark posts again after whatever it takes for a passing failure; 403 makes it stop.
    UNREADABLE = 403

    def read(self, post: Post) -> Sequence[Event]:
        """The event, unless it is of no message of ours, such as an address suppressed by hand."""
        return [receipt for event in objects_in(post.json()) if (receipt := _receipt(event, post.now))]


def _request(mail: Mail, message: Outbound, stream: str | None) -> dict[str, Any]:
    request: dict[str, Any] = {
        "From": mail.from_header,
        "To": str(mail.recipient),
        "Subject": mail.subject,
        "Metadata": {"uid": str(message.uid)},
    }
    if mail.text or not mail.html:
        request["TextBody"] = mail.text
    if mail.html:
        request["HtmlBody"] = mail.html
    if mail.cc:
        request["Cc"] = ", ".join(str(one) for one in mail.cc)
    if mail.reply_to:
        request["ReplyTo"] = str(mail.reply_to)
    if mail.headers:
        request["Headers"] = [{"Name": name, "Value": value} for name, value in mail.encoded_headers]
    if mail.attachments:
        request["Attachments"] = [_attachment(file) for file in mail.attachments]
    if stream:
        request["MessageStream"] = stream
    return request


def _attachment(file: Attachment) -> dict[str, str]:
    plain = {"Name": file.filename, "Content": base64_of(file), "ContentType": file.content_type}
    return plain | {"ContentID": f"cid:{file.content_id}"} if file.content_id else plain


def _failed(answer: Answer, code: Any, words: Any) -> Outcome:
    if not isinstance(code, int):
        return failure(answer)
    reason = clean(f"{code}: {words}" if words else f"error {code}")
    if code in _ACCOUNT_BROKEN:
        return GatewayDown(reason)
    general = failure(answer, reason)
    return Refused(f"postmark_{code}", reason) if isinstance(general, Refused) else general


def _receipt(event: dict[str, Any], now: float) -> Receipt | None:
    kind = _kind(event)
    metadata = event.get("Metadata")
    uid = text(metadata.get("uid")) if isinstance(metadata, dict) else None
    message_id = text(event.get("MessageID"))
    if kind is None or not (uid or message_id):
        return None
    moment = next((event[name] for name in _TIMES if name in event), None)
    url = link(event.get("OriginalLink"))
    return Receipt(
        kind,
        # Only bounces and complaints have an id.
        key=text(event.get("ID")) or digest(kind, text(moment), text(event.get("Recipient")), url),
        at=seconds(moment, otherwise=now),
        uid=uid,
        provider_id=message_id,
        code=f"postmark_{bounce}" if (bounce := text(event.get("Type"))) else None,
        reason=text(event.get("Details")) or text(event.get("Description")),
        url=url,
        recipient=mailbox(event.get("Recipient") or event.get("Email")),
    )


def _kind(event: dict[str, Any]) -> ReceiptKind | None:
    record = event.get("RecordType")
    if record == "Bounce":
        return _BOUNCES.get(str(event.get("Type")))
    if record == "SubscriptionChange":
        if not event.get("SuppressSending"):
            return ReceiptKind.SUBSCRIBED
        return _SUPPRESSIONS.get(str(event.get("SuppressionReason")), ReceiptKind.UNSUBSCRIBED)
    return _RECORDS.get(str(record))
