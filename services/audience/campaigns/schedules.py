"""Schedules of campaigns that repeat."""

from datetime import timedelta
from uuid import UUID

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)
from temporalio.service import RPCError, RPCStatusCode

from domain.audience.campaigns.run import CampaignStart
from domain.errors import InvalidError
from domain.ids import campaign_schedule_id
from services.audience.campaigns.sending import plan_of
from store.accounts import accounts
from store.audience.campaigns.campaigns import Campaign
from store.pool import Connections

_CATCH_UP = timedelta(hours=1)
"""How late a campaign that repeats may begin after Temporal was away."""


async def repeat(store: Connections, client: Client, campaign: Campaign, queue: str) -> None:
    """Have a campaign sent at its times, from now on. ``queue``: the task queue of its workflows.

    Raises:
        InvalidError: its times cannot be read.
        RPCError: Temporal does not answer.
    """
    plan = plan_of(campaign)
    assert plan.repeat is not None, "only what repeats"
    zone = plan.repeat.time_zone or (await accounts.get(store, campaign.account_id)).time_zone
    action = ScheduleActionStartWorkflow(
        "CampaignWorkflow",
        CampaignStart(str(campaign.id), campaign.account_id),
        id=campaign_schedule_id(campaign.id),
        task_queue=queue,
    )
    schedule = Schedule(
        action=action,
        spec=ScheduleSpec(cron_expressions=[plan.repeat.cron], time_zone_name=zone),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
    )
    try:
        await client.create_schedule(campaign_schedule_id(campaign.id), schedule)
    except ScheduleAlreadyRunningError:
        pass
    except RPCError as error:
        if error.status == RPCStatusCode.INVALID_ARGUMENT:
            message = "write five fields: minute, hour, day, month, day of the week, such as 0 9 * * 1"
            raise InvalidError("cron", message, "/repeat/cron") from error
        raise


async def stop_repeating(client: Client, campaign_id: UUID) -> None:
    """Have a campaign sent no more."""
    try:
        await client.get_schedule_handle(campaign_schedule_id(campaign_id)).delete()
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
