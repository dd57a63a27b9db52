"""How the parts of the system are told of."""

from panel.rendering.words import Look, _

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
    "xsender-home": _("Sending by the one home"),
}
LEVELS: dict[str, Look] = {
    "failure": Look("bad", "circle-x", _("Does not work")),
    "warning": Look("warn", "triangle-alert", _("Needs care")),
    "ok": Look("good", "circle-check", _("Fine")),
}
BUILDS: dict[str, Look] = {
    "current": Look("good", "circle-check", _("Gets new work")),
    "ramping": Look("accent", "loader", _("Gets a part of new work")),
    "new": Look("calm", "clock", _("Not promoted yet")),
    "old": Look("calm", "archive", _("Gets no new work")),
}
LANES: dict[str, str] = {"transactional": _("Single messages"), "bulk": _("Batches")}
REASONS: dict[str, tuple[str, str]] = {
    "gateway": (_("A gateway: its rate, its answer, or another one"), "/panel/gateways"),
    "gateway_paused": (_("A gateway that is paused"), "/panel/gateways"),
    "sending_paused": (_("Sending that is paused"), "/panel/system#pauses"),
    "device": (_("A phone"), "/panel/devices"),
    "turn": (_("Their turn in a batch"), "/panel/batches"),
}
"""What messages wait for, and where somebody can look after it."""
WORKFLOWS: dict[str, Look] = {
    "running": Look("accent", "loader", _("Running")),
    "stuck": Look("bad", "triangle-alert", _("Stuck")),
    "failed": Look("bad", "circle-x", _("Failed")),
    "timed_out": Look("bad", "timer", _("Timed out")),
    "terminated": Look("calm", "ban", _("Terminated")),
    "cancelled": Look("calm", "x", _("Cancelled")),
    "completed": Look("good", "circle-check", _("Completed")),
}
TYPES: dict[str, str] = {
    "SendWorkflow": _("Sending of messages"),
    "BatchWorkflow": _("Batch"),
    "CampaignWorkflow": _("Campaign"),
    "AutomationWorkflow": _("Run of an automation"),
    "LeadWorkflow": _("Lead"),
    "LeadSourceWorkflow": _("Source of leads"),
    "ReceiptsWorkflow": _("Delivery reports"),
    "CallbackWorkflow": _("Callbacks"),
    "OperationWorkflow": _("Operation"),
}
ACTS: dict[str, tuple[str, str, str]] = {
    "reset": ("rotate-ccw", _("Reset"), _("They go on from their last task, on the code of now.")),
    "signal": ("bell", _("Signal"), _("Those that run look again.")),
    "terminate": ("ban", _("Terminate"), _("They end at once. What was to be sent by them is not sent.")),
}
"""Its icon, its name, and what it does."""
SIGNALS = ("wake", "poke", "pause", "resume", "gateway_resumed", "account_resumed", "devices_reported")
JOBS: dict[str, Look] = {
    "running": Look("accent", "loader", _("Running")),
    "done": Look("good", "circle-check", _("Done")),
    "failed": Look("bad", "circle-x", _("Failed")),
}
