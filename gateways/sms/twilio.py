"""Type ``twilio``: SMS through Twilio's Messages resource (twilio.com/docs/messaging/api/message-resource)."""

from base64 import b64encode
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import urlencode

from pydantic import Field, model_validator

from domain.outbound import Outbound
from domain.outcomes import Accepted, GatewayDown, Outcome, Refused, RetryLater, Unknown
from gateways.answers import clean, failure, parse, retry_after
from gateways.base import Outside
from gateways.fields import HeaderText, Secret
from gateways.net.http import call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig

Sid = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{2,64}$")]

# Twilio's error codes (twilio.com/docs/api/errors).
_OPTED_OUT = 21610
_ACCOUNT_BROKEN = frozenset({20003, 20005, 20404, 30002})  # credentials, inactive, no such account, suspended
_NOT_NOW = frozenset({20429, 21611, 30001})  # too many requests, sender's queue full, queue overflow
_NEVER_LEFT = frozenset({"failed", "undelivered", "canceled"})


class TwilioConfig(ProviderConfig):
    """An account and a sender: a number (or alphanumeric id), or a messaging service that picks one."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"auth_token"})

    account_sid: Sid
    auth_token: Secret
    from_number: HeaderText | None = None
    messaging_service_sid: Sid | None = None
    status_callback: BaseUrl | None = None
    """Where Twilio posts receipts."""
    base_url: BaseUrl = "https://api.twilio.com"

    @property
    def has_webhook(self) -> bool:
        return self.status_callback is not None

    @model_validator(mode="after")
    def _one_sender(self) -> Self:
        if (self.from_number is None) == (self.messaging_service_sid is None):
            raise ValueError("give either from_number or messaging_service_sid")
        return self


class TwilioGateway:
    """One form post per message. Twilio has no idempotency keys."""

    dedupes = False

    def __init__(self, config: TwilioConfig, outside: Outside) -> None:
        self._config = config
        self._http = outside.http(allow_private_network=config.allow_private_network)
        basic = b64encode(f"{config.account_sid}:{config.auth_token}".encode()).decode()
        headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
        url = f"{config.base_url}/2010-04-01/Accounts/{config.account_sid}/Messages.json"
        self._call = call("POST", url, headers, config.timeout)

    async def send(self, message: Outbound) -> Outcome:
        """Send one text message."""
        try:
            form = urlencode(self._form(message)).encode()
        except UnicodeEncodeError as error:
            return Refused("invalid_content", str(error))
        answer = await self._http.exchange(self._call, form)
        return self._outcome(answer) if isinstance(answer, Answer) else answer

    async def aclose(self) -> None:
        """Nothing to close: the HTTP client is shared."""

    def _form(self, message: Outbound) -> dict[str, str]:
        fields = {
            "To": message.to,
            "From": message.sender or self._config.from_number,
            "MessagingServiceSid": self._config.messaging_service_sid,
            "Body": message.body,
            "StatusCallback": self._config.status_callback,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _outcome(self, answer: Answer) -> Outcome:
        body = parse(answer)
        body = body if isinstance(body, dict) else {}
        if 200 <= answer.status < 300:
            return self._taken(answer, body)
        return _failed(answer, body.get("code"), body.get("message"))

    def _taken(self, answer: Answer, body: dict[str, Any]) -> Outcome:
        if body.get("status") in _NEVER_LEFT:
            return _failed(answer, body.get("error_code"), body.get("error_message"))
        sid = body.get("sid")
        if not isinstance(sid, str):
            return Unknown(f"answered {answer.status} without the id of a message")
        return Accepted(sid, receipts=self._config.expects_receipts)


def _failed(answer: Answer, code: Any, words: Any) -> Outcome:
    reason = clean(f"{code}: {words}" if words else f"error {code}")
    if code == _OPTED_OUT:
        return Refused("opted_out", reason)
    if code in _ACCOUNT_BROKEN:
        return GatewayDown(reason)
    if code in _NOT_NOW:
        return RetryLater(retry_after(answer), reason)
    general = failure(answer, reason if isinstance(code, int) else None)
    if isinstance(general, Refused) and isinstance(code, int):
        return Refused(f"twilio_{code}", reason)
    return general
