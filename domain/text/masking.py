"""Recipients as whoever may not see them gets to know them."""

_DOTS = "•••"


def mask(recipient: str) -> str:
    """``+4915112345678`` as ``+49•••78``, ``jane@example.com`` as ``j•••@example.com``."""
    local, at, domain = recipient.rpartition("@")
    if at:
        return f"{local[:1]}{_DOTS}@{domain}"
    return f"{recipient[:3]}{_DOTS}{recipient[-2:]}" if len(recipient) > 7 else _DOTS


def mask_in(text: str | None, recipient: str) -> str | None:
    """A text, such as a provider's answer, in which the recipient may be quoted, with or without its ``+``."""
    if text is None:
        return None
    bare = recipient.removeprefix("+")
    return text.replace(recipient, mask(recipient)).replace(bare, mask(recipient)) if bare else text
