"""How requests for credits are told of."""

from panel.messages.words import Look


def _(text: str) -> str:
    """Marks what is to be translated."""
    return text


REQUESTS: dict[str, Look] = {
    "pending": Look("warn", "clock", _("Waiting")),
    "approved": Look("good", "circle-check", _("Approved")),
    "rejected": Look("bad", "circle-x", _("Rejected")),
}
