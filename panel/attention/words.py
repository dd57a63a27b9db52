"""What needs attention, in words, and where it is mended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from panel.rendering.words import _


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind is shown."""

    icon: str
    title: str
    told: str
    path: str
    """A list."""
    has_pages: bool = False
    """Whether each one has a page below that of the list."""
    of_all: str = ""
    """Where staff who look at all accounts find it, if that is elsewhere."""


_MEND = _("Mend the cause, then begin them again.")
_RUNS, _LEADS = "/panel/failures?kind=run", "/panel/failures?kind=lead"

KINDS = {
    "sending_paused": Kind(
        "circle-pause", _("Sending is paused"), _("Messages wait until it is resumed."), "", of_all="/panel/system"
    ),
    "gateway_failing": Kind(
        "zap-off", _("Gateways that do not work"), _("Their pages say what they answered."), "/panel/gateways", True
    ),
    "gateway_paused": Kind(
        "circle-pause", _("Gateways that are paused"), _("They send nothing until resumed."), "/panel/gateways", True
    ),
    "automation_paused": Kind(
        "workflow",
        _("Automations paused, as most runs failed"),
        _("Mend the step, publish, and resume."),
        "/panel/automations",
        True,
    ),
    "domain_failing": Kind(
        "globe", _("Domains that lost their records"), _("Set the records again, then check."), "/panel/domains", True
    ),
    "domain_unverified": Kind(
        "globe", _("Domains that are not verified"), _("Set their records, then check."), "/panel/domains", True
    ),
    "leads_parked": Kind(
        "user-plus",
        _("Leads that wait for their source"),
        _("Mend the source: they go on by themselves."),
        "/panel/leads?state=parked",
        of_all=_LEADS,
    ),
    "leads_failed": Kind("user-plus", _("Leads that failed in the last day"), _MEND, _LEADS),
    "runs_failed": Kind("workflow", _("Runs that failed in the last day"), _MEND, _RUNS),
    "callback_failing": Kind(
        "webhook",
        _("Callbacks that are not taken"),
        _("Mend the receiver, then repeat what it missed."),
        "/panel/callbacks",
        True,
    ),
    "phone_offline": Kind(
        "smartphone", _("Phones that do not call"), _("See whether they are on and connected."), "/panel/devices", True
    ),
    "credits_low": Kind(
        "wallet", _("Credits run low"), _("Messages stop when none are left."), "/panel/credits", of_all="/panel/users"
    ),
    "token_expiring": Kind(
        "timer",
        _("Tokens of lead sources that end soon"),
        _("Connect the source anew before."),
        "/panel/leads/sources",
        True,
    ),
    "key_expiring": Kind("key", _("API keys that end soon"), _("Replace them before."), "/panel/keys"),
    "import_errors": Kind(
        "upload", _("Imports with errors"), _("Mend the rows, and import them again."), "/panel/imports", True
    ),
    "batch_waiting": Kind(
        "badge-check",
        _("Costly batches that wait for approval"),
        _("They begin once they are approved."),
        "/panel/approvals",
        True,
    ),
    "campaign_waiting": Kind(
        "badge-check",
        _("Campaigns that wait for your approval"),
        _("See what they cost, then approve or cancel them."),
        "/panel/campaigns",
        True,
    ),
    "approval_waiting": Kind(
        "badge-check", _("Changes that wait for approval"), _("Approve or deny them."), "/panel/approvals", True
    ),
    "credits_asked": Kind(
        "receipt", _("Requests for credits"), _("Approve or reject them."), "/panel/credit-requests", True
    ),
}
_LISTS_OF_ALL = {"phone_offline", "token_expiring"}
"""Staff who look at all accounts have no page of one of these."""


def kind_of(item: Mapping[str, Any]) -> Kind:
    """How an item is shown. A kind that is not known here is shown as the API says it, as alerts are."""
    known = KINDS.get(item["kind"])
    return known or Kind("triangle-alert", item["message"], item["remedy"], "", of_all="/panel/system")


def path_of(item: Mapping[str, Any], is_of_all: bool) -> str:
    """Where it is mended: the page of the only one, or a list; "": nowhere."""
    kind = kind_of(item)
    if is_of_all and (kind.of_all or item["kind"] in _LISTS_OF_ALL):
        return kind.of_all
    return f"{kind.path}/{item['id']}" if kind.has_pages and item["count"] == 1 and item["id"] else kind.path
