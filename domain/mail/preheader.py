"""The preheader of an email: what mail programs show beside the subject. It is hidden text at the beginning."""

import re
from html import escape

from domain.text.html_tags import ATTRIBUTE

_BODY = re.compile(rf"<body (?=[\s/>]) (?: [\s/]++ | {ATTRIBUTE} )*+ >?", re.VERBOSE | re.IGNORECASE)
"""A tag that is never closed has no ``>``: so the search ends there, too."""
_MARKUP = re.compile(r"(\{\{[^{}]*+\}\}|\{%[^{}%]*+%\})")
_HIDDEN = '<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;font-size:1px;line-height:1px">'


def with_preheader(html: str, preheader: str) -> str:
    """An email's HTML with a preheader. Both may be Liquid, which stays as it is."""
    pieces = _MARKUP.split(preheader)
    written = "".join(piece if number % 2 else escape(piece, quote=False) for number, piece in enumerate(pieces))
    body = _BODY.search(html)
    at = body.end() if body and body[0].endswith(">") else 0
    return f"{html[:at]}{_HIDDEN}{written}</div>{html[at:]}"
