"""Messages as Meta's Cloud API takes them (developers.facebook.com/docs/whatsapp/cloud-api/reference/messages)."""

from typing import Any

from domain.messages.outbound import Outbound
from gateways.base import UnfitMessage
from gateways.whatsapp.media import CAPTIONED, KINDS, file_name

_OF_OURS = frozenset({"category", "language_fallback"})
"""Fields of templates that Meta does not take."""


def check_fit(message: Outbound) -> None:
    """Raises ``UnfitMessage`` where Meta would surely refuse the message, in plainer words than its own."""
    if message.media_type is not None and message.media_type not in KINDS:
        raise UnfitMessage("invalid_media_type", f"WhatsApp carries {', '.join(sorted(KINDS))}")
    if message.template is not None and (problem := _problem(message.template)):
        raise UnfitMessage("invalid_template", problem)


def request(message: Outbound) -> dict[str, Any]:
    """The body of the request. Our uid comes back in every status."""
    envelope: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(message.to),
        "biz_opaque_callback_data": str(message.uid),
    }
    if message.answers:
        envelope["context"] = {"message_id": message.answers}
    return envelope | _content(message)


def _recipient(to: str) -> dict[str, str]:
    """A number; or, in replies, the id of a person whose number Meta hides."""
    return {"to": to.removeprefix("+")} if to.startswith("+") else {"recipient": to}


def _content(message: Outbound) -> dict[str, Any]:
    if message.template is not None:
        kept = {name: value for name, value in message.template.items() if name not in _OF_OURS}
        return {"type": "template", "template": {**kept, "language": _language(message.template)}}
    if message.media_type is not None:
        return {"type": message.media_type, message.media_type: _media(message.media_type, message)}
    return {"type": "text", "text": {"preview_url": False, "body": message.body}}


def _media(kind: str, message: Outbound) -> dict[str, Any]:
    """Link to the file, or name it by the id under which it was uploaded to Meta."""
    place = message.media_url or ""
    is_link = "://" in place
    media: dict[str, Any] = {"link" if is_link else "id": place}
    if message.body and kind in CAPTIONED:
        media["caption"] = message.body
    if kind == "document" and is_link:
        media["filename"] = file_name(place)
    return media


def _language(template: dict[str, Any]) -> Any:
    """The language in Meta's form, ``{"code": "en_US"}``, also where only the code was given."""
    language = template.get("language")
    return {"code": language} if isinstance(language, str) else language


def _problem(template: dict[str, Any]) -> str | None:
    language = _language(template)
    if not isinstance(language, dict) or not isinstance(language.get("code"), str):
        return "language: needs a code, such as en_US"
    for place, component in enumerate(template.get("components") or []):
        if problem := _component_problem(component):
            return f"components/{place}: {problem}"
    return None


def _component_problem(component: Any) -> str | None:
    if not isinstance(component, dict) or not isinstance(component.get("type"), str):
        return "needs a type, such as header, body or button"
    if component["type"].lower() == "button" and not {"sub_type", "index"} <= component.keys():
        return "a button needs a sub_type and an index"
    parameters = component.get("parameters", [])
    if not isinstance(parameters, list) or not all(isinstance(one, dict) and "type" in one for one in parameters):
        return "parameters must be a list of objects with a type"
    return None
