"""Type ``ses``: email through Amazon SES, and its events.

Mails go by version 2 of the API (docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html). Events come from
SNS: a configuration set publishes them to a topic, or an identity its feedback
(docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html).
"""

import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar

import orjson
from pydantic import Field, ValidatorFunctionWrapHandler, WrapValidator

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, RetryLater, Unknown
from domain.messages.receipts import Event, Receipt, ReceiptKind
from gateways.answers import clean, failure, parse, retry_after
from gateways.base import GatewayConnections, UnfitMessage
from gateways.config.fields import HeaderText, MailboxText
from gateways.email.mail import is_large
from gateways.email.mail_message import Letter, write_letter
from gateways.email.ses_signing import Credentials, signed_headers
from gateways.email.sns import SUBSCRIPTION, UNSUBSCRIPTION, Fetch, NotNow, Topic, fetch_over
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig, ProviderGateway
from gateways.webhooks.events import digest, link, mailbox, mapping, seconds, text
from gateways.webhooks.webhook import Post, Reply, UnreadablePost, Webhook

_KINDS = {
    "Send": ReceiptKind.SENT,
    "Delivery": ReceiptKind.DELIVERED,
    "DeliveryDelay": ReceiptKind.DEFERRED,
    "Bounce": ReceiptKind.BOUNCED,
    "Complaint": ReceiptKind.COMPLAINED,
    "Reject": ReceiptKind.REJECTED,
    "Rendering Failure": ReceiptKind.FAILED,
    "Open": ReceiptKind.OPENED,
    "Click": ReceiptKind.CLICKED,
    "Subscription": ReceiptKind.UNSUBSCRIBED,
}
_RECIPIENTS = {
    "Delivery": "recipients",
    "DeliveryDelay": "delayedRecipients",
    "Bounce": "bouncedRecipients",
    "Complaint": "complainedRecipients",
}

_RESERVED = "x-ses-"
"""How the headers begin that SES obeys: tags, configuration sets, identities of other accounts."""

# Names of errors, without "Exception" (API_SendEmail.html#API_SendEmail_Errors, and CommonErrors.html).
_THROTTLED = frozenset({"TooManyRequests", "Throttling"})
_ACCOUNT_BROKEN = frozenset(
    {"AccountSuspended", "SendingPaused", "MailFromDomainNotVerified", "LimitExceeded", "NotFound"}
)

_NOT_NOW = Reply(Webhook.BUSY, b'{"success":false,"message":"Amazon could not be asked; post it again"}')


def _unless_empty(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    return value if value == "" else check(value)


def _printable(longest: int) -> Any:
    return Field(pattern=r"^[!-~]+$", max_length=longest)


class SesConfig(ProviderConfig):
    """A key with the rights ``ses:SendEmail`` and ``ses:SendRawEmail``, and a verified identity to send as."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"secret_access_key", "session_token"})
    DESTINATION: ClassVar[frozenset[str]] = ProviderConfig.DESTINATION | {"region"}

    access_key_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,128}$")]
    secret_access_key: Annotated[str, _printable(256)]
    session_token: Annotated[str, _printable(4096)] | None = None
    """Goes with keys that AWS gave out for some hours only."""
    region: Annotated[str, Field(pattern=r"^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$", max_length=32)]
    from_address: MailboxText
    from_name: HeaderText | None = None
    configuration_set: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    """What publishes events; without it SES knows only bounces and complaints, without our reference."""
    topic_arn: (
        Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,256}$")] | None
    ) = None
    """The only SNS topic whose messages are accepted."""
    base_url: Annotated[BaseUrl, WrapValidator(_unless_empty)] = ""
    """Empty: the region's own."""

    @property
    def has_webhook(self) -> bool:
        return self.topic_arn is not None

    @property
    def endpoint(self) -> str:
        """Where mails are posted to."""
        return f"{self.base_url or f'https://email.{self.region}.amazonaws.com'}/v2/email/outbound-emails"


class SesGateway(ProviderGateway[SesConfig]):
    """One signed request per message, with the whole mail in it. SES has no idempotency keys."""

    def __init__(self, config: SesConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        self._credentials = Credentials(
            config.access_key_id, config.secret_access_key, config.region, "ses", config.session_token
        )

    def _takes_long(self, message: Outbound) -> bool:
        return is_large(message)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        """The signed request, and its body."""
        if any(name.lower().startswith(_RESERVED) for name, _ in message.headers):
            raise UnfitMessage("invalid_header", "headers that begin with X-SES- are orders to Amazon SES")
        config = self._config
        letter = write_letter(message, config.from_address, config.from_name)
        if letter.needs_smtputf8:
            raise UnfitMessage("smtputf8_unsupported", "Amazon SES takes no addresses with letters beyond ASCII")
        body = orjson.dumps(self._request(letter, message))
        headers = {"content-type": "application/json"}
        headers = signed_headers(self._credentials, "POST", config.endpoint, headers, body, time.time())
        return call("POST", config.endpoint, headers, config.timeout), body

    def _request(self, letter: Letter, message: Outbound) -> dict[str, Any]:
        # FromEmailAddress is left out: it would take the place of the From header and lose the sender's name.
        request: dict[str, Any] = {
            "Destination": {"ToAddresses": [str(letter.recipient)], "CcAddresses": [str(one) for one in letter.cc]},
            "Content": {"Raw": {"Data": b64encode(letter.content).decode()}},
            "EmailTags": [{"Name": "uid", "Value": str(message.uid)}],
        }
        if self._config.configuration_set:
            request["ConfigurationSetName"] = self._config.configuration_set
        return request

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = mapping(parse(answer))
        if not 200 <= answer.status < 300:
            return _failed(answer, body)
        if not isinstance(body.get("MessageId"), str):
            return Unknown(f"answered {answer.status} without the id of a mail")
        return Accepted(body["MessageId"], receipts=self._config.expects_receipts)


class SesWebhook(Webhook):
    """The HTTPS subscription of an SNS topic: one message per post, which may be about several recipients."""

    MOST_BYTES = 1024 * 1024  # SNS takes 256 KiB, which are escaped twice

    def __init__(self, config: SesConfig, outside: GatewayConnections, fetch: Fetch | None = None) -> None:
        fetch = fetch or fetch_over(outside.http(allow_private_network=config.allow_private_network))
        self._topic = Topic(config.topic_arn, fetch) if config.topic_arn else None

    @property
    def is_configured(self) -> bool:
        return self._topic is not None

    def may_fit(self, head: Post) -> bool:
        """Its headers name a message of our topic."""
        return self._topic is not None and self._topic.is_named_by(head)

    async def handshake(self, post: Post) -> Reply | None:
        """Confirm a subscription to our topic. Requests SNS to retry while Amazon cannot be reached."""
        try:
            message = await self._topic.message_in(post) if self._topic else None
            if self._topic is None or message is None:
                return None
            if message["Type"] == SUBSCRIPTION:
                return self.ACCEPTED if await self._topic.confirm(message) else self.REFUSED
            return self.ACCEPTED if message["Type"] == UNSUBSCRIPTION else None
        except NotNow:
            return _NOT_NOW

    async def verify(self, post: Post) -> bool:
        """RSA over the message's fields, by a certificate from Amazon; of our topic, and not older than an hour."""
        try:
            return self._topic is not None and await self._topic.message_in(post) is not None
        except NotNow:
            return False

    def read(self, post: Post) -> Sequence[Event]:
        """One event for each recipient in the message. Our reference is among the mail's tags."""
        message = post.json()
        if not isinstance(message, dict) or not isinstance(message.get("Message"), str):
            raise UnreadablePost("expected a message of Amazon SNS")
        try:
            event = mapping(orjson.loads(message["Message"]))
        except orjson.JSONDecodeError:
            return []  # the words with which SES tries out a topic
        return list(_receipts(event, message, post.now))


def _failed(answer: Answer, body: dict[str, Any]) -> Outcome:
    """Classify an error by its name, which stands in a header, and in some answers only in the body."""
    name = answer.headers.get("x-amzn-errortype") or text(body.get("__type")) or ""
    name = name.partition(":")[0].rpartition("#")[2].removesuffix("Exception")
    words = text(body.get("message")) or text(body.get("Message"))
    if not name:
        return failure(answer, words)
    reason = clean(f"{name}: {words}" if words else name)
    if name in _THROTTLED:
        return RetryLater(retry_after(answer), reason)
    if name in _ACCOUNT_BROKEN:
        return GatewayDown(reason)
    general = failure(answer, reason)
    return Refused(clean(f"ses_{name}"), reason) if isinstance(general, Refused) else general


def _receipts(event: dict[str, Any], message: dict[str, Any], now: float) -> Iterator[Receipt]:
    name = str(event.get("eventType") or event.get("notificationType"))
    details = mapping(event.get("failure" if name == "Rendering Failure" else name[:1].lower() + name[1:]))
    kind = _kind(name, details)
    if kind is None:
        return
    mail = mapping(event.get("mail"))
    code = text(details.get("bounceSubType") or details.get("delayType") or details.get("complaintFeedbackType"))
    uids = mapping(mail.get("tags")).get("uid")
    copies = _copies(mail)
    for recipient in _recipients(name, details):
        address = recipient.get("emailAddress", "")
        yield Receipt(
            kind,
            key=digest(message.get("MessageId"), address),
            at=seconds(details.get("timestamp"), otherwise=seconds(message.get("Timestamp"), otherwise=now)),
            uid=text(uids[0]) if isinstance(uids, list) and uids else None,
            provider_id=text(mail.get("messageId")),
            code=f"ses_{code}" if code else None,
            reason=text(recipient.get("diagnosticCode") or details.get("reason") or details.get("errorMessage")),
            url=link(details.get("link")),
            # Any other address is one that the recipient's mail was forwarded to.
            recipient=mailbox(address) if str(address).lower() in copies else None,
        )


def _kind(name: str, details: dict[str, Any]) -> ReceiptKind | None:
    if name == "Bounce" and details.get("bounceType") != "Permanent":
        return ReceiptKind.UNDELIVERED  # SES has stopped trying; before that it reports delays
    if name == "Subscription" and mapping(details.get("newTopicPreferences")).get("unsubscribeAll") is not True:
        return None
    return _KINDS.get(name)


def _recipients(name: str, details: dict[str, Any]) -> list[dict[str, Any]]:
    """The recipients that an event names; some kinds name none."""
    place = _RECIPIENTS.get(name)
    if place is None:
        return [{}]
    named = details.get(place)
    return [
        one if isinstance(one, dict) else {"emailAddress": one} for one in (named if isinstance(named, list) else [])
    ]


def _copies(mail: dict[str, Any]) -> set[str]:
    copies = mapping(mail.get("commonHeaders")).get("cc")
    return {str(one).lower() for one in copies} if isinstance(copies, list) else set()
