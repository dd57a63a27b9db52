"""The fallbacks of a step that sends, as a contact of a request to send has them."""

from collections.abc import Mapping
from typing import Any

from domain.automations.definition.steps import Content, Fallback, Send
from domain.channels import Channel
from domain.mail.preheader import with_preheader
from services.automations.steps.turn import Turn


def fallbacks_of(step: Send, turn: Turn) -> list[dict[str, Any]]:
    """Those for whose channels the contact has an address, with their texts filled in.

    Raises:
        StepFailed: a text cannot be filled in.
    """
    contact: Mapping[str, Any] = turn.known.facts.values["contact"]
    found = []
    for fallback in step.fallback:
        channel = Channel(fallback.channel)
        if (address := address_of(channel, contact)) is not None and fallback.content is not None:
            found.append(_one(fallback, channel, address, fallback.content, turn))
    return found


def address_of(channel: Channel, contact: Mapping[str, Any]) -> str | None:
    """Where a contact gets messages of a channel."""
    match channel:
        case Channel.EMAIL:
            found = contact["email"]
        case Channel.SMS:
            found = contact["phone"]
        case Channel.WHATSAPP:
            found = contact["whatsapp"] or contact["phone"]
    return None if found is None else str(found)


def _one(fallback: Fallback, channel: Channel, address: str, content: Content, turn: Turn) -> dict[str, Any]:
    is_email = channel is Channel.EMAIL
    made: dict[str, Any] = {
        "channel": channel.value,
        "after": f"{int(fallback.after.total_seconds())}s",
        "if": fallback.if_,
        "email" if is_email else "number": address,
    }
    text = content.message or content.body
    if text:
        made["message"] = turn.fill(text, html=is_email)
    if is_email and content.subject:
        made["subject"] = turn.fill(content.subject)
    if is_email and text and content.preheader:
        made["message"] = with_preheader(made["message"], turn.fill(content.preheader))
    if channel is Channel.WHATSAPP:
        more = {"media": content.media, "url": content.url, "template": content.template}
        made |= {name: turn.fill_all(value) for name, value in more.items() if value is not None}
    if fallback.gateway:
        made["gateway_identifier"] = fallback.gateway
    return made
