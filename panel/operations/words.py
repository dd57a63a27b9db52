"""How operations are told of."""

from panel.rendering.words import Look, _

STATES: dict[str, Look] = {
    "queued": Look("calm", "clock", _("Waiting")),
    "running": Look("accent", "loader", _("Running")),
    "done": Look("good", "circle-check", _("Done")),
    "failed": Look("bad", "circle-x", _("Failed")),
    "cancelled": Look("calm", "x", _("Cancelled")),
}
KINDS: dict[str, str] = {
    "users.bulk": _("Changes of many users"),
    "messages.cancel_waiting": _("Cancelling what waits"),
    "contact_fields.delete": _("Deleting a field of contacts"),
    "contact_groups.delete": _("Deleting a group of contacts"),
    "users.export": _("Export of a user's data"),
    "contacts.import": _("Import of contacts"),
    "persons.export": _("Export of a person's data"),
    "persons.erase": _("Erasure of a person"),
    "users.purge": _("Deleting a user's data"),
    "leads.replay": _("Starting leads again"),
    "messages.replay": _("Sending messages again"),
}
WITH_FILES = ("users.export", "persons.export")
"""Kinds that are begun for the files that they make."""
