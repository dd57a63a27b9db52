"""Type ``evolution``: WhatsApp through a number paired with an Evolution API server (doc.evolution-api.com/v2)."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

import orjson
from pydantic import Field

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, Unknown
from gateways.answers import clean, failure, parse
from gateways.base import GatewayConnections
from gateways.config.fields import Secret
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import ProviderConfig, ProviderGateway
from gateways.whatsapp.evolution_ids import message_id
from gateways.whatsapp.media import CAPTIONED, content_type, file_name
from gateways.whatsapp.paired import check_fit, file_missing
from gateways.whatsapp.reading import inside, internal_id

_EXCEPTION = re.compile(r"\w*Error\b")


class EvolutionConfig(ProviderConfig):
    """An instance, which is one paired number, on a server of your own."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_key", "webhook_secret"})

    # The length apart: repeated in the pattern, letters of all scripts would take 9 MiB of memory.
    instance: Annotated[str, Field(max_length=100, pattern=r"^\w[\w .@+-]*$")]
    api_key: Secret
    webhook_secret: Secret | None = None
    """What the instance's webhook brings: as it is in a header, or as the key (``jwt_key``) of its tokens."""

    @property
    def has_webhook(self) -> bool:
        return self.webhook_secret is not None


class EvolutionGateway(ProviderGateway[EvolutionConfig]):
    """One request per message. The server looks the number up first, and answers when WhatsApp was handed it."""

    def __init__(self, config: EvolutionConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        headers = {"apikey": config.api_key, "content-type": "application/json"}
        instance = quote(config.instance, safe="")
        self._text = call("POST", f"{config.base_url}/message/sendText/{instance}", headers, config.timeout)
        self._media = call("POST", f"{config.base_url}/message/sendMedia/{instance}", headers, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        check_fit(message)
        return self._media if message.media_type else self._text, orjson.dumps(_request(message))

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = parse(answer)
        if not 200 <= answer.status < 300:
            return _failed(answer, inside(body, "response", "message"))
        key = inside(body, "key", "id")
        if not isinstance(key, str):
            return Unknown(f"answered {answer.status} without the key of a message")
        hidden = internal_id(inside(body, "key", "remoteJid"), inside(body, "key", "remoteJidAlt"))
        return Accepted(key, receipts=self._config.expects_receipts, recipient_id=hidden)


def _request(message: Outbound) -> dict[str, Any]:
    request = {"number": message.to.removeprefix("+"), "messageId": message_id(message.uid), **_content(message)}
    if message.answers:
        request["quoted"] = {"key": {"id": message.answers}}
    return request


def _content(message: Outbound) -> dict[str, Any]:
    if message.media_type is None:
        return {"text": message.body}
    url = message.media_url or ""
    media = {
        "mediatype": message.media_type,
        "mimetype": content_type(message.media_type, url),
        "media": url,
        "fileName": file_name(url),
    }
    return media | ({"caption": message.body} if message.body and message.media_type in CAPTIONED else {})


def _failed(answer: Answer, body: Any) -> Outcome:
    """Say what a failure means. Most are a 400 with whatever went wrong, before or after the message left."""
    words = clean("; ".join(_strings(body)))
    if any(inside(one, "exists") is False for one in (body if isinstance(body, list) else [body])):
        return Refused("not_on_whatsapp", "WhatsApp does not know this number")
    if answer.status == 404:
        return GatewayDown(f"answered 404: {words or 'there is no such instance'}")
    if answer.status == 400 and "Connection Closed" in words:
        return GatewayDown(f"the instance is not connected: {words}")
    if file_missing(words):
        return Refused("media_unreachable", words)
    if answer.status == 400 and _EXCEPTION.match(words):
        # It is saved after it was handed to WhatsApp, and a failure there reads like any other.
        return Unknown(f"answered 400: {words}")
    return failure(answer, words)


def _strings(value: Any, depth: int = 2) -> Iterator[str]:
    """The words in an error: alone, in a list, or, where the request was found wrong, in a list of lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth:
        for one in value:
            yield from _strings(one, depth - 1)
