"""How approvals are told of."""

from panel.rendering.words import Look, _

STATES: dict[str, Look] = {
    "pending": Look("warn", "clock", _("Waiting")),
    "approved": Look("good", "circle-check", _("Approved")),
    "denied": Look("bad", "ban", _("Denied")),
    "expired": Look("calm", "timer", _("Expired")),
}
KINDS: dict[str, str] = {
    "top_up": _("Credits for a user"),
    "batch": _("A costly batch"),
    "credentials": _("Credentials of a gateway"),
    "role_grant": _("A role for somebody"),
    "workflows": _("A hand on workflows"),
}
POLICIES: dict[str, str] = {
    "top_up": _("Grants and transfers of more credits than this"),
    "batch": _("Batches of users that cost more credits than this"),
    "credentials": _("Gateways with new credentials"),
    "role_grant": _("Staff that is added or gets another role, and roles that may do more"),
    "workflows": _("Workflows that are reset, terminated or signalled"),
}
BY_AMOUNT = ("top_up", "batch")
"""Kinds that need approval only above an amount."""
