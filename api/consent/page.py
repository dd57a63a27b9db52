"""The pages for recipients as HTML: without scripts, readable on phones, in the install's colours."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from fastapi.responses import HTMLResponse, Response

from domain.audience.page_texts import TEXTS
from services.audience.consent.preferences import Preferences
from services.settings.models import Branding

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_STYLE = """
:root{color-scheme:light dark;--c:COLOUR;font:18px/1.5 system-ui,sans-serif}
*{box-sizing:border-box}
body{max-width:34rem;margin:8vh auto 0;padding:0 1rem;overflow-wrap:anywhere}
header{color:var(--c);font-weight:bold}
header img{max-height:3rem;max-width:100%}
footer{margin:3rem 0 2rem;font-size:.75rem;opacity:.7;white-space:pre-line}
h1{font-size:1.5rem;line-height:1.2}
h2{font-size:1.1rem;margin:2rem 0 .5rem}
button{font:inherit;min-height:44px;padding:.4rem 1.2rem;margin:.3rem .3rem .3rem 0;border:1px solid var(--c);
border-radius:6px;background:none;color:inherit;cursor:pointer}
button.main{background:var(--c);color:#fff}
fieldset{border:1px solid #8886;border-radius:6px;margin:1rem 0;padding:.5rem 1rem}
legend{font-weight:bold}
label{display:inline-flex;align-items:center;gap:.4rem;min-height:44px;margin-right:1.2rem}
input{width:1.2rem;height:1.2rem;accent-color:var(--c)}
.note{border-left:4px solid var(--c);padding:.3rem .8rem}
.small{font-size:.85rem;opacity:.8}
"""
ONE_CLICK = ("List-Unsubscribe", "One-Click")
CHOICE = "topic"
ACTION = "action"


@dataclass(frozen=True, slots=True)
class Look:
    """In which language and colours a page is."""

    language: str
    branding: Branding
    sender: str = ""
    """The account's name."""

    def say(self, name: str, **more: str) -> str:
        """A text, escaped for HTML."""
        sender = self.sender or self.branding.product_name
        return escape(TEXTS[self.language][name].format(sender=sender, **more))


def preferences_page(
    look: Look, known: Preferences, note: str = "", *, ask: bool = False, status: int = 200
) -> Response:
    """All choices of a person. ``ask``: the first is to unsubscribe from what a message was for."""
    parts = [f'<p class="note" role="status">{note}</p>'] if note else []
    if known.gets_nothing:
        parts.append(f"<p>{look.say('gets_nothing')}</p>")
    elif ask:
        name, value = ONE_CLICK
        parts.append(
            f'<p>{look.say("ask")}</p><form method="post"><input type="hidden" name="{name}" value="{value}">'
            f'<button class="main">{look.say("unsubscribe")}</button></form>'
        )
    parts.append('<form method="post">' + _topics(look, known) + _buttons(look, known) + "</form>")
    return _page(look, look.say("title"), "".join(parts), status)


def _topics(look: Look, known: Preferences) -> str:
    sets = []
    for topic in known.topics:
        boxes = [
            f'<label><input type="checkbox" name="{CHOICE}" value="{escape(topic.key)} {channel}"'
            f"{' checked' if (topic.key, channel) in known.wanted else ''}>{look.say(channel)}</label>"
            for channel in known.addresses
            if known.offers(topic, channel)
        ]
        if boxes:
            sets.append(f"<fieldset><legend>{escape(topic.name)}</legend>{''.join(boxes)}</fieldset>")
    return f"<h2>{look.say('topics')}</h2>{''.join(sets)}{_button(look, 'save', main=True)}" if sets else ""


def _buttons(look: Look, known: Preferences) -> str:
    found = ""
    if known.paused_until is not None:
        found += f"<p>{look.say('paused', date=f'{known.paused_until:%Y-%m-%d}')}</p>{_button(look, 'resume')}"
    elif not known.gets_nothing:
        found += _button(look, "pause")
    if known.gets_nothing and not known.topics:
        return found + _button(look, "resume", "again")
    if known.gets_nothing:
        return found
    note = f'<p class="small">{look.say("all_off_note")}</p>' if known.topics else ""
    return f"<p>{found}{_button(look, 'all_off')}</p>{note}"


def _button(look: Look, action: str, text: str = "", *, main: bool = False) -> str:
    style = ' class="main"' if main else ""
    return f'<button{style} name="{ACTION}" value="{action}">{look.say(text or action)}</button>'


def message_page(look: Look, title: str, text: str = "", more: str = "", status: int = 200) -> Response:
    """A page that says one thing, by the names of its texts; ``more`` is HTML."""
    return _page(look, look.say(title), (f"<p>{look.say(text)}</p>" if text else "") + more, status)


def confirm_form(look: Look) -> str:
    """The one button of a page that asks for a confirmation."""
    return f'<form method="post">{_button(look, "confirm", main=True)}</form>'


def _page(look: Look, title: str, body: str, status: int) -> Response:
    branding = look.branding
    style = _STYLE.replace("COLOUR", branding.colour)
    name = escape(branding.product_name)
    head = f'<img src="{escape(branding.logo_url)}" alt="{name}">' if branding.logo_url else name
    foot = f"<footer>{escape(branding.footer)}</footer>" if branding.footer else ""
    return HTMLResponse(
        f'<!doctype html><html lang="{look.language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>'
        f"<body><header>{head}</header><main><h1>{title}</h1>{body}</main>{foot}</body></html>",
        status,
        {**_HEADERS, "Content-Security-Policy": _policy(style, branding), "Content-Language": look.language},
    )


def _policy(style: str, branding: Branding) -> str:
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    rules: Mapping[str, str] = {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        **({"img-src": _origin(branding.logo_url)} if branding.logo_url else {}),
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
