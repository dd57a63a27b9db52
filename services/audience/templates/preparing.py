"""Makes of a template's body what sends take: MJML compiled, the preheader in its place."""

import re
from html import escape
from typing import Any

from domain.errors import invalid
from domain.text.html_tags import ATTRIBUTE
from services.audience.templates.checking import check_text
from services.audience.templates.mjml import to_html
from services.audience.templates.models import EmailText, TemplateBody

_BODY = re.compile(rf"<body (?=[\s/>]) (?: [\s/]++ | {ATTRIBUTE} )*+ >?", re.VERBOSE | re.IGNORECASE)
"""A tag that is never closed has no ``>``: so the search ends there, too."""
_MARKUP = re.compile(r"(\{\{[^{}]*+\}\}|\{%[^{}%]*+%\})")
_HIDDEN = '<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;font-size:1px;line-height:1px">'


async def prepare(body: TemplateBody) -> dict[str, Any]:
    """What sends take of a body that has been checked.

    Raises:
        InvalidError: its MJML cannot be compiled, or becomes HTML that is not allowed.
    """
    emails = {language: await _email(language, email) for language, email in body.email.items()}
    return {
        "default_language": body.default_language,
        "missing": body.missing,
        "fallbacks": body.fallbacks,
        "shorten_links": body.shorten_links,
        "email": emails,
        "sms": {language: {"message": sms.message} for language, sms in body.sms.items()},
        "whatsapp": {language: text.model_dump(exclude_none=True) for language, text in body.whatsapp.items()},
    }


async def _email(language: str, email: EmailText) -> dict[str, str]:
    html = email.html
    if email.mjml:
        place = ("email", language, "mjml")
        html = await to_html(email.mjml, *place)
        if error := check_text(place, html, html=True):
            raise invalid([error])
    if html and email.preheader:
        html = _with_preheader(html, email.preheader)
    made = {"subject": email.subject, "html": html, "text": email.text}
    return {name: text for name, text in made.items() if text}


def _with_preheader(html: str, preheader: str) -> str:
    pieces = _MARKUP.split(preheader)
    written = "".join(piece if number % 2 else escape(piece, quote=False) for number, piece in enumerate(pieces))
    body = _BODY.search(html)
    at = body.end() if body and body[0].endswith(">") else 0
    return f"{html[:at]}{_HIDDEN}{written}</div>{html[at:]}"
