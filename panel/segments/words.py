"""How conditions are told. English: they are translated where they are shown."""

from panel.rendering.words import _

KINDS: dict[str, str] = {
    "field": _("Value"),
    "tag": _("Tag"),
    "group": _("Group"),
    "event": _("Event"),
    "suppressed": _("Suppressed"),
}

OPERATORS: dict[str, str] = {
    "eq": _("is"),
    "ne": _("is not"),
    "in": _("is one of"),
    "not_in": _("is none of"),
    "contains": _("contains"),
    "not_contains": _("does not contain"),
    "starts_with": _("begins with"),
    "ends_with": _("ends with"),
    "exists": _("has a value"),
    "missing": _("has no value"),
    "gt": _("is more than"),
    "gte": _("is at least"),
    "lt": _("is less than"),
    "lte": _("is at most"),
    "between": _("is between"),
    "before": _("is before"),
    "after": _("is after"),
    "within_last": _("is within the last"),
    "older_than": _("is older than"),
}

EVENT_OPERATORS: dict[str, str] = {
    "happened": _("happened"),
    "not_happened": _("did not happen"),
    "count_gte": _("happened at least so often"),
}

TIMES: dict[str, str] = {"created_at": _("Added"), "updated_at": _("Changed")}

EVENTS = (
    "message.sent",
    "message.delivered",
    "message.opened",
    "message.clicked",
    "message.bounced",
    "message.replied",
)
"""Suggested; an account's own ones may be named, too."""
