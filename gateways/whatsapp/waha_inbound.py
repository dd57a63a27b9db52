"""Inbound messages, as WAHA posts them: one form for all of its engines, and the engine's own data beside it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateways.webhooks.events import mapping, text
from gateways.whatsapp.inbound_content import InboundContent, contacts, location, reply, revoke
from gateways.whatsapp.proto import read_proto
from gateways.whatsapp.reading import inside, text_of
from gateways.whatsapp.waha import bare_id

_FILES = {
    **{kind: kind for kind in ("image", "audio", "video", "document", "sticker")},
    **{"ptt": "audio", "voice": "audio", "gif": "video", "ptv": "video", "application": "document"},
}
_WRITTEN = frozenset(
    {"text", "image", "audio", "video", "document", "sticker", "button_reply", "list_reply", "form_reply"}
)
"""Kinds whose ``body`` is what the person wrote or pressed. Of a place it is a picture, of a contact its vCard."""
_TECHNICAL = frozenset(
    {"e2e_notification", "notification", "notification_template", "gp2", "protocol", "ciphertext", "debug"}
)
"""Types of events that come from an engine, not from a person."""


def read_payload(payload: dict[str, Any]) -> InboundContent | None:
    """The content of one message; ``None``: there is none."""
    data = payload.get("_data")
    found = read_proto(inside(data, "message") or inside(data, "Message")) or _of_waha(payload) or _of_webjs(payload)
    if found is None:
        return None
    has_file = found.has_file or payload.get("hasMedia") is True
    if has_file and found.kind == "text":
        found = replace(found, kind=_file_kind(payload), fields=_file_fields(payload))
    elif has_file:
        found = replace(found, fields={**_file_fields(payload), **_there(found.fields)})
    body = text_of(payload.get("body")) if found.kind in _WRITTEN else ""
    found = replace(found, body=body or found.body, has_file=has_file)
    return None if found.is_empty else found


def _there(fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _of_waha(payload: dict[str, Any]) -> InboundContent | None:
    if isinstance(place := payload.get("location"), dict):
        more = {name: value for name, value in place.items() if name not in ("latitude", "longitude", "body")}
        return location(place.get("latitude"), place.get("longitude"), **more)
    cards = payload.get("vCards")
    if isinstance(cards, list) and cards:
        return contacts([card for card in cards if isinstance(card, str)])
    return None


def _of_webjs(payload: dict[str, Any]) -> InboundContent | None:
    """By the type that WhatsApp Web's own page gives it."""
    data = mapping(payload.get("_data"))
    type_ = text(data.get("type"))
    if type_ in _TECHNICAL:
        return None
    if type_ in _WEBJS:
        return _WEBJS[type_](payload, data)
    if type_ in _FILES:
        return InboundContent(_FILES[type_], fields=_file_fields(payload), has_file=True)
    if type_ is None or type_ in ("chat", "text"):
        return InboundContent("text")
    return InboundContent(
        type_, fields={name: value for name, value in data.items() if name not in ("id", "from", "to")}
    )


def _file_kind(payload: dict[str, Any]) -> str:
    head = (text(inside(payload, "media", "mimetype")) or "").partition("/")[0]
    return _FILES.get(head, "document")


def _file_fields(payload: dict[str, Any]) -> dict[str, Any]:
    media = mapping(payload.get("media"))
    return {"mime_type": media.get("mimetype"), "filename": media.get("filename")}


def _location(payload: dict[str, Any], data: dict[str, Any]) -> InboundContent:
    return location(data.get("lat"), data.get("lng"), name=data.get("loc"))


def _card(payload: dict[str, Any], data: dict[str, Any]) -> InboundContent:
    return contacts([text_of(payload.get("body"), data.get("body"))])


def _order(payload: dict[str, Any], data: dict[str, Any]) -> InboundContent:
    names = {"order_id": "orderId", "token": "token", "title": "orderTitle", "item_count": "itemCount"}
    fields = {ours: data.get(theirs) for ours, theirs in names.items()}
    return InboundContent("order", text_of(payload.get("body")), {**fields, "text": text(payload.get("body"))})


def _button(payload: dict[str, Any], data: dict[str, Any]) -> InboundContent:
    id_ = data.get("selectedButtonId") or data.get("selectedId")
    return reply("button_reply", id_, payload.get("body"))


def _list(payload: dict[str, Any], data: dict[str, Any]) -> InboundContent:
    chosen = data.get("listResponse")
    title = inside(chosen, "title") or payload.get("body")
    return reply(
        "list_reply", inside(chosen, "singleSelectReply", "selectedRowId"), title, inside(chosen, "description")
    )


def _revoked(payload: dict[str, Any], data: dict[str, Any]) -> InboundContent:
    id_ = text(inside(data, "protocolMessageKey", "id")) or text(payload.get("id"))
    return revoke(bare_id(id_) if id_ else None)


def _poll(payload: dict[str, Any], data: dict[str, Any]) -> InboundContent:
    options = data.get("pollOptions")
    names = [inside(one, "name") for one in options] if isinstance(options, list) else None
    return InboundContent("poll", fields={"name": data.get("pollName"), "options": names})


_WEBJS: dict[str, Callable[[dict[str, Any], dict[str, Any]], InboundContent]] = {
    "location": _location,
    "vcard": _card,
    "multi_vcard": _card,
    "order": _order,
    "buttons_response": _button,
    "template_button_reply": _button,
    "list_response": _list,
    "revoked": _revoked,
    "poll_creation": _poll,
}
