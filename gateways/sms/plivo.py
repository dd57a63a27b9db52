"""Type ``plivo``: SMS through Plivo's Message API (plivo.com/docs/messaging/api/message), and what it reports back."""

import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, ClassVar
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import orjson
from pydantic import Field

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, Unknown
from domain.messages.receipts import OPTED_OUT, Event, Inbound, Receipt, ReceiptKind
from gateways.answers import clean, failure, parse
from gateways.base import GatewayConnections
from gateways.config.fields import HeaderText, Secret
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig, ProviderGateway
from gateways.sms.callback import with_uid
from gateways.sms.inbound import inbound, is_own
from gateways.webhooks.events import digest, seconds, text
from gateways.webhooks.webhook import Post, Reply, UnreadablePost, Webhook, same

_NO_CREDIT = "insufficient credit"  # the only hint of an empty account; answers have no codes
_STOPPED = "200"  # "source number blocked by STOP from destination number" (plivo.com/docs/messaging/troubleshooting)

_KINDS = {
    "queued": ReceiptKind.SENT,
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "read": ReceiptKind.READ,
    "undelivered": ReceiptKind.UNDELIVERED,
    "failed": ReceiptKind.FAILED,
}


class PlivoConfig(ProviderConfig):
    """An account and a sender."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"auth_token"})

    auth_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{2,64}$")]
    auth_token: Secret
    from_number: HeaderText
    """A number or an alphanumeric id."""
    status_callback: BaseUrl | None = None
    """Where Plivo posts receipts; ``uid`` is added to its query."""
    base_url: BaseUrl = "https://api.plivo.com"

    @property
    def has_webhook(self) -> bool:
        return self.status_callback is not None


class PlivoGateway(ProviderGateway[PlivoConfig]):
    """One message per request. Plivo detects whether a text needs Unicode."""

    def __init__(self, config: PlivoConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        basic = b64encode(f"{config.auth_id}:{config.auth_token}".encode()).decode()
        headers = {"authorization": f"Basic {basic}", "content-type": "application/json"}
        url = f"{config.base_url}/v1/Account/{config.auth_id}/Message/"
        self._call = call("POST", url, headers, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        return self._call, orjson.dumps(self._request(message))

    def _request(self, message: Outbound) -> dict[str, str]:
        request = {
            "src": (message.sender or self._config.from_number).removeprefix("+"),
            "dst": message.to.removeprefix("+"),
            "text": message.body,
        }
        if self._config.status_callback:
            request |= {"url": with_uid(self._config.status_callback, message.uid), "method": "POST"}
        return request

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = parse(answer)
        body = body if isinstance(body, dict) else {}
        if 200 <= answer.status < 300:
            ids = body.get("message_uuid")
            taken = text(ids[0]) if isinstance(ids, list) and ids else None
            if taken is None:
                return Unknown(f"answered {answer.status} without the id of a message")
            return Accepted(taken, receipts=self._config.expects_receipts)
        reason = text(body.get("error"))
        general = failure(answer, reason)
        if isinstance(general, Refused) and reason and _NO_CREDIT in reason.lower():
            return GatewayDown(clean(f"answered {answer.status}: {reason}"))
        return general


class PlivoWebhook(Webhook):
    """Status callbacks and messages from people: one event a post, signed with the account's token.

    The signature contains no time, so a replayed post is accepted; its event has the same key as before.
    """

    MOST_BYTES = 64 * 1024
    ACCEPTED = Reply(200, b"<Response/>", "text/xml")
    """Empty Plivo XML: no reply."""

    def __init__(self, config: PlivoConfig, outside: GatewayConnections) -> None:
        self._token = config.auth_token.encode()
        self._number = config.from_number

    @property
    def is_configured(self) -> bool:
        return True

    def may_fit(self, head: Post) -> bool:
        """It brings signatures of a kind, and their nonce."""
        return any(f"x-plivo-signature-{version}-nonce" in head.headers for version in ("v3", "v2"))

    async def verify(self, post: Post) -> bool:
        """Signature V3, over address and fields; or V2, where there is no other.

        V2 is all that Plivo documents for messages. It covers the address without its query, and nothing else.
        """
        try:
            base = _base_of(post)
        except UnreadablePost:
            return False
        nonce = post.headers.get("x-plivo-signature-v3-nonce")
        if nonce is not None:
            return self._is_among(_signatures(post, "v3"), f"{base}.{nonce}")
        nonce = post.headers.get("x-plivo-signature-v2-nonce")
        return nonce is not None and self._is_among(_signatures(post, "v2"), f"{_without_query(post.url)}{nonce}")

    def read(self, post: Post) -> Sequence[Event]:
        """The one event. Our reference is in the address, as it was in ``url``."""
        fields = {**post.query, **dict(post.form())}
        message_id = text(fields.get("MessageUUID"))
        if message_id is None:
            raise UnreadablePost("no MessageUUID")
        if "Status" not in fields:
            return [_inbound(message_id, fields, post.now)] if "Text" in fields else []
        kind = _KINDS.get(fields["Status"])
        return [_receipt(kind, message_id, fields, post.now)] if kind else []

    def is_for_number(self, recipient: str) -> bool | None:
        return is_own(self._number, recipient)

    def _is_among(self, given: list[str], what: str) -> bool:
        expected = b64encode(hmac.digest(self._token, what.encode(errors="replace"), "sha256")).decode()
        return any(same(one, expected) for one in given)


def _signatures(post: Post, version: str) -> list[str]:
    """Those by the tokens of the subaccount and of the main account, where several tokens are valid by each of them."""
    names = (f"x-plivo-signature-{version}", f"x-plivo-signature-ma-{version}")
    return [one.strip() for name in names for one in post.headers.get(name, "").split(",")]


def _base_of(post: Post) -> str:
    """What V3 signs before the nonce: the address with its query sorted, then the form, sorted and run together."""
    address, form = _without_query(post.url), post.form()
    pairs = parse_qsl(urlsplit(post.url).query, keep_blank_values=True)
    if post.method == "GET" or not form:
        return f"{address}?{_joined(pairs)}" if pairs else address
    fields = "".join(name + value for name, value in sorted(form))
    return f"{address}?{_joined(pairs)}{'.' if pairs else ''}{fields}"


def _joined(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _without_query(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))


def _receipt(kind: ReceiptKind, message_id: str, fields: Mapping[str, str], now: float) -> Receipt:
    return Receipt(
        kind,
        key=digest(message_id, fields["Status"]),
        at=seconds(fields.get("DeliveryReportTime"), otherwise=now),
        uid=text(fields.get("uid")),
        provider_id=message_id,
        code=_code(fields.get("ErrorCode", "")),
    )


def _code(error: str) -> str | None:
    if not error.strip("0"):  # "000", or nothing: no error
        return None
    return OPTED_OUT if error == _STOPPED else f"plivo_{clean(error)}"


def _inbound(message_id: str, fields: Mapping[str, str], now: float) -> Inbound:
    sender, recipient = fields.get("From"), fields.get("To")
    return inbound(key=message_id, at=now, sender=sender, recipient=recipient, body=fields.get("Text"))
