"""How users and their journals are told of."""

from panel.rendering.words import Look, _

STATES: dict[str, Look] = {
    "active": Look("good", "circle-check", _("Active")),
    "suspended": Look("warn", "circle-pause", _("Suspended")),
    "deleted": Look("calm", "trash-2", _("Deleted")),
}
JOURNAL: dict[str, Look] = {
    "grant": Look("good", "plus", _("Granted")),
    "deduct": Look("warn", "arrow-down", _("Deducted")),
    "transfer": Look("accent", "repeat", _("Transferred")),
}
PERIODS: dict[str, str] = {
    "day": _("a day"),
    "week": _("a week"),
    "month": _("a month"),
    "year": _("a year"),
    "forever": _("once"),
}
GATEWAYS: dict[str, Look] = {
    "active": Look("good", "circle-check", _("Working")),
    "draining": Look("warn", "circle-pause", _("Draining")),
    "paused": Look("warn", "circle-pause", _("Paused")),
    "disabled": Look("calm", "circle-x", _("Off")),
}
