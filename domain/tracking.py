"""An email's HTML with links of our own in it: taken apart once, put together for each message.

Only the values of ``href`` are touched, by the rules with which browsers read tags (HTML Living Standard §13.2.5), in
one pass: whatever is written, reading it takes linear time.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

from domain.mail_links import LinkKind

UNSUBSCRIBE_FIELD = "unsubscribe_url"
UNSUBSCRIBE_MARK = f"{{{{ {UNSUBSCRIBE_FIELD} }}}}"
"""Stands in a text for the link of the message that it will be part of."""

MAX_URL = 2000
"""Characters of a link that is tracked; a longer one stays as it is, since ours would be longer still."""

_MARK = re.compile(rf"\{{\{{\s{{0,20}}{UNSUBSCRIBE_FIELD}\s{{0,20}}\}}\}}")
_TAG = re.compile(r"<(?:(!--)|(/?)([A-Za-z][^\s/>]*))")
_ATTRIBUTE = re.compile(
    r"""[\s/]* (?: ([^\s/>][^\s/>=]*) (?: \s*(=)\s* (?: "([^"]*)" | '([^']*)' | ([^\s"'>][^\s>]*) )? )? )?""",
    re.VERBOSE,
)
_RAW = frozenset({"script", "style", "textarea", "title", "xmp", "noembed", "noframes", "iframe"})
"""Elements whose content is no markup."""
_LINKING = frozenset({"a", "area"})
_WEB = re.compile(r"https?://[^\s\x00-\x1f\x7f]+", re.IGNORECASE)

Link = Callable[[LinkKind, str], str]
"""Makes the link of one message: of which kind, and for a click the URL that it leads to."""


@dataclass(frozen=True, slots=True)
class _Slot:
    kind: LinkKind
    url: str = ""


class Linked:
    """A text with places for links; ``take_apart`` makes it."""

    def __init__(self, pieces: tuple[str | _Slot, ...]) -> None:
        self._pieces = pieces

    def fill(self, link: Link) -> str:
        """The text of one message."""
        return "".join(piece if isinstance(piece, str) else link(piece.kind, piece.url) for piece in self._pieces)


@lru_cache(maxsize=32)
def take_apart(text: str, *, is_html: bool, unsubscribe: bool, opens: bool, clicks: bool) -> Linked:
    """Find the places for links: where a text wants the one to unsubscribe, links to the web, a pixel at the end.

    The last few results are kept, because messages that say the same come one after the other.
    """
    slots: list[tuple[int, int, _Slot]] = []
    if unsubscribe:
        slots += [(*found.span(), _Slot(LinkKind.UNSUBSCRIBE)) for found in _MARK.finditer(text)]
    if is_html and clicks:
        slots += [(start, end, _Slot(LinkKind.CLICK, url)) for start, end, url in _web_links(text)]
    pieces: list[str | _Slot] = []
    at = 0
    for start, end, slot in sorted(slots, key=lambda slot: slot[0]):
        pieces += [text[at:start], slot]
        at = end
    tail = text[at:]
    if is_html and opens:
        before, body, after = tail.rpartition("</body>")
        pixel: list[str | _Slot] = ['<img src="', _Slot(LinkKind.OPEN), '" width="1" height="1" alt="">']
        pieces += [before, *pixel, body + after] if body else [tail, *pixel]
    else:
        pieces.append(tail)
    return Linked(tuple(pieces))


def _web_links(html: str) -> Iterator[tuple[int, int, str]]:
    """Where the values of links to the web stand, with the URLs that they mean."""
    at = 0
    while tag := _TAG.search(html, at):
        if tag[1]:
            at = html.find("-->", tag.end() - 2)  # "<!-->" is one, too
        else:
            name = tag[3].lower()
            at, href = _attributes(html, tag.end())
            if href and name in _LINKING and not tag[2]:
                url = unescape(html[slice(*href)]).strip()
                if len(url) <= MAX_URL and _WEB.fullmatch(url) and not _MARK.search(url):
                    yield *href, url
            if at >= 0 and name in _RAW and not tag[2]:
                at = _end_of_raw(html, name, at)
        if at < 0:  # what is not closed swallows the rest
            return


def _attributes(html: str, at: int) -> tuple[int, tuple[int, int] | None]:
    """Where a tag ends (-1: nowhere), and where the value of its ``href`` stands."""
    href: tuple[int, int] | None = None
    while True:
        found = _ATTRIBUTE.match(html, at)
        assert found is not None, "it matches nothing, too"
        at = found.end()
        value = next((found.span(group) for group in (3, 4, 5) if found[group] is not None), None)
        if found[1] is not None and found[1].lower() == "href" and href is None:  # of two, the first one counts
            href = value
        if at >= len(html) or (found[2] and value is None and html[at] in "\"'"):  # no end, or no closing quote
            return -1, None
        if html[at] == ">":
            return at + 1, href


def _end_of_raw(html: str, name: str, at: int) -> int:
    end = re.compile(f"</{name}", re.IGNORECASE).search(html, at)
    return end.start() if end else -1
