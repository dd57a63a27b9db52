"""Inbound messages in the JSON of WhatsApp Web clients (Baileys, whatsmeow): one field per type."""

from collections.abc import Callable, Iterator
from typing import Any

from gateways.webhooks.events import mapping, text
from gateways.whatsapp.inbound_content import (
    InboundContent,
    contacts,
    edit,
    form_reply,
    location,
    reaction,
    reply,
    revoke,
)
from gateways.whatsapp.reading import inside, text_of

_WRAPPERS = (
    *("ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension"),
    *("documentWithCaptionMessage", "editedMessage", "deviceSentMessage", "lottieStickerMessage"),
)
_MOST_WRAPPERS = 5
_BESIDE = frozenset(
    {"messageContextInfo", "senderKeyDistributionMessage", "fastRatchetKeySenderKeyDistributionMessage"}
    | {"mediaUrl", "base64", "speechToText"}
)
"""Names of what stands beside the content."""
_REVOKE = (0, "REVOKE")


def read_proto(message: Any) -> InboundContent | None:
    """The content of one message; ``None``: there is none."""
    parts = {name: part for name, part in _unwrapped(message).items() if name not in _BESIDE and part is not None}
    for name, part in parts.items():
        if name in _READERS:
            return _READERS[name](part)
    for name, part in parts.items():
        return InboundContent(name, fields=part if isinstance(part, dict) else {"value": part})
    return None


def quoted(message: Any) -> str | None:
    """The message that this one quotes."""
    parts = _unwrapped(message).values()
    ids = (_first(inside(part, "contextInfo"), "stanzaId", "stanzaID") for part in parts)
    return text(next((id_ for id_ in ids if id_), None))


def edited_at(message: Any) -> str | None:
    """When the person edited, in the client's own digits; ``None``: this is no edit, or has no time."""
    return text(_first(inside(_unwrapped(message), "protocolMessage"), "timestampMs", "timestampMS"))


def _unwrapped(message: Any) -> dict[str, Any]:
    for _ in range(_MOST_WRAPPERS):
        inner = next((found for name in _WRAPPERS if (found := inside(message, name, "message"))), None)
        if inner is None:
            break
        message = inner
    return mapping(message)


def _first(value: Any, *names: str) -> Any:
    """Of spellings of one field the one that is there."""
    return next((found for name in names if (found := inside(value, name)) is not None), None)


def _key_id(value: Any) -> str | None:
    return text(_first(inside(value, "key"), "id", "ID"))


def _text(part: Any) -> InboundContent:
    return InboundContent("text", text_of(part, inside(part, "text")))


def _file(kind: str) -> Callable[[Any], InboundContent]:
    def read(part: Any) -> InboundContent:
        fields = {
            "mime_type": inside(part, "mimetype"),
            "filename": _first(part, "fileName", "title"),
            "seconds": inside(part, "seconds"),
            "voice": _first(part, "ptt", "PTT"),
            "animated": inside(part, "isAnimated"),
        }
        return InboundContent(kind, text_of(inside(part, "caption")), fields, has_file=True)

    return read


def _location(part: Any) -> InboundContent:
    return location(
        inside(part, "degreesLatitude"),
        inside(part, "degreesLongitude"),
        body=text_of(inside(part, "comment"), inside(part, "caption")),
        name=inside(part, "name"),
        address=inside(part, "address"),
        url=_first(part, "url", "URL"),
        accuracy=inside(part, "accuracyInMeters"),
        live=inside(part, "isLive"),
    )


def _live_location(part: Any) -> InboundContent:
    found = _location(part)
    return InboundContent(found.kind, found.body, {**found.fields, "live": True})


def _cards(part: Any) -> InboundContent:
    return contacts(list(_vcards(part)))


def _vcards(part: Any) -> Iterator[str]:
    several = inside(part, "contacts")
    for one in several if isinstance(several, list) else [part]:
        card, name = inside(one, "vcard"), inside(one, "displayName")
        if isinstance(card, str) and card:
            yield card
        elif isinstance(name, str):
            yield f"FN:{name}"


def _order(part: Any) -> InboundContent:
    fields = {
        "order_id": _first(part, "orderId", "orderID"),
        "token": inside(part, "token"),
        "title": inside(part, "orderTitle"),
        "text": inside(part, "message"),
        "item_count": inside(part, "itemCount"),
        "total_amount_1000": inside(part, "totalAmount1000"),
        "currency": inside(part, "totalCurrencyCode"),
    }
    return InboundContent("order", text_of(inside(part, "message")), fields)


def _button(part: Any) -> InboundContent:
    id_ = _first(part, "selectedButtonId", "selectedButtonID", "selectedId", "selectedID")
    return reply("button_reply", id_, inside(part, "selectedDisplayText"))


def _list(part: Any) -> InboundContent:
    row = _first(inside(part, "singleSelectReply"), "selectedRowId", "selectedRowID")
    return reply("list_reply", row, inside(part, "title"), inside(part, "description"))


def _form(part: Any) -> InboundContent:
    flow = inside(part, "nativeFlowResponseMessage")
    return form_reply(inside(flow, "name"), inside(part, "body", "text"), _first(flow, "paramsJson", "paramsJSON"))


def _reaction(part: Any) -> InboundContent:
    return reaction(_key_id(part), inside(part, "text"))


def _protocol(part: Any) -> InboundContent:
    """Something about an earlier message, or between the clients alone."""
    if (new := inside(part, "editedMessage")) is not None:
        return edit(_key_id(part), None if "protocolMessage" in _unwrapped(new) else read_proto(new))
    if inside(part, "type") in _REVOKE:
        return revoke(_key_id(part))
    return InboundContent("protocolMessage", fields=mapping(part))


def _poll(part: Any) -> InboundContent:
    options = inside(part, "options")
    names = [inside(one, "optionName") for one in options] if isinstance(options, list) else None
    count = inside(part, "selectableOptionsCount")
    return InboundContent("poll", fields={"name": inside(part, "name"), "options": names, "selectable": count})


def _poll_vote(part: Any) -> InboundContent:
    id_ = text(_first(inside(part, "pollCreationMessageKey"), "id", "ID"))
    return InboundContent("poll_vote", fields={"message_id": id_}, answers=id_)


_READERS: dict[str, Callable[[Any], InboundContent]] = {
    "conversation": _text,
    "extendedTextMessage": _text,
    **{f"{kind}Message": _file(kind) for kind in ("image", "audio", "video", "document", "sticker")},
    "ptvMessage": _file("video"),
    "locationMessage": _location,
    "liveLocationMessage": _live_location,
    "contactMessage": _cards,
    "contactsArrayMessage": _cards,
    "orderMessage": _order,
    "buttonsResponseMessage": _button,
    "templateButtonReplyMessage": _button,
    "listResponseMessage": _list,
    "interactiveResponseMessage": _form,
    "reactionMessage": _reaction,
    "protocolMessage": _protocol,
    **{f"pollCreationMessage{version}": _poll for version in ("", "V2", "V3", "V4", "V5")},
    "pollUpdateMessage": _poll_vote,
}
