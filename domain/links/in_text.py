"""Web links in plain texts: where each begins and ends, as phones find them."""

import re
from collections.abc import Iterator
from itertools import islice

_LINK = re.compile(r"https?://[^\s\x00-\x1f\x7f<>\"\\^`{|}、。，！？；：）」』】》〉”’»]+", re.IGNORECASE)
_BEFORE = 400
"""Characters before a link that are looked at."""
_GLUED = re.compile(r"[A-Za-z0-9+.\-/=?&%@#_~\\]\Z")
"""What stands directly before a link that is a part of something longer."""
_SCHEME = re.compile(r"(?<![A-Za-z0-9+.\-])[A-Za-z0-9+.\-]++:")
_LABEL = re.compile(r"\W*([^\W\d_]+)[:：]\W*")
_OPAQUE = frozenset(
    {"intent", "javascript", "data", "mailto", "tel", "sms", "smsto", "geo", "market", "view", "source"}
)
"""Schemes that may be followed by a web link without `//`."""
_LONGEST = 8000
"""Characters of what may be a link, with what follows it."""
_MOST = 500
"""Places in a text that are looked at."""
_END = ".,;:!?'…·"
_PAIRS = {")": "(", "]": "["}
_EMPHASIS = "*_~"


def web_links(text: str) -> Iterator[tuple[int, int, str]]:
    """Links with ``http`` or ``https``: start, end, URL. A link within another one, such as that of an app, is none.

    What ends a sentence does not belong to a link, nor does a bracket that was opened before it.
    """
    for found in islice(_LINK.finditer(text), _MOST):
        if len(found[0]) <= _LONGEST and _is_apart(text, found.start()):
            url = _trimmed(found[0], text[found.start() - 1 : found.start()])
            if len(url) > len("https://"):
                yield found.start(), found.start() + len(url), url


def _is_apart(text: str, start: int) -> bool:
    before = text[max(0, start - _BEFORE) : start]
    if not before or before[-1].isspace():
        return True
    before = before.rsplit(None, 1)[-1]
    if label := _LABEL.fullmatch(before):
        return label[1].lower() not in _OPAQUE
    return not _GLUED.search(before) and not _SCHEME.search(before)


def _trimmed(url: str, before: str) -> str:
    end = len(url)
    surplus = {closed: url.count(closed) - url.count(opened) for closed, opened in _PAIRS.items()}
    while end:
        last = url[end - 1]
        if last in _PAIRS:
            if surplus[last] <= 0:
                break
            surplus[last] -= 1
        elif last not in _END and not (last in _EMPHASIS and last == before):
            break
        end -= 1
    return url[:end]
