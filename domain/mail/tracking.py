"""Tracking links in an email's HTML: parsed once, filled in for each message.

Only the values of ``href`` are touched, by the rules with which browsers read tags, in one pass.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from domain.mail.links import LinkKind
from domain.text.html_tags import HREF, NAME, REST_OF_TAG, UP_TO_HREF, attribute_value

UNSUBSCRIBE_FIELD = "unsubscribe_url"
UNSUBSCRIBE_MARK = f"{{{{ {UNSUBSCRIBE_FIELD} }}}}"
"""Placeholder in a text for the message's unsubscribe link."""

PREFERENCES_FIELD = "preferences_url"
PREFERENCES_MARK = f"{{{{ {PREFERENCES_FIELD} }}}}"
"""The same for the link to what the recipient wants to get."""

MAX_URL = 2000
"""Characters of a link that is tracked; a longer one is left unchanged, as ours would be even longer."""

MAX_LINKS = 1000
"""Tracked links in one text: each is signed for each message. Further ones are left unchanged."""

_MARKS = {UNSUBSCRIBE_FIELD: LinkKind.UNSUBSCRIBE, PREFERENCES_FIELD: LinkKind.PREFERENCES}
_MARK = re.compile(rf"\{{\{{\s{{0,20}}({'|'.join(_MARKS)})\s{{0,20}}\}}\}}")
_RAW = "script|style|textarea|title|xmp|noembed|noframes|iframe"
"""Elements whose content is no markup."""
_NOT_OF_INTEREST = re.compile(
    rf"""
    (?: [^<]++
      | <(?!!--|/?[A-Za-z])
      | <!(?=--) (?: [^-]++ | -(?!->) )*+ -->
      | </{NAME} {REST_OF_TAG}
      | <(?!(?ai:a|area|{_RAW})[\s/>]) {NAME} {REST_OF_TAG}
      | <(?ai:a|area)(?=[\s/>]) {UP_TO_HREF} >
    )*+
    """,
    re.VERBOSE,
)
_LINK = re.compile(rf"<(?ai:a|area)(?=[\s/>]) {UP_TO_HREF} {HREF} {REST_OF_TAG}", re.VERBOSE)
_RAW_TAG = re.compile(rf"<({_RAW})(?=[\s/>]) {REST_OF_TAG}", re.VERBOSE | re.IGNORECASE)
_RAW_ENDS = {name: re.compile(f"</{name}", re.IGNORECASE) for name in _RAW.split("|")}
_WEB = re.compile(r"https?://[^\s\x00-\x1f\x7f]+", re.IGNORECASE)
_MAX_WRITTEN_URL = 5 * MAX_URL
"""Characters of a link as HTML writes it: each `&` is five."""

Link = Callable[[LinkKind, str], str]
"""Makes a link of one message, from its kind and, for a click, its target URL."""


@dataclass(frozen=True, slots=True)
class _Slot:
    kind: LinkKind
    url: str = ""


class Linked:
    """A text with slots for links; made by ``take_apart``."""

    def __init__(self, pieces: tuple[str | _Slot, ...]) -> None:
        self._pieces = pieces

    def fill(self, link: Link) -> str:
        """The text of one message."""
        made: dict[_Slot, str] = {}
        for slot in self._pieces:
            if not isinstance(slot, str) and slot not in made:
                made[slot] = link(slot.kind, slot.url)
        return "".join([piece if isinstance(piece, str) else made[piece] for piece in self._pieces])


@lru_cache(maxsize=32)
def take_apart(text: str, *, is_html: bool, unsubscribe: bool, opens: bool, clicks: bool) -> Linked:
    """Find the slots for links: placeholders for links to unsubscribe or choose, web links, a pixel at the end.

    The last few results are cached, because messages with equal texts come one after the other.
    """
    slots: list[tuple[int, int, _Slot]] = []
    if unsubscribe:
        marks = islice(_MARK.finditer(text), MAX_LINKS)
        slots += [(*found.span(), _Slot(_MARKS[found[1]])) for found in marks]
    if is_html and clicks:
        links = islice(_web_links(text), MAX_LINKS)
        slots += [(start, end, _Slot(LinkKind.CLICK, url)) for start, end, url in links]
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
    """Positions of web links' values, with their URLs.

    All other text is skipped by one pattern. A tag or a comment without an end extends to the end.
    """
    at = _end(_NOT_OF_INTEREST, html, 0)
    while at < len(html):
        if link := _LINK.match(html, at):
            at = link.end()
            start, end = next((link.span(group) for group in (1, 2, 3) if link[group] is not None), (0, 0))
            url = attribute_value(html[start:end]).strip() if end - start <= _MAX_WRITTEN_URL else ""
            if len(url) <= MAX_URL and _WEB.fullmatch(url) and not _MARK.search(url):
                yield start, end, url
        elif raw := _RAW_TAG.match(html, at):
            end_of_raw = _RAW_ENDS[raw[1].lower()].search(html, raw.end())
            at = end_of_raw.start() if end_of_raw else len(html)
        else:
            return
        at = _end(_NOT_OF_INTEREST, html, at)


def _end(pattern: re.Pattern[str], html: str, at: int) -> int:
    found = pattern.match(html, at)
    assert found is not None, "it matches nothing, too"
    return found.end()
