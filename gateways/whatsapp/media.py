"""Files in WhatsApp messages. The provider fetches them from their addresses: nothing passes through us."""

from mimetypes import guess_type
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

KINDS = frozenset({"image", "audio", "video", "document"})
CAPTIONED = KINDS - {"audio"}
"""Kinds that carry a text. Audio has none in WhatsApp, so its text is left out."""

_USUAL = {"image": "image/jpeg", "audio": "audio/mpeg", "video": "video/mp4", "document": "application/octet-stream"}


def file_name(url: str) -> str:
    """The name that people see: the last part of the address's path."""
    try:
        path = urlsplit(url).path
    except ValueError:  # not a URL: the provider will report it
        path = ""
    return PurePosixPath(unquote(path)).name or "file"


def content_type(kind: str, url: str) -> str:
    """The type that the file's name suggests; the kind's usual one where it suggests none."""
    return guess_type(file_name(url))[0] or _USUAL[kind]
