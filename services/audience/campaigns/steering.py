"""Starting a campaign that was launched, and changing one while it is sent."""

from contextlib import suppress
from datetime import timedelta
from typing import Literal
from uuid import UUID, uuid4

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.audience.campaigns.run import ENDED, CampaignChange, CampaignChangeKind, CampaignStart
from domain.errors import ConflictError, UnavailableError
from domain.ids import campaign_schedule_id, campaign_workflow_id
from runtime.search_attributes import attributes
from services.audience.campaigns.schedules import stop_repeating
from services.audience.campaigns.sending import plan_of
from services.workflow_calls import ChangeRefused, change_workflow
from store.audience.campaigns import approvals, campaigns
from store.audience.campaigns.campaigns import Campaign, Run
from store.pool import Connections
from workflows.policy import OPERATIONS_QUEUE

_START_SECONDS = 5.0


async def start(client: Client, campaign_id: UUID, account_id: int, run_id: UUID) -> None:
    """Start the workflow of a run, once.

    Raises:
        RPCError: Temporal does not answer. The workers' sweep starts it later.
    """
    with suppress(WorkflowAlreadyStartedError):
        await client.start_workflow(
            "CampaignWorkflow",
            CampaignStart(str(campaign_id), account_id, str(run_id)),
            id=campaign_workflow_id(run_id),
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            task_queue=OPERATIONS_QUEUE,
            rpc_timeout=timedelta(seconds=_START_SECONDS),
            search_attributes=attributes(lane="bulk", account=account_id),
        )


async def start_unstarted(store: Connections, client: Client, older_than_seconds: float) -> None:
    """Start runs whose API process died before it did, or met no Temporal."""
    for run_id, campaign_id, account_id in await campaigns.unstarted(store, older_than_seconds):
        await start(client, campaign_id, account_id, run_id)


async def steer(
    store: Connections, client: Client, campaign: Campaign, kind: CampaignChangeKind, gateway: str = ""
) -> Campaign:
    """Pause, resume, cancel or approve a campaign, or send its rest through another gateway.

    Raises:
        ConflictError: it was not launched, or has ended; or there is nothing to approve.
        UnavailableError: it has not begun yet, or no worker answers.
        RPCError: Temporal refused it.
    """
    if campaign.state == "draft":
        raise ConflictError("campaign_draft", "this campaign was not launched")
    if campaign.state in ENDED:
        raise _ended()
    runs = await campaigns.open_runs(store, campaign.id)
    repeats = plan_of(campaign).repeat is not None
    if kind == "approve":
        runs = [run for run in runs if run.state == "approval"]
        if not runs:
            raise ConflictError("nothing_to_approve", "this campaign does not wait for an approval")
        for run in runs:
            if await waits_for(store, run) == "staff":
                raise ConflictError("approval_needed", "this campaign waits for the approval of the staff")
            await campaigns.approve(store, run.id)
    elif repeats:
        await _steer_schedule(client, campaign, kind)
    elif not runs:
        raise _ended()
    for run in runs:
        await _change(store, client, run, CampaignChange(str(uuid4()), kind, gateway))
    if repeats and kind in _STATES and (kind == "cancel" or not runs):
        await campaigns.set_state(store, campaign.id, _STATES[kind])
    return await campaigns.get(store, campaign.account_id, campaign.id)


async def waits_for(store: Connections, run: Run) -> Literal["account", "staff"] | None:
    """Who must approve what a run costs; ``None``: nobody."""
    if run.state != "approval":
        return None
    return "staff" if await approvals.needs_staff(store, run.id) else "account"


_STATES: dict[CampaignChangeKind, str] = {"pause": "paused", "resume": "scheduled", "cancel": "cancelled"}


async def _steer_schedule(client: Client, campaign: Campaign, kind: CampaignChangeKind) -> None:
    handle = client.get_schedule_handle(campaign_schedule_id(campaign.id))
    match kind:
        case "pause":
            await handle.pause()
        case "resume":
            await handle.unpause()
        case "cancel":
            await stop_repeating(client, campaign.id)


async def _change(store: Connections, client: Client, run: Run, change: CampaignChange) -> None:
    try:
        await change_workflow(client, run.workflow_id, change)
    except ChangeRefused:
        if run.state != "stored":
            raise _ended() from None
        if change.kind != "cancel":
            raise UnavailableError("unavailable", "the campaign has not begun yet: try again") from None
        await campaigns.show_state(store, run.id, "cancelled", has_ended=True)


def _ended() -> ConflictError:
    return ConflictError("campaign_ended", "this campaign has ended, or is being cancelled")
