"""Prices of messages in credits: an SMS one for each part, an email one for each recipient with
its copies, a WhatsApp message one. Messages of admin keys cost nothing.
"""

from domain.messages.page import ADMIN_ACCOUNT
from domain.messages.page_content import Content
from domain.text.segments import count_segments


def price(account_id: int, *, parts: int = 1, copies: int = 0) -> int:
    """Credits of an account's message with this many SMS parts, or copies."""
    return 0 if account_id == ADMIN_ACCOUNT else parts + copies


def sms_content(text: str, sender: str | None = None, *, force_unicode: bool = False) -> tuple[Content, int]:
    """The content of an SMS, and its number of parts."""
    segments = count_segments(text, force_unicode=force_unicode)
    return Content(body=text, sender=sender, unicode=segments.encoding == "ucs2"), segments.parts
