"""Inbound messages, as Meta posts them (developers.facebook.com, "messages webhook reference")."""

from collections.abc import Callable
from typing import Any

from gateways.webhooks.events import mapping, text
from gateways.whatsapp.inbound_content import InboundContent, edit, form_reply, location, reaction, reply, revoke
from gateways.whatsapp.reading import inside, text_of

_FILE_FIELDS = ("id", "mime_type", "sha256", "filename", "voice", "animated", "url")
_ENVELOPE = frozenset(
    {
        *("id", "from", "from_user_id", "from_parent_user_id", "timestamp", "type", "context", "referral"),
        *("group_id", "to", "identity"),
    }
)


def read_message(message: dict[str, Any]) -> InboundContent:
    """The content of one message, of whatever type."""
    found = _content(message)
    more = {
        "referral": message.get("referral"),
        "product": inside(message, "context", "referred_product"),
        "forwarded": inside(message, "context", "forwarded") or inside(message, "context", "frequently_forwarded"),
    }
    fields = {**found.fields, **{name: value for name, value in more.items() if value}}
    return InboundContent(
        found.kind,
        found.body,
        fields,
        found.has_file,
        found.files,
        text(inside(message, "context", "id")) or found.answers,
    )


def _content(message: dict[str, Any]) -> InboundContent:
    kind = _kind(message)
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(message)
    part = message.get(kind)
    rest = {name: value for name, value in message.items() if name not in _ENVELOPE}
    return InboundContent(kind, fields=part if isinstance(part, dict) else rest)


def _kind(message: dict[str, Any]) -> str:
    """The type; if it is missing, the name of its content field."""
    return text(message.get("type")) or next((name for name in message if name not in _ENVELOPE), "unknown")


def _file(kind: str) -> Callable[[dict[str, Any]], InboundContent]:
    def read(message: dict[str, Any]) -> InboundContent:
        part = mapping(message.get(kind))
        id_ = text(part.get("id"))
        fields = {name: part.get(name) for name in _FILE_FIELDS}
        return InboundContent(kind, text_of(part.get("caption")), fields, id_ is not None, (id_,) if id_ else ())

    return read


def _text(message: dict[str, Any]) -> InboundContent:
    return InboundContent("text", text_of(inside(message, "text", "body")))


def _location(message: dict[str, Any]) -> InboundContent:
    part = mapping(message.get("location"))
    more = {name: value for name, value in part.items() if name not in ("latitude", "longitude", "body")}
    return location(part.get("latitude"), part.get("longitude"), **more)


def _button(message: dict[str, Any]) -> InboundContent:
    """A button of a template: it answers with its text, and with a hidden payload of ours."""
    part = mapping(message.get("button"))
    return reply("button_reply", part.get("payload"), part.get("text"))


def _interactive(message: dict[str, Any]) -> InboundContent:
    part = mapping(message.get("interactive"))
    for kind in ("button_reply", "list_reply"):
        if chosen := mapping(part.get(kind)):
            return reply(kind, chosen.get("id"), chosen.get("title"), chosen.get("description"))
    if form := mapping(part.get("nfm_reply")):
        return form_reply(form.get("name"), form.get("body"), form.get("response_json"))
    kind = text(part.get("type")) or "interactive"
    inner = part.get(kind)
    return InboundContent(kind, fields=inner if isinstance(inner, dict) else part)


def _reaction(message: dict[str, Any]) -> InboundContent:
    part = mapping(message.get("reaction"))
    return reaction(text(part.get("message_id")), part.get("emoji"))


def _revoke(message: dict[str, Any]) -> InboundContent:
    return revoke(text(inside(message, "revoke", "original_message_id")))


def _edit(message: dict[str, Any]) -> InboundContent:
    inner = inside(message, "edit", "message")
    new = read_message(inner) if isinstance(inner, dict) and _kind(inner) != "edit" else None
    return edit(text(inside(message, "edit", "original_message_id")), new)


def _contacts(message: dict[str, Any]) -> InboundContent:
    return InboundContent("contacts", fields={"contacts": message.get("contacts")})


def _order(message: dict[str, Any]) -> InboundContent:
    part = mapping(message.get("order"))
    return InboundContent("order", text_of(part.get("text")), part)


def _unsupported(message: dict[str, Any]) -> InboundContent:
    """A message of a type that Meta does not support; sometimes it gives the type."""
    fields = {"type": inside(message, "unsupported", "type"), "errors": message.get("errors")}
    return InboundContent("unsupported", fields=fields)


_READERS: dict[str, Callable[[dict[str, Any]], InboundContent]] = {
    "text": _text,
    **{kind: _file(kind) for kind in ("image", "audio", "video", "document", "sticker")},
    "location": _location,
    "button": _button,
    "interactive": _interactive,
    "reaction": _reaction,
    "revoke": _revoke,
    "edit": _edit,
    "contacts": _contacts,
    "order": _order,
    "unsupported": _unsupported,
}
