"""Which workflow does the work of a message, a batch, a run of an automation or a lead, and where Temporal shows it."""

from typing import Literal
from urllib.parse import quote
from uuid import UUID

from domain.errors import NotFoundError
from domain.ids import automation_workflow_id, batch_workflow_id, lead_workflow_id, page_of, send_workflow_id
from runtime.settings import Settings
from store.leads import leads
from store.pool import Connections

Kind = Literal["message", "batch", "run", "lead"]


async def workflow_of(store: Connections, kind: Kind, object_id: UUID) -> str:
    """The id of the workflow. Whether Temporal has it is not looked at.

    Raises:
        NotFoundError: there is no such lead.
    """
    if kind == "message":
        return send_workflow_id(page_of(object_id))
    if kind == "batch":
        return batch_workflow_id(object_id)
    if kind == "run":
        return automation_workflow_id(object_id)
    lead = await leads.of_id(store, object_id)
    if lead is None:
        raise NotFoundError("lead_not_found", f"There is no lead {object_id}.")
    return lead_workflow_id(lead.source_id, lead.provider_id)


def web_page(settings: Settings, workflow_id: str, run_id: str) -> str | None:
    """Where Temporal's web interface shows a run; ``None``: the settings do not say where that is."""
    if not settings.temporal_ui:
        return None
    parts = ("namespaces", settings.temporal_namespace, "workflows", workflow_id, run_id, "history")
    return "/".join([settings.temporal_ui.rstrip("/"), *(quote(part, safe="") for part in parts)])
