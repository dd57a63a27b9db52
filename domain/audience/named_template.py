"""Templates as send requests name them, and as they are given to what reads the request."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.audience.languages import choose_language
from domain.text.template_language import Gaps

_SLOW = re.compile(r"\{%-?\s*(?!(?:if|elsif|else|endif|unless|endunless|case|when|endcase)\b)|\{[{%][^{}]*\.\.")
"""A tag that may take long, or a range."""
_MARKUP = re.compile(r"\{[{%][^{}]{0,600}")
_MOST_PIECES = 200
_MOST_MARKUP = 2_000


def _measure(texts: Iterable[str]) -> tuple[int | None, int]:
    pieces = markup = 0
    for text in texts:
        if _SLOW.search(text):
            return None, 0
        found = _MARKUP.findall(text)
        pieces += len(found)
        markup += sum(map(len, found))
    return pieces, markup


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """What a request names: it is read again with the template."""

    key: str
    number: int | None = None
    """Of its version; ``None``: the published one."""


@dataclass(frozen=True, slots=True)
class NamedTemplate:
    """A version of a template, with its texts for one channel."""

    key: str
    number: int
    """0: a draft."""
    version_id: int
    """0: a draft."""
    channel: str
    default_language: str
    missing: str
    fallbacks: Mapping[str, str]
    texts: Mapping[str, Mapping[str, Any]]
    """By language: of each field of the message its text."""
    pieces: int | None = None
    """How many variables and conditions it has in all; ``None``: how long it takes to fill cannot be foreseen."""
    markup: int = 0
    """Characters of them."""
    links: int = 0
    """How many links its texts have, about, where they may be shortened."""
    shorten_links: bool | None = None
    """Whether links in texts are shortened; ``None``: as the account's settings say."""

    @classmethod
    def of(cls, key: str, number: int, version_id: int, channel: str, ready: Mapping[str, Any]) -> "NamedTemplate":
        """From what is stored of a version."""
        texts = ready[channel]
        pieces, markup = _measure(str(text) for fields in texts.values() for text in fields.values())
        shorten = ready.get("shorten_links")
        is_plain = channel != "email" and shorten is not False
        links = sum(str(text).count("://") for fields in texts.values() for text in fields.values()) if is_plain else 0
        how = ready["default_language"], ready["missing"], ready["fallbacks"]
        return cls(key, number, version_id, channel, *how, texts, pieces, markup, links, shorten)

    @property
    def skips(self) -> bool:
        """Whether contacts that lack a variable get no message; the others do."""
        return self.missing == "skip"

    @property
    def gaps(self) -> Gaps:
        """What is done about missing variables."""
        return Gaps(self.fallbacks, are_empty=self.missing == "empty")

    def is_quick(self, contacts: int) -> bool:
        """Whether it is filled for so many contacts in a few milliseconds."""
        if self.pieces is None or self.markup > _MOST_MARKUP:
            return False
        return (self.pieces + self.links) * contacts <= _MOST_PIECES

    @property
    def size(self) -> int:
        """What it takes in memory, about, in bytes."""
        return 1000 + 2 * sum(len(str(text)) for fields in self.texts.values() for text in fields.values())

    def choose(self, language: str | None) -> str:
        """The language of the texts for a recipient."""
        return choose_language(language, self.texts, self.default_language)
