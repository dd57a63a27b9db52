"""Kinds of what needs attention: how bad it is, what it says, and which permission shows it to staff."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["failure", "warning"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind."""

    level: Level
    message: str
    remedy: str
    permission: str
    """Of staff who look at all accounts."""


KINDS = {
    "sending_paused": Kind(
        "failure", "sending is paused", "messages wait; resume it when the reason is gone", "sending:read"
    ),
    "gateway_failing": Kind("failure", "gateways do not work", "their health says what they answered", "gateways:read"),
    "automation_paused": Kind(
        "failure", "automations were paused as most runs failed", "mend the step, publish, resume", "messages:read"
    ),
    "domain_failing": Kind(
        "failure", "sender domains have lost their records", "set the records again, check", "domains:read"
    ),
    "leads_parked": Kind("failure", "leads wait for their source", "mend the source; they go on then", "messages:read"),
    "callback_failing": Kind(
        "failure", "callback endpoints do not take posts", "mend the receiver, replay deliveries", "callbacks:read"
    ),
    "gateway_paused": Kind(
        "warning", "gateways are paused", "resume them if nothing speaks against it", "gateways:read"
    ),
    "phone_offline": Kind("warning", "phones do not call", "look whether they are on and connected", "devices:read"),
    "credits_low": Kind("warning", "credits run low", "top them up, or ask for more", "credits:read"),
    "runs_failed": Kind(
        "warning", "runs of automations failed in the last day", "mend the cause, replay them", "messages:read"
    ),
    "leads_failed": Kind("warning", "leads failed in the last day", "mend the cause, replay them", "messages:read"),
    "token_expiring": Kind(
        "warning", "tokens of lead sources end within 14 days", "give the sources new ones", "messages:read"
    ),
    "key_expiring": Kind("warning", "API keys end within 7 days", "replace them before", "keys:read"),
    "domain_unverified": Kind("warning", "sender domains are not verified", "set their records, check", "domains:read"),
    "import_errors": Kind(
        "warning", "imports of the last day had errors", "mend the rows, import them again", "operations:read"
    ),
    "batch_waiting": Kind(
        "warning", "costly batches or campaigns wait for approval", "approve or deny them", "approvals:decide"
    ),
    "campaign_waiting": Kind(
        "warning", "campaigns wait for your approval", "see what they cost, approve or cancel them", "batches:read"
    ),
    "approval_waiting": Kind("warning", "changes wait for approval", "approve or deny them", "approvals:read"),
    "credits_asked": Kind("warning", "users ask for credits", "approve or reject it", "credits:read"),
}
"""By name; failures come first."""
