"""Words that stand in Python, not in a template: they are English, and translated where they are shown."""

from dataclasses import dataclass


def _(text: str) -> str:
    """Marks what is to be translated."""
    return text


@dataclass(frozen=True, slots=True)
class Look:
    """How something is shown: a colour, an icon and words, never a colour alone."""

    kind: str
    icon: str
    words: str
