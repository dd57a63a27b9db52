"""The content of an inbound WhatsApp message, in one form for all gateways."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateways.content import packed

_MAX_KIND = 64
_VCARD_CAP = 4000
_LINE = re.compile(
    r"^(?:item[0-9]{1,3}\.)?(TEL|EMAIL|FN)([^:\r\n]{0,200}):([^\r\n]{1,200})", re.IGNORECASE | re.MULTILINE
)
_WA_ID = re.compile(r"waid=([0-9]{5,15})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class InboundContent:
    """The content of one message. Its fields have the names of Meta's Cloud API, for all providers."""

    kind: str
    """``text``, ``image``, ``location``, ``revoke`` …, or the provider's name of an unknown type."""
    body: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    has_file: bool = False
    files: tuple[str, ...] = ()
    """The provider's ids of files, where the message has them."""
    answers: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to keep: a text without text."""
        return self.kind == "text" and not self.body

    @property
    def name(self) -> str | None:
        """The kind, for ``Inbound.kind``."""
        return None if self.kind == "text" else self.kind[:_MAX_KIND]

    @property
    def content(self) -> str | None:
        """The fields, for ``Inbound.content``."""
        return packed(self.fields)


def location(latitude: Any, longitude: Any, *, body: str = "", **more: Any) -> InboundContent:
    """A place; ``more``: ``name``, ``address``, ``url``, ``live`` …"""
    return InboundContent("location", body, {"latitude": latitude, "longitude": longitude, **more})


def reaction(message_id: str | None, emoji: Any) -> InboundContent:
    """An emoji put on a message, or, empty, taken off it."""
    shown = emoji if isinstance(emoji, str) else ""
    return InboundContent("reaction", fields={"message_id": message_id, "emoji": shown}, answers=message_id)


def revoke(message_id: str | None) -> InboundContent:
    """A message of the person's own that was deleted for all."""
    return InboundContent("revoke", fields={"message_id": message_id})


def edit(message_id: str | None, new: InboundContent | None) -> InboundContent:
    """A message of the person's own that reads otherwise now."""
    if new is None:
        return InboundContent("edit", fields={"message_id": message_id})
    fields = {"message_id": message_id, "type": new.kind, **new.fields}
    return InboundContent("edit", new.body, fields, new.has_file, new.files, new.answers)


def reply(kind: str, id_: Any, title: Any, description: Any = None) -> InboundContent:
    """A ``button_reply`` or ``list_reply``: the chosen title is the text."""
    shown = title if isinstance(title, str) else ""
    return InboundContent(kind, shown.replace("\0", ""), {"id": id_, "title": title, "description": description})


def form_reply(name: Any, body: Any, response: Any) -> InboundContent:
    """A form (of a Flow) that was filled in; ``response`` is JSON text."""
    shown = body if isinstance(body, str) else ""
    return InboundContent(
        "form_reply", shown.replace("\0", ""), {"name": name, "body": body, "response": _opened(response)}
    )


def contacts(cards: list[str]) -> InboundContent:
    """Contacts from their vCards (RFC 6350)."""
    return InboundContent("contacts", fields={"contacts": [_contact(card[:_VCARD_CAP]) for card in cards[:20]]})


def _contact(card: str) -> dict[str, Any]:
    found: dict[str, list[tuple[str, str]]] = {"TEL": [], "EMAIL": [], "FN": []}
    for name, parameters, value in _LINE.findall(card):
        found[name.upper()].append((parameters, value.strip()))
    return {
        "name": {"formatted_name": found["FN"][0][1]} if found["FN"] else None,
        "phones": [_phone(*one) for one in found["TEL"]],
        "emails": [{"email": value} for _, value in found["EMAIL"]],
        "vcard": card,
    }


def _phone(parameters: str, number: str) -> dict[str, Any]:
    wa_id = _WA_ID.search(parameters)
    return {"phone": number} | ({"wa_id": wa_id[1]} if wa_id else {})


def _opened(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
