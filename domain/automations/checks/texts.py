"""Checks of the texts of a definition: all that can be known without a contact."""

import re

from domain.automations.definition.limits import MAX_MARKUP
from domain.automations.shapes.notes import LiquidText, Notes
from domain.mail.html_safety import unsafe_part
from domain.text.template_errors import InvalidTemplate
from domain.text.templates import compile_template

_MARKUP = re.compile(r"\{[{%][^{}]{0,600}")


def check_texts(notes: Notes) -> None:
    """Note texts that are no templates, and markup that takes too long to compile."""
    markup = 0
    for text in notes.texts:
        markup += sum(map(len, _MARKUP.findall(text.text)))
        if markup > MAX_MARKUP:
            words = f"all texts together have more than {MAX_MARKUP} characters of markup: use templates"
            notes.add(text.at, "markup_size", words)
            return
        if wrong := _fault_of(text):
            notes.add(text.at, "invalid_template", wrong)


def _fault_of(text: LiquidText) -> str | None:
    """What is wrong with a text, if anything."""
    try:
        compile_template(text.text, html=text.html)
    except InvalidTemplate as error:
        return f"not a template: {error}"
    if text.html and (unsafe := unsafe_part(text.text)):
        return f"line {unsafe[0]}: {unsafe[1]} is not allowed in emails"
    return None
