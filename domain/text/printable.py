"""Text for a terminal: foreign text must not move the cursor, set colours, or reverse the text."""

import re

_CONTROLS = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0 with escape, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that change the direction of text
    "\u2028\u2029"  # line ends
    "\ud800-\udfff"  # lone surrogates, which cannot be printed
    "]"
)


def visible(text: str, keep: str = "") -> str:
    r"""The text with control characters escaped as ``\u001b``, as in JSON; those in ``keep`` stay.

    JSON text stays JSON, with the same value: outside its strings there are none.
    """
    return _CONTROLS.sub(lambda found: found[0] if found[0] in keep else f"\\u{ord(found[0]):04x}", text)
