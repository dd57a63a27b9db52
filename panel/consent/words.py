"""Why addresses get no more messages. English: it is translated where it is shown."""


def _(text: str) -> str:
    """Marks what is to be translated."""
    return text


REASONS: dict[str, str] = {
    "unsubscribed": _("Unsubscribed"),
    "opted_out": _("Wrote STOP"),
    "bounced": _("Bounced"),
    "complained": _("Reported as spam"),
    "paused": _("Paused by the recipient"),
}
"""Those that we give; others are shown as they were written."""
