"""Why addresses get no more messages. English: it is translated where it is shown."""

from panel.rendering.words import _

REASONS: dict[str, str] = {
    "unsubscribed": _("Unsubscribed"),
    "opted_out": _("Wrote STOP"),
    "bounced": _("Bounced"),
    "complained": _("Reported as spam"),
    "paused": _("Paused by the recipient"),
}
"""Those that we give; others are shown as they were written."""
