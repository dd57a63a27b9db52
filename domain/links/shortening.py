"""Short links in a text: their places first, with the length of any code; the codes when the message is handed over.

So the parts of an SMS are counted as they will be, and messages with the same text share it until then.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from domain.links.in_text import web_links
from domain.links.keeping import is_kept
from domain.links.targets import Utm, ascii_target, utm_of, with_utm

CODE_LENGTH = 8
CODE = re.compile(rf"[0-9A-Za-z]{{{CODE_LENGTH}}}")
PATH = "l"
"""First segment of short links on the install's own address."""

MAX_LINKS = 50
"""Links of one text that are shortened; further ones stay as they are."""


@dataclass(frozen=True, slots=True)
class LinkRules:
    """What is done with the links of an account's messages."""

    base: str = ""
    """What short links begin with, up to the code; empty: there is no address for them."""
    shorten: bool = False
    keep: tuple[str, ...] = ()
    """Patterns of links that are not shortened."""
    utm: Utm = ()
    """Added to the targets of links that are shortened or tracked."""

    @classmethod
    def of(cls, settings: Mapping[str, Any] | None, public_url: str | None) -> "LinkRules":
        """From the settings of an account, with its verified ``domain``; ``None``: it never made any."""
        settings = settings or {}
        base = f"{public_url.rstrip('/')}/{PATH}/" if public_url else ""
        if domain := settings.get("domain"):
            base = f"https://{domain}/"
        keep, utm = tuple(settings.get("keep_links", ())), utm_of(settings.get("utm", {}))
        return cls(base, bool(settings.get("shorten_links")), keep, utm)

    def with_utm(self, utm: Utm) -> "LinkRules":
        """The rules with other values for these parameters."""
        return replace(self, utm=utm_of({**dict(self.utm), **dict(utm)})) if utm else self

    def asked(self, *wishes: bool | None) -> "LinkRules":
        """The rules for a request: the first wish counts that is not ``None``."""
        wish = next((one for one in wishes if one is not None), self.shorten)
        return self if wish == self.shorten else replace(self, shorten=wish)


NO_LINKS = LinkRules()


@dataclass(frozen=True, slots=True)
class ShortLinks:
    """The short links of a text whose places are in it: ``base`` and the number of the target, with leading zeros."""

    base: str
    targets: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes, about."""
        return 50 + sum(map(len, self.targets))

    def unshortened(self, text: str) -> str:
        """The text with the targets themselves in their places."""

        def target(found: re.Match[str]) -> str:
            number = int(found[1])
            return self.targets[number] if number < len(self.targets) else found[0]

        return _places(self.base).sub(target, text)

    def filled(self, text: str, codes: Sequence[str]) -> str:
        """The text with a message's codes, one for each target."""

        def code(found: re.Match[str]) -> str:
            number = int(found[1])
            return self.base + codes[number] if number < len(codes) else found[0]

        return _places(self.base).sub(code, text)


class Shortener:
    """Shortens the texts of one message: the same target has one link in all of them."""

    def __init__(self, rules: LinkRules) -> None:
        self._rules = rules
        self._targets: dict[str, int] = {}

    def shorten(self, text: str) -> str:
        """The text with places for short links."""
        if not (self._rules.shorten and self._rules.base and "://" in text):
            return text
        pieces: list[str] = []
        at = 0
        for start, end, url in web_links(text):
            number = self._number(url)
            if number is not None:
                pieces += [text[at:start], f"{self._rules.base}{number:0{CODE_LENGTH}}"]
                at = end
        return "".join([*pieces, text[at:]])

    def _number(self, url: str) -> int | None:
        target = ascii_target(url)
        if target is None or target.startswith(self._rules.base) or is_kept(target, self._rules.keep):
            return None
        target = with_utm(target, self._rules.utm)
        if target not in self._targets and len(self._targets) == MAX_LINKS:
            return None
        return self._targets.setdefault(target, len(self._targets))

    @property
    def links(self) -> ShortLinks | None:
        """The links that were shortened; ``None``: none."""
        return ShortLinks(self._rules.base, tuple(self._targets)) if self._targets else None


@lru_cache(maxsize=64)
def _places(base: str) -> re.Pattern[str]:
    return re.compile(re.escape(base) + rf"(\d{{{CODE_LENGTH}}})(?![0-9A-Za-z])")
