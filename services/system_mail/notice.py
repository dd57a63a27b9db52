"""What a mail of the system says, and how it looks: plain text and simple HTML in the install's colours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from services.settings.models import Branding

_LINK = re.compile(r"\btel:\+\d{4,15}\b|\bhttps://wa\.me/\d{4,15}\b|\bmailto:[\w.+-]+@[\w.-]+\w")
"""By which somebody is called, or written to. Mail programs make links of others by themselves."""


@dataclass(frozen=True, slots=True)
class Button:
    """The one thing that the reader of a mail can do."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail of the system."""

    subject: str
    paragraphs: Sequence[str]
    """Plain text each."""
    button: Button | None = None


def text_of(notice: Notice, branding: Branding) -> str:
    """The mail as plain text."""
    parts = [*notice.paragraphs]
    if notice.button:
        parts.append(f"{notice.button.label}:\n{notice.button.url}")
    below = [branding.product_name]
    if branding.support_address:
        below.append(f"Help: {branding.support_address}")
    if branding.footer:
        below.append(branding.footer)
    return "\n\n".join(parts) + "\n\n-- \n" + "\n".join(below) + "\n"


def html_of(notice: Notice, branding: Branding) -> str:
    """The mail as HTML: all that is filled in is escaped, styles stand where mail programs read them."""
    colour, name = branding.colour, escape(branding.product_name)
    if branding.logo_url:
        head = f'<img src="{escape(branding.logo_url)}" alt="{name}" height="40" style="height:40px;border:0">'
    else:
        head = f'<span style="font-size:20px;font-weight:bold;color:{colour}">{name}</span>'
    body = "".join(f'<p style="margin:0 0 16px">{_lines(text)}</p>' for text in notice.paragraphs)
    if notice.button:
        url = escape(notice.button.url)
        body += (
            f'<p style="margin:24px 0"><a href="{url}" style="background:{colour};color:#ffffff;padding:12px 24px;'
            f'border-radius:4px;text-decoration:none;display:inline-block">{escape(notice.button.label)}</a></p>'
            f'<p style="margin:0 0 16px;font-size:13px;color:#666666">{url}</p>'
        )
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{escape(notice.subject)}</title></head>'
        f'<body style="margin:0;padding:24px;background:{branding.background}">'
        '<table role="presentation" align="center" width="100%" style="max-width:560px;background:#ffffff;'
        'border-radius:6px;font:16px/1.5 Arial,Helvetica,sans-serif;color:#222222"><tr><td style="padding:32px">'
        f'<p style="margin:0 0 24px">{head}</p>{body}</td></tr></table>'
        f'<p style="max-width:560px;margin:16px auto;text-align:center;font:13px/1.5 Arial,Helvetica,sans-serif;'
        f'color:#666666">{_below(branding)}</p></body></html>'
    )


def _below(branding: Branding) -> str:
    parts = [escape(branding.product_name)]
    if branding.support_address:
        address = escape(branding.support_address)
        parts.append(f'<a href="mailto:{address}" style="color:{branding.colour}">{address}</a>')
    if branding.footer:
        parts.append(_lines(branding.footer))
    return "<br>".join(parts)


def _lines(text: str) -> str:
    linked = _LINK.sub(r'<a href="\g<0>">\g<0></a>', escape(text))
    return linked.replace("\n", "<br>")
