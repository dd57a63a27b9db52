"""What messages from people hold besides text, as Twilio posts it: pictures, and all that WhatsApp and RCS have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateways.webhooks.events import text

_FILES = {"image": "image", "audio": "audio", "video": "video"}
_TYPES = {"button": "button_reply", "interactive": "list_reply", "text": None}
_BESIDE = frozenset({"text", "media", "image", "audio", "video", "document", "sticker"})


@dataclass(frozen=True, slots=True)
class Held:
    """The content of one message; ``kind`` is ``None`` for a text."""

    kind: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    """What stands on the button that was pressed."""


def read_content(fields: Mapping[str, str]) -> Held:
    """The content of a message, by what stands in the form."""
    type_ = text(fields.get("MessageType"))
    if "Latitude" in fields or "Longitude" in fields:
        return Held("location", _location(fields))
    if "ButtonText" in fields or "ButtonPayload" in fields:
        return _reply("button_reply", fields.get("ButtonPayload"), fields.get("ButtonText"))
    if "ListTitle" in fields or "ListId" in fields:
        return _reply("list_reply", fields.get("ListId"), fields.get("ListTitle"), fields.get("ListDescription"))
    if form := fields.get("InteractiveData") or fields.get("FlowData"):
        return Held("form_reply", {"response": _opened(form)})
    if files := _files(fields):
        return Held(_kind(type_, files), {"files": files})
    if type_ is None or type_ in _BESIDE:
        return Held()
    more = {name: value for name, value in fields.items() if name not in _ENVELOPE}
    return Held(_TYPES.get(type_, type_), more)


_ENVELOPE = frozenset(
    {
        *("MessageSid", "SmsSid", "SmsMessageSid", "AccountSid", "MessagingServiceSid", "From", "To", "Body", "uid"),
        *("SmsStatus", "MessageStatus", "ApiVersion", "NumMedia", "NumSegments", "ProfileName", "WaId", "MessageType"),
        *("ChannelMetadata", "OriginalRepliedMessageSid", "OriginalRepliedMessageSender"),
    }
)


def _location(fields: Mapping[str, str]) -> dict[str, Any]:
    return {
        "latitude": _number(fields.get("Latitude")),
        "longitude": _number(fields.get("Longitude")),
        "name": fields.get("Label"),
        "address": fields.get("Address"),
    }


def _reply(kind: str, id_: str | None, title: str | None, description: str | None = None) -> Held:
    return Held(kind, {"id": id_, "title": title, "description": description}, title or "")


def _files(fields: Mapping[str, str]) -> list[dict[str, Any]]:
    places = (name.removeprefix("MediaUrl") for name in sorted(fields) if name.startswith("MediaUrl"))
    return [{"url": fields[f"MediaUrl{n}"], "mime_type": fields.get(f"MediaContentType{n}")} for n in places]


def _kind(type_: str | None, files: list[dict[str, Any]]) -> str:
    """By the first file: a vCard is a contact."""
    mime_type = str(files[0]["mime_type"] or "").lower()
    if type_ in ("contacts", "sticker") or mime_type in ("text/vcard", "text/x-vcard"):
        return "sticker" if type_ == "sticker" else "contacts"
    return _FILES.get(mime_type.partition("/")[0], "document")


def _number(digits: str | None) -> float | str | None:
    try:
        number = float(digits or "")
    except ValueError:
        return digits
    return number if abs(number) <= 180 else digits  # NaN is none, either


def _opened(data: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return data
