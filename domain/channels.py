"""The three channels a message can travel on."""

from enum import StrEnum


class Channel(StrEnum):
    """A channel, spelled as in the URLs of the HTTP contract."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
