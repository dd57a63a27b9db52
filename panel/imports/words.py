"""How imports are told. English: it is translated where it is shown."""

from panel.rendering.words import Look, _

LISTS: dict[str, str] = {"tags": _("Tags"), "groups": _("Groups")}
"""What a column may hold several of."""

KNOWN: dict[str, str] = {
    "update": _("Change them: the file's values count"),
    "only_fill_empty": _("Fill only what they lack"),
    "skip": _("Leave them as they are"),
}
"""What becomes of contacts that are there already."""

COUNTS: dict[str, str] = {
    "new": _("New"),
    "changed": _("Changed"),
    "unchanged": _("As before"),
    "duplicates": _("Repeated"),
    "faulty": _("Not taken"),
}

STATES: dict[str, Look] = {
    "queued": Look("calm", "clock", _("Waiting")),
    "running": Look("accent", "loader", _("Running")),
    "done": Look("good", "circle-check", _("Done")),
    "failed": Look("bad", "circle-x", _("Failed")),
    "cancelled": Look("calm", "x", _("Cancelled")),
}
