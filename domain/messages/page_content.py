"""The content of a page as one ``bytes`` value: encoded once, passed on as it is, decoded where needed."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any
from uuid import UUID

import orjson

from domain.channels import Channel
from domain.ids import message_uid
from domain.links.shortening import ShortLinks
from domain.links.targets import Utm
from domain.mail.extras import MailExtras
from domain.messages.fallback import Fallback
from domain.messages.outbound import Outbound

PAGE_BYTES = 1_000_000
"""The largest content of a page, about: Temporal refuses 2 MB, and warns at half of that."""

_MARKETING = "marketing"


@dataclass(frozen=True, slots=True)
class Content:
    """Content of messages: the part that messages of a page often share."""

    body: str = ""
    subject: str | None = None
    html: str | None = None
    sender: str | None = None
    unicode: bool = False
    media_type: str | None = None
    media_url: str | None = None
    template: str | None = None
    """As JSON text, so that equal contents can be found by their hash."""
    mail: MailExtras | None = None
    """Other fields of an email; ``None``: none."""
    from_address: str | None = None
    """The mailbox that an email is from; ``None``: the gateway's own."""
    links: ShortLinks | None = None
    """The short links whose places are in ``body``, ``template`` and ``if_closed``."""
    utm: Utm = ()
    """What is added to the targets of an email's tracked links."""
    if_closed: str | None = None
    """The template that is sent in its place where WhatsApp takes templates only, as JSON text."""

    @property
    def is_marketing(self) -> bool:
        """Whether the sender declared it as marketing, by Meta's category of the template."""
        return any(map(_is_marketing, (self.template, self.if_closed)))

    @property
    def size(self) -> int:
        """Its approximate size in its page, in bytes."""
        texts = (self.body, self.html, self.subject, self.template, self.media_url, self.if_closed)
        extras = (self.mail.size if self.mail else 0) + (self.links.size if self.links else 0)
        return 100 + extras + sum(len(text) if text.isascii() else 4 * len(text) for text in texts if text)


_FIELDS = tuple(field.name for field in fields(Content))


@dataclass(frozen=True, slots=True)
class PageMessage:
    """One message of a page as it was accepted."""

    to: str
    price: int
    content: int
    """Index into the page's contents: equal contents are carried once."""
    due: float = 0.0
    on_unknown: str | None = None
    fallback: tuple[Fallback, ...] = ()
    """Its fallbacks, if it does not arrive."""

    def row(self) -> list[Any]:
        """Its fields in a row."""
        row = [self.to, self.price, self.content, self.due, self.on_unknown]
        return [*row, list(map(astuple, self.fallback))] if self.fallback else row

    @classmethod
    def of_row(cls, row: list[Any]) -> "PageMessage":
        """Read what ``row`` wrote."""
        to, price, content, due, on_unknown, *more = row
        return cls(to, price, content, due, on_unknown, tuple(Fallback(*step) for steps in more for step in steps))


@dataclass(frozen=True, slots=True)
class PageContent:
    """A page's content: contents, and messages that refer to them."""

    contents: list[Content]
    messages: list[PageMessage]

    @property
    def size(self) -> int:
        """Its approximate encoded size in bytes."""
        return 80 * len(self.messages) + sum(content.size for content in self.contents)

    def marketing(self, indexes: Sequence[int]) -> list[int]:
        """Which of these messages are marketing."""
        return [index for index in indexes if self.contents[self.messages[index].content].is_marketing]

    def encode(self) -> bytes:
        """As compact JSON: contents as objects without empty fields, messages as rows."""
        return orjson.dumps(
            {
                "contents": [{name: v for name in _FIELDS if (v := getattr(c, name))} for c in self.contents],
                "messages": [message.row() for message in self.messages],
            }
        )

    @classmethod
    def decode(cls, raw: bytes) -> "PageContent":
        """Read what ``encode`` wrote."""
        data = orjson.loads(raw)
        return cls([_content(c) for c in data["contents"]], [PageMessage.of_row(row) for row in data["messages"]])

    def copies(self, index: int) -> tuple[str, ...]:
        """The addresses in ``cc`` of the ``index``-th message."""
        mail = self.contents[self.messages[index].content].mail
        return mail.cc if mail else ()

    def from_address(self, index: int) -> str | None:
        """The mailbox that the ``index``-th message is from; ``None``: the gateway's own."""
        return self.contents[self.messages[index].content].from_address

    def senders(self) -> dict[str, list[int]]:
        """Messages by the mailbox that they are from, without those from the gateway's own."""
        if not any(content.from_address for content in self.contents):
            return {}
        return senders_of(map(self.from_address, range(len(self.messages))))

    def outbound(self, page_id: UUID, channel: Channel, index: int) -> Outbound:
        """The ``index``-th message, ready for a gateway except for attachments and tracking links."""
        message = self.messages[index]
        content = self.contents[message.content]
        uid = message_uid(page_id, index)
        return Outbound(
            uid=uid,
            channel=channel,
            to=message.to,
            reference=str(uid),
            body=content.body,
            subject=content.subject,
            html=content.html,
            sender=content.sender,
            unicode=content.unicode,
            media_type=content.media_type,
            media_url=content.media_url,
            template=orjson.loads(content.template) if content.template else None,
            reply_to=content.mail.reply_to if content.mail else None,
            cc=self.copies(index),
            headers=content.mail.headers if content.mail else (),
            from_address=content.from_address,
        )


def _is_marketing(template: str | None) -> bool:
    if template is None or _MARKETING not in template:
        return False
    category: object = orjson.loads(template).get("category")
    return category == _MARKETING


def senders_of(froms: Iterable[str | None]) -> dict[str, list[int]]:
    """Indexes by the mailbox that is there; ``None``: none."""
    found: dict[str, list[int]] = {}
    for index, address in enumerate(froms):
        if address is not None:
            found.setdefault(address, []).append(index)
    return found


def _content(value: dict[str, Any]) -> Content:
    if mail := value.get("mail"):
        value["mail"] = MailExtras.read(mail)
    if links := value.get("links"):
        value["links"] = ShortLinks(links["base"], tuple(links["targets"]))
    if utm := value.get("utm"):
        value["utm"] = tuple((name, text) for name, text in utm)
    return Content(**value)
