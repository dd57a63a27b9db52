"""How the subjects of permissions are told of."""

from panel.rendering.words import _

SUBJECTS: dict[str, str] = {
    "approvals": _("Approvals"),
    "audit": _("Audit log"),
    "batches": _("Batches"),
    "callbacks": _("Callbacks"),
    "credits": _("Credits"),
    "devices": _("Phones"),
    "domains": _("Sender domains"),
    "gateways": _("Gateways"),
    "inbound": _("Messages from people"),
    "keys": _("API keys"),
    "messages": _("Messages"),
    "operations": _("Operations"),
    "overview": _("Overview"),
    "payloads": _("Payloads in Temporal"),
    "persons": _("Erasing of persons"),
    "plans": _("Plans"),
    "requests": _("Log of requests"),
    "roles": _("Roles"),
    "sandbox": _("Sandbox"),
    "sending": _("Pauses of sending"),
    "settings": _("Settings"),
    "staff": _("Staff"),
    "suppressions": _("Suppressions"),
    "usage": _("Usage"),
    "users": _("Users"),
    "workflows": _("Workflows"),
}
