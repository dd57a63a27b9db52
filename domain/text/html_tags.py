"""Patterns for HTML tags, by the rules of browsers (HTML Living Standard §13.2.5), in linear time for any input.

Each pattern matches a tag in one pass: nothing in it can be matched in two ways, and a tag without an end extends to
the end of the text, so that nothing is scanned repeatedly.
"""

import re
from html import unescape
from html.entities import html5

_VALUE = r"""(?: "[^"]*+" | '[^']*+' | [^\s"'>][^\s>]*+ | (?=>|\Z) )"""
ATTRIBUTE = rf"""(?: [^\s/>][^\s/>=]*+ (?: \s*+=\s*+ {_VALUE} | (?!\s*+=) ) )"""
"""One attribute. It does not match one whose quotes are never closed."""
REST_OF_TAG = rf"(?: [\s/]++ | {ATTRIBUTE} )*+ >"
"""The rest of a tag, after its name or one of its attributes."""
NAME = r"[A-Za-z][^\s/>]*+"
"""The name of a tag."""
UP_TO_HREF = rf"(?: [\s/]++ | (?! (?i:href) [\s/>=] ) {ATTRIBUTE} )*+"
"""The attributes before the first ``href``; of two, browsers take the first."""
HREF = r"""(?i:href) (?: \s*+=\s*+ (?: "([^"]*+)" | '([^']*+)' | ([^\s"'>][^\s>]*+) | (?=>|\Z) ) | (?!\s*+=) )"""
"""That ``href``, its value in one of three groups."""

_NAME_AFTER_AMPERSAND = re.compile(r"&(?=([A-Za-z][A-Za-z0-9]*+)([;=]?))")
_LONG_REFERENCE = re.compile(r"&#([0-9]{9,})")
_MOST_DIGITS = 8


def unescaped(text: str) -> str:
    """The text with its character references resolved.

    Python converts a number of any length, up to one at which it raises instead; none of more than seven digits is
    that of a character.
    """
    return unescape(_LONG_REFERENCE.sub(_shortened, text)) if "&" in text else text


def attribute_value(written: str) -> str:
    """The value of an attribute, from the text between its quotes.

    As ``unescaped``; but a name without ``;`` is a reference only if neither a letter, a digit nor ``=`` comes behind
    it: in ``?a=1&times=2`` and ``?a=1&timestamp=5`` nothing is one (HTML Living Standard §13.2.5.73).
    """
    return unescaped(_NAME_AFTER_AMPERSAND.sub(_as_in_attribute, written)) if "&" in written else written


def _as_in_attribute(ampersand: re.Match[str]) -> str:
    name, behind = ampersand.groups()
    is_reference = behind != "=" and (name + ";" if behind else name) in html5
    return "&" if is_reference else "&amp;"


def _shortened(reference: re.Match[str]) -> str:
    return "&#" + (reference[1].lstrip("0")[:_MOST_DIGITS] or "0")
