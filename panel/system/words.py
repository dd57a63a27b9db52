"""How the parts of the system are told of."""

from panel.rendering.words import Look, _

OPERATIONS: dict[str, Look] = {
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
    "users.purge": _("Deleting a user's data"),
    "leads.replay": _("Starting leads again"),
    "messages.replay": _("Sending messages again"),
}
QUEUES: dict[str, str] = {
    "xsender": _("Single messages"),
    "xsender-dispatch": _("Sending of single messages"),
    "xsender-bulk": _("Batches"),
    "xsender-bulk-dispatch": _("Sending of batches"),
    "xsender-callbacks": _("Callbacks"),
    "xsender-operations": _("Operations"),
    "xsender-automations": _("Automations"),
    "xsender-leads": _("Leads"),
    "xsender-receipts": _("Delivery reports"),
}
