"""How erasures, and what is counted of persons, are told of."""

from panel.operations.words import STATES
from panel.rendering.words import _

__all__ = ["COUNTS", "NAMED_BY", "REMAINS", "STATES", "kind"]

COUNTS: dict[str, str] = {
    "contacts": _("Contacts"),
    "messages": _("Messages"),
    "messages_waiting": _("Messages that wait"),
    "automation_runs": _("Runs of automations"),
    "leads": _("Leads"),
    "contact_events": _("Events"),
    "inbound_messages": _("Messages that the person wrote"),
    "consent_events": _("Changes of consent"),
    "consents": _("Consent"),
    "refusals": _("Consent that was pending or paused"),
    "refusals_that_stay": _("Refusals, which stay"),
    "subscribe_requests": _("Requests to subscribe"),
    "callback_deliveries": _("Deliveries of callbacks"),
    "idempotency_keys": _("Stored answers"),
    "operation_files": _("Files of exports"),
    "campaign_left_out": _("Notes of campaigns"),
    "automation_events": _("Events of automations"),
    "automation_entries": _("Entries into automations"),
    "automation_hook_samples": _("Samples of hooks"),
}
NAMED_BY: dict[str, str] = {
    "contact": _("a contact"),
    "email": _("an email address"),
    "phone": _("a number"),
    "whatsapp": _("a WhatsApp number"),
    "lead": _("a lead"),
}
REMAINS: dict[str, str] = {
    "refusals": _("Refusals: else the person would be written to again"),
    "histories": _("Sealed histories of workflows"),
    "backups": _("Backups"),
}


def kind(name: str) -> str:
    """What is counted under a name."""
    return COUNTS.get(name, name.replace("_", " ").capitalize())
