"""How requests for credits are told of."""

from panel.rendering.words import Look, _

REQUESTS: dict[str, Look] = {
    "pending": Look("warn", "clock", _("Waiting")),
    "approved": Look("good", "circle-check", _("Approved")),
    "rejected": Look("bad", "circle-x", _("Rejected")),
}
