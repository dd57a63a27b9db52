"""Type ``sendgrid``: email through SendGrid's v3 Mail Send (docs.sendgrid.com/api-reference/mail-send)."""

from typing import Any, ClassVar

import orjson

from domain.outbound import Outbound
from domain.outcomes import Accepted, Outcome, Refused, Unknown
from gateways.answers import failure, parse
from gateways.base import Outside
from gateways.fields import HeaderText, MailboxText, Secret
from gateways.http import call
from gateways.http_answer import Answer
from gateways.mail_message import UnfitMessage, check_header
from gateways.mailbox import InvalidMailbox, parse_mailbox
from gateways.provider import BaseUrl, ProviderConfig


class SendGridConfig(ProviderConfig):
    """An API key with the right to send, and a verified sender."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_key"})

    api_key: Secret
    from_address: MailboxText
    from_name: HeaderText | None = None
    base_url: BaseUrl = "https://api.sendgrid.com"


class SendGridGateway:
    """One request per message: recipients that share a personalization would see each other."""

    dedupes = False

    def __init__(self, config: SendGridConfig, outside: Outside) -> None:
        self._config = config
        self._http = outside.http(allow_private_network=config.allow_private_network)
        headers = {"authorization": f"Bearer {config.api_key}", "content-type": "application/json"}
        self._call = call("POST", f"{config.base_url}/v3/mail/send", headers, config.timeout)

    async def send(self, message: Outbound) -> Outcome:
        """Send one mail."""
        try:
            body = orjson.dumps(self._mail(message))
        except UnfitMessage as error:
            return Refused(error.code, str(error))
        except orjson.JSONEncodeError as error:
            return Refused("invalid_content", str(error))
        answer = await self._http.exchange(self._call, body)
        return self._outcome(answer) if isinstance(answer, Answer) else answer

    async def aclose(self) -> None:
        """Nothing to close: the HTTP client is shared."""

    def _mail(self, message: Outbound) -> dict[str, Any]:
        check_header("invalid_subject", "the subject", message.subject or "")
        try:
            recipient = parse_mailbox(message.to)
        except InvalidMailbox as error:
            raise UnfitMessage("invalid_recipient", f"the recipient {error}") from None
        sender = {"email": self._config.from_address}
        if name := message.sender or self._config.from_name:
            sender["name"] = name
        # custom_args come back as top-level keys of every event: the 202 has no body, and its id only a header.
        ours = {"uid": str(message.uid), "reference": message.reference}
        return {
            "personalizations": [{"to": [{"email": str(recipient)}], "custom_args": ours}],
            "from": sender,
            "subject": message.subject or "",
            "content": _content(message),
        }

    def _outcome(self, answer: Answer) -> Outcome:
        if answer.status == 202:
            return Accepted(answer.headers.get("x-message-id"), receipts=self._config.receipts)
        if answer.status == 200 and not answer.body.strip():
            return Accepted()  # sandbox mode: checked, never sent, so no receipts either
        if 200 <= answer.status < 300:
            return Unknown(f"answered {answer.status}, which SendGrid does not do")
        return failure(answer, _reason(parse(answer)))


def _content(message: Outbound) -> list[dict[str, str]]:
    """List the parts, plain text first as SendGrid demands; it refuses empty ones."""
    parts = [("text/plain", message.body), ("text/html", message.html)]
    return [{"type": kind, "value": value} for kind, value in parts if value] or [{"type": "text/plain", "value": " "}]


def _reason(body: Any) -> str | None:
    """Join the messages of ``{"errors": [{"field", "message"}]}``; a 413 comes from nginx as HTML instead."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list):
        return None
    return "; ".join(str(error.get("message")) for error in errors if isinstance(error, dict)) or None
