"""Type ``waha``: WhatsApp through a number paired with a WAHA server (waha.devlike.pro)."""

from typing import Annotated, Any, ClassVar

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
from gateways.whatsapp.media import CAPTIONED, content_type, file_name
from gateways.whatsapp.paired import check_fit, file_missing
from gateways.whatsapp.reading import inside, internal_id

_PATHS = {None: "sendText", "image": "sendImage", "video": "sendVideo", "audio": "sendVoice", "document": "sendFile"}
_CONVERTED = frozenset({"audio", "video"})
"""WhatsApp plays one format of each; the server makes it of others."""
_NOT_WORKING = frozenset({"STOPPED", "STARTING", "SCAN_QR_CODE", "FAILED"})
_UNKNOWN_NUMBER = ("no lid found", "no lid for user")
"""Error texts of the engines, in a 500, for a number without WhatsApp (devlikeapro/waha, issue 2094)."""


class WahaConfig(ProviderConfig):
    """A session, which is one paired number, on a server of your own."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_key", "hmac_key"})

    session: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "default"
    api_key: Secret
    hmac_key: Secret | None = None
    """With which the server signs what it posts."""

    @property
    def has_webhook(self) -> bool:
        return self.hmac_key is not None


class WahaGateway(ProviderGateway[WahaConfig]):
    """One request per message. The API has no place for a reference of ours."""

    def __init__(self, config: WahaConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        headers = {"x-api-key": config.api_key, "content-type": "application/json"}
        self._calls = {
            kind: call("POST", f"{config.base_url}/api/{path}", headers, config.timeout)
            for kind, path in _PATHS.items()
        }

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        check_fit(message)
        return self._calls[message.media_type], orjson.dumps(_request(message, self._config.session))

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = parse(answer)
        if not 200 <= answer.status < 300:
            return _failed(answer, body)
        id_ = _full_id(body)
        if id_ is None:
            return Unknown(f"answered {answer.status} without the id of a message")
        hidden = chat_in(id_) or internal_id(inside(body, "key", "remoteJid"))
        return Accepted(bare_id(id_), receipts=self._config.expects_receipts, recipient_id=hidden)


def bare_id(id_: str) -> str:
    """The message's own part of ``true_<chat>_<id>``: the chat has two names, and an event may use the other one."""
    parts = id_.split("_")
    return parts[2] if len(parts) > 2 and parts[0] in {"true", "false"} else id_


def _chat(to: str) -> str:
    """The chat with a number; a person whose number is hidden is named by a chat already."""
    return to if "@" in to else f"{to.removeprefix('+')}@c.us"


def _request(message: Outbound, session: str) -> dict[str, Any]:
    request: dict[str, Any] = {"session": session, "chatId": _chat(message.to)}
    if message.answers:
        request["reply_to"] = message.answers
    kind, url = message.media_type, message.media_url or ""
    if kind is None:
        return request | {"text": message.body}
    request["file"] = {"url": url, "mimetype": content_type(kind, url), "filename": file_name(url)}
    if kind in _CONVERTED:
        request["convert"] = True
    if message.body and kind in CAPTIONED:
        request["caption"] = message.body
    return request


def chat_in(id_: str) -> str | None:
    """The hidden id of the chat in ``true_<chat>_<id>``."""
    parts = id_.split("_")
    return internal_id(parts[1]) if len(parts) > 2 and parts[0] in {"true", "false"} else None


def _full_id(body: Any) -> str | None:
    """The new message's id, in the form of each of the engines: GOWS, WEBJS, NOWEB."""
    candidates = (
        inside(body, "id"),
        inside(body, "id", "_serialized"),
        inside(body, "id", "id"),
        inside(body, "key", "id"),
    )
    return next((found for found in candidates if isinstance(found, str)), None)


def _failed(answer: Answer, body: Any) -> Outcome:
    words = _words(body)
    if (state := str(inside(body, "status"))) in _NOT_WORKING:
        return GatewayDown(f"the session is {state}: {words}")
    if answer.status == 404:
        return GatewayDown(f"answered 404: {words or 'there is no such session'}")
    if any(known in words.lower() for known in _UNKNOWN_NUMBER):
        return Refused("not_on_whatsapp", words)
    if file_missing(words):
        return Refused("media_unreachable", words)
    if answer.status == 500 and words:
        # The engine failed, perhaps when it looked for the message that it had just handed over.
        return Unknown(f"answered 500: {words}")
    return failure(answer, words)


def _words(body: Any) -> str:
    found = (inside(body, "exception", "message"), inside(body, "message"), inside(body, "error"))
    return clean(next((words for words in found if isinstance(words, str)), ""))
