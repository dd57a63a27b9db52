"""Makes of a template's body what sends take: MJML compiled, the preheader in its place."""

from typing import Any

from domain.errors import invalid
from domain.mail.preheader import with_preheader
from services.audience.templates.checking import check_text
from services.audience.templates.mjml import to_html
from services.audience.templates.models import EmailText, TemplateBody


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
        html = with_preheader(html, email.preheader)
    made = {"subject": email.subject, "html": html, "text": email.text}
    return {name: text for name, text in made.items() if text}
