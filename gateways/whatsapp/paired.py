"""Common to numbers paired as with WhatsApp Web (``evolution``, ``waha``): WhatsApp bans numbers that it catches."""

import re

from domain.messages.outbound import Outbound
from gateways.base import UnfitMessage
from gateways.whatsapp.media import KINDS

_FILE_MISSING = re.compile(r"Request failed with status code [0-9]+|Failed to fetch stream", re.IGNORECASE)


def check_fit(message: Outbound) -> None:
    """Raises ``UnfitMessage`` where a paired number cannot send the message."""
    if message.template is not None:
        raise UnfitMessage("templates_not_supported", "a paired number sends no templates: only whatsapp_cloud does")
    if message.media_type is not None and message.media_type not in KINDS:
        raise UnfitMessage("invalid_media_type", f"WhatsApp carries {', '.join(sorted(KINDS))}")


def file_missing(words: str) -> bool:
    """Whether the gateway failed to fetch the file of a message (in words of axios or Baileys): its fault, not ours."""
    return _FILE_MISSING.search(words) is not None
