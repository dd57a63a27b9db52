"""What acts on workflows mean for what these were about, by type: told before anything is done."""

from collections.abc import Iterable, Sequence

TERMINATED = {
    "SendWorkflow": "messages that wait end as cancelled, code terminated, within some minutes: their credits are "
    "released, their senders called back, and they are not sent again; those of which a gateway has not answered end "
    "as unknown",
    "BatchWorkflow": "messages of which no page was started end as cancelled, code terminated, within some minutes, "
    "and pages under way are withdrawn",
    "CampaignWorkflow": "batches that were begun go on, no more are made, and the campaign stays open: to end it, use "
    "'xsender campaign cancel'",
    "ReceiptsWorkflow": "what providers reported, receipts and messages of people, is not applied until a reset of "
    "those that are terminated",
    "CallbackWorkflow": "the next due delivery starts it again: to end deliveries, disable the endpoint",
    "AutomationWorkflow": "runs go on, but nothing looks whether one was left out: to end runs, use 'xsender "
    "automation'",
    "LeadWorkflow": "leads that have not ended are started again: those of a parked source when it is mended, "
    "the others after an hour",
    "LeadSourceWorkflow": "it is started again when its source is due",
    "OperationWorkflow": "it is started again after five minutes: to end an operation, use 'xsender operation cancel'",
}
SENDING = ("SendWorkflow", "BatchWorkflow")
"""Those whose messages a sweep ends where an operator ended the workflow."""
_RESET = (
    "what was done since the last workflow task is done again: messages that a gateway has are not sent twice, those "
    "of which it had not answered end as unknown"
)

SIGNALS = {
    "pause": ("SendWorkflow",),
    "resume": ("SendWorkflow",),
    "gateway_resumed": ("SendWorkflow",),
    "account_resumed": ("SendWorkflow",),
    "devices_reported": ("SendWorkflow",),
    "wake": ("CallbackWorkflow", "LeadWorkflow", "LeadSourceWorkflow"),
    "poke": ("AutomationWorkflow",),
}
"""Signals without a value that make a workflow look again, or pages wait, and which types have them."""


def effects(act: str, types: Iterable[str]) -> Sequence[str]:
    """In words, of each of these types that is ours."""
    named = sorted(set(types))
    if act == "terminate":
        return [f"{name}: {TERMINATED[name]}" for name in named if name in TERMINATED]
    if act == "reset":
        return [f"{name}: {_RESET}" for name in named if name in SENDING]
    return []
