"""What a leaf of a condition asks, in words for people."""

from domain.audience.conditions.tree import Condition, Field, Group, Happened, Suppressed, Tag

_SHOWN = 100
"""Characters of a value."""


def asked(leaf: Condition) -> str:
    """The question; empty for what is no leaf."""
    match leaf:
        case Field(path, op, value, ref):
            given = "" if value is None and ref is None else f" {_shown(value) if ref is None else ref}"
            return f"{path} {op.value}{given}"
        case Happened(event, op, of, within, match, value):
            parts = [event, op, str(value or "")]
            parts += [f"of {of}" if of else "", f"within {within}" if within else "", "with a match" if match else ""]
            return " ".join(part for part in parts if part)
        case Tag(tag, has):
            return f"tag {_shown(tag)}" if has else f"no tag {_shown(tag)}"
        case Group(group, is_in):
            return f"in group {_shown(group)}" if is_in else f"not in group {_shown(group)}"
        case Suppressed(channel):
            return f"suppressed on {channel}"
    return ""


def _shown(value: object) -> str:
    text = str(list(value)) if isinstance(value, tuple) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
