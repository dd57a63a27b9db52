"""How reputations and warm-ups are told of."""

from panel.rendering.words import Look, _

SIGNALS: dict[str, str] = {
    "complaint": _("Reported as spam"),
    "hard_bounce": _("Addresses that do not work"),
    "undelivered": _("Not delivered"),
}
LEVELS: dict[str | None, Look] = {
    None: Look("good", "circle-check", _("Good")),
    "warn": Look("warn", "triangle-alert", _("Too many")),
    "pause": Look("bad", "circle-x", _("Far too many")),
}
FINDINGS: dict[str, Look] = {
    "warn": Look("warn", "triangle-alert", _("Warning")),
    "pause": Look("bad", "circle-pause", _("Paused")),
}
GUARDS: dict[str, str] = {
    "off": _("Nothing happens"),
    "warn": _("You and staff are warned by mail"),
    "pause": _("What is not transactional is paused"),
}
LADDERS: dict[str, str] = {
    "email": _("Email: from 100 to 1,000,000 a day"),
    "sim": _("SIM card: from 20 to 200 a day"),
}
