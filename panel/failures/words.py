"""How failures are told of. English: it is translated where it is shown."""

from collections.abc import Mapping
from typing import Any

from panel.rendering.words import _

KINDS = {"message": _("Messages"), "run": _("Runs of automations"), "lead": _("Leads")}
_FAILED = {"message": _("Messages that failed"), "run": _("Runs that failed at a step")}
_LEADS = {
    "failed": _("Leads that failed"),
    "gone": _("Leads that their provider has no more"),
    "invalid": _("Leads that cannot be used"),
    "parked": _("Leads that wait for their source"),
}


def without_reason(cause: Mapping[str, Any]) -> str:
    """What a cause is called of which no reason is told: there is none, or it may not be shown."""
    return _LEADS.get(cause["state"], _LEADS["failed"]) if cause["kind"] == "lead" else _FAILED[cause["kind"]]
