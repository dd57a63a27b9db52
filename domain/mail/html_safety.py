"""What must not be in the HTML of an email: programs, forms, and what loads other pages.

Nothing is removed: who wrote it is told.
"""

import re
from collections.abc import Iterator

from domain.text.html_tags import ATTRIBUTE, NAME, attribute_value

_TAG = re.compile(rf"<({NAME}) ( (?: [\s/]++ | {ATTRIBUTE} )*+ )", re.VERBOSE)
_ATTRIBUTE = re.compile(ATTRIBUTE, re.VERBOSE)
_REFUSED = frozenset(
    {
        *("script", "iframe", "frame", "frameset", "object", "embed", "applet", "base"),
        *("form", "input", "textarea", "select", "button"),
    }
)
_URLS = frozenset({"href", "src", "action", "formaction", "background", "xlink:href", "poster"})
_SCHEME = re.compile(r"(?:javascript|vbscript|data:text/html)", re.IGNORECASE)
_IGNORED = re.compile("[\x00-\x20\x7f]+")
"""Characters that browsers skip in a scheme."""


def unsafe_part(html: str) -> tuple[int, str] | None:
    """The line of the first thing that must not be there, and what it is; ``None``: there is none."""
    for tag in _TAG.finditer(html):
        if found := _unsafe(tag[1].lower(), tag[2]):
            return html.count("\n", 0, tag.start()) + 1, found
    return None


def links_in(html: str) -> Iterator[str]:
    """Where the links of an email lead, in linear time for any input."""
    for tag in _TAG.finditer(html):
        if tag[1].lower() == "a":
            for attribute in _ATTRIBUTE.finditer(tag[2]):
                key, _, value = attribute[0].partition("=")
                if key.strip().lower() == "href":
                    yield attribute_value(value.strip().strip("'\""))
                    break


def _unsafe(name: str, attributes: str) -> str | None:
    if name in _REFUSED:
        return f"the tag <{name}>"
    for attribute in _ATTRIBUTE.finditer(attributes):
        key, _, value = attribute[0].partition("=")
        key = key.strip().lower()
        if key.startswith("on"):
            return f"the attribute {key!r}"
        if key == "http-equiv" and "refresh" in value.lower():
            return "a <meta> that loads another page"
        if key in _URLS and _SCHEME.match(_IGNORED.sub("", attribute_value(value.strip().strip("'\"")))):
            return f"a program in {key!r}"
    return None
