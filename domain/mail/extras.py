"""Fields of an email besides its texts, as stored in its page."""

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class FileRef:
    """A stored attachment; its bytes are never part of a page."""

    id: str
    """Its id in ``store/messages/attachments.py``, in hex."""
    size: int
    filename: str
    content_type: str
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class MailExtras:
    """All but texts, subject and names; see ``Outbound``."""

    reply_to: str | None = None
    cc: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    files: tuple[FileRef, ...] = ()
    base_url: str = ""
    """Base URL of our own links; empty: the mail has none."""
    unsubscribe: bool = False
    opens: bool = False
    clicks: bool = False

    def without_repeats(self, recipient: str) -> "MailExtras":
        """The same without duplicates in ``cc``: neither the recipient, nor an address twice."""
        once = {one.lower(): one for one in reversed(self.cc)}
        once.pop(recipient.lower(), None)
        cc = tuple(dict.fromkeys(one for one in self.cc if once.get(one.lower()) == one))
        return self if len(cc) == len(self.cc) else replace(self, cc=cc)

    @property
    def size(self) -> int:
        """About how many bytes it takes up in its page."""
        headers = sum(len(name) + 4 * len(value) for name, value in self.headers)
        return 200 + 100 * len(self.cc) + headers + 600 * len(self.files)

    @property
    def file_bytes(self) -> int:
        """Total size of the attachments."""
        return sum(file.size for file in self.files)

    @classmethod
    def read(cls, value: dict[str, Any]) -> "MailExtras":
        """From its JSON form."""
        return cls(
            **value
            | {
                "cc": tuple(value["cc"]),
                "headers": tuple((name, text) for name, text in value["headers"]),
                "files": tuple(FileRef(**file) for file in value["files"]),
            }
        )
