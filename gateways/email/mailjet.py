"""Type ``mailjet``: email through Mailjet's Send API v3.1 (dev.mailjet.com/email/guides/send-api-v31), and its events.

Events come unsigned (dev.mailjet.com/email/guides/webhooks): a secret in the webhook's address stands in for that.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any, ClassVar

import orjson

from domain.messages.outbound import Attachment, Outbound
from domain.messages.outcomes import Accepted, Outcome, Refused, Unknown
from domain.messages.receipts import Event, Receipt, ReceiptKind
from gateways.answers import clean, failure, parse
from gateways.base import GatewayConnections
from gateways.config.fields import HeaderText, MailboxText, Secret
from gateways.email.mail import Mail, base64_of, take_apart
from gateways.email.mailbox import Mailbox
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig, ProviderGateway
from gateways.webhooks.events import digest, link, mailbox, objects_in, seconds, text
from gateways.webhooks.webhook import Post, SecretWebhook

_KINDS = {
    "sent": ReceiptKind.DELIVERED,  # Mailjet's "sent" means accepted by the recipient's server
    "bounce": ReceiptKind.DEFERRED,
    "blocked": ReceiptKind.REJECTED,
    "spam": ReceiptKind.COMPLAINED,
    "unsub": ReceiptKind.UNSUBSCRIBED,
    "open": ReceiptKind.OPENED,
    "click": ReceiptKind.CLICKED,
}
_RESERVED = ("x-mj-", "x-mailjet-")
_FAILURES = frozenset({"bounce", "blocked"})


class MailjetConfig(ProviderConfig):
    """An API key with its secret, and a verified sender."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"secret_key", "webhook_secret"})

    api_key: Secret
    secret_key: Secret
    from_address: MailboxText
    from_name: HeaderText | None = None
    webhook_secret: Secret | None = None
    """A secret of our choice, in the address of the webhook."""
    base_url: BaseUrl = "https://api.mailjet.com"

    @property
    def has_webhook(self) -> bool:
        return self.webhook_secret is not None


class MailjetGateway(ProviderGateway[MailjetConfig]):
    """One request per message, one message per request. Mailjet has no idempotency keys."""

    def __init__(self, config: MailjetConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        basic = b64encode(f"{config.api_key}:{config.secret_key}".encode()).decode()
        headers = {"authorization": f"Basic {basic}", "content-type": "application/json"}
        self._call = call("POST", f"{config.base_url}/v3.1/send", headers, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        mail = take_apart(message, self._config.from_address, self._config.from_name, _RESERVED)
        return self._call, orjson.dumps({"Messages": [_request(mail, message)]})

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        """Read the one item of ``Messages``; it is there whether or not the mail was taken, which HTTP calls a 400."""
        body = parse(answer)
        match body:
            case {"Messages": [{"Status": "error", "Errors": [{"ErrorCode": str(code)} as error, *_]}]}:
                return _failed(answer, code, error)
            case {"Messages": [{"Status": "success", "To": [{"MessageID": int() | str() as message_id}, *_]}]} if (
                answer.status == 200
            ):
                return Accepted(str(message_id), receipts=self._config.expects_receipts)
            case {"ErrorCode": str(code)} if answer.status != 200:
                return _failed(answer, code, body)
        if 200 <= answer.status < 300:
            return Unknown(f"answered {answer.status} without the id of a mail")
        return failure(answer)


class MailjetWebhook(SecretWebhook):
    """The event API: one event a post, or with "group events" an array of them."""

    MOST_BYTES = 2 * 1024 * 1024

    def read(self, post: Post) -> Sequence[Event]:
        """All events that we know. Our reference is the ``CustomID``."""
        return [receipt for event in objects_in(post.json()) if (receipt := _receipt(event, post.now))]


def _request(mail: Mail, message: Outbound) -> dict[str, Any]:
    request: dict[str, Any] = {
        "From": _party(mail.sender, mail.sender_name),
        "To": [_party(mail.recipient)],
        "Subject": mail.subject,
        "CustomID": str(message.uid),
    }
    if mail.cc:
        request["Cc"] = [_party(one) for one in mail.cc]
    if mail.text or not mail.html:
        request["TextPart"] = mail.text or " "  # one of the two is demanded
    if mail.html:
        request["HTMLPart"] = mail.html
    if mail.reply_to:
        request["ReplyTo"] = _party(mail.reply_to)
    if mail.headers:
        request["Headers"] = dict(mail.encoded_headers)
    if below := [_file(one) for one in mail.attachments if not one.content_id]:
        request["Attachments"] = below
    if shown := [_file(one) | {"ContentID": one.content_id} for one in mail.attachments if one.content_id]:
        request["InlinedAttachments"] = shown
    return request


def _party(mailbox: Mailbox, name: str = "") -> dict[str, str]:
    return {"Email": str(mailbox), **({"Name": name} if name else {})}


def _file(attachment: Attachment) -> dict[str, Any]:
    return {
        "ContentType": attachment.content_type,
        "Filename": attachment.filename,
        "Base64Content": base64_of(attachment),
    }


def _failed(answer: Answer, code: str, error: dict[str, Any]) -> Outcome:
    """Classify an error by its own status: that of the answer is 400 for whatever happened to a message."""
    about = error.get("ErrorRelatedTo")
    place = f" ({', '.join(map(str, about))})" if isinstance(about, list) and about else ""
    reason = clean(f"{code}: {error.get('ErrorMessage')}{place}")
    status = error.get("StatusCode")
    own = Answer(status, answer.headers, answer.body) if isinstance(status, int) and status >= 400 else answer
    general = failure(own, reason)
    return Refused(clean(f"mailjet_{code}"), reason) if isinstance(general, Refused) else general


def _receipt(event: dict[str, Any], now: float) -> Receipt | None:
    name = event.get("event")
    kind = _KINDS.get(str(name))
    if kind is None:
        return None
    error = text(event.get("error")) if name in _FAILURES else None
    if name == "bounce" and event.get("hard_bounce") is True:
        kind = ReceiptKind.BOUNCED
    elif error == "greylisted":
        kind = ReceiptKind.DEFERRED
    message_id, url = text(event.get("MessageID")), link(event.get("url"))
    return Receipt(
        kind,
        key=digest(name, event.get("time"), message_id, event.get("email"), url or ""),
        at=seconds(event.get("time"), otherwise=now),
        uid=text(event.get("CustomID")),
        provider_id=message_id,
        code=f"mailjet_{error.replace(' ', '_')}" if error else None,
        reason=text(event.get("comment")) or error,
        url=url,
        recipient=mailbox(event.get("email")),
    )
