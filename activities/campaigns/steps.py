"""The activities of the campaign workflow."""

from uuid import UUID

from temporalio import activity

from activities.dispatching.heartbeats import heartbeats
from domain.audience.campaigns.run import CampaignRun, CampaignStart, CampaignState, Slice, SliceRequest, Taken
from services.audience.campaigns.schedules import stop_repeating
from services.audience.campaigns.sending import CampaignSending


class Campaigns:
    """Each is safe to repeat."""

    def __init__(self, sending: CampaignSending) -> None:
        self._sending = sending

    @activity.defn(name="begin_campaign")
    async def begin(self, start: CampaignStart) -> CampaignRun | None:
        """The run that the workflow is for; ``None``: there is nothing to send."""
        info = activity.info()
        assert info.workflow_id is not None
        run = await self._sending.begin(start, info.workflow_id, f"{info.workflow_id} {info.workflow_run_id}")
        if run is None and not start.run_id and await self._sending.is_over(start):
            await stop_repeating(activity.client(), UUID(start.campaign_id))
        return run

    @activity.defn(name="take_campaign_people")
    async def take_people(self, run_id: str) -> Taken:
        """Note who gets it, and what it costs."""
        async with heartbeats():
            return await self._sending.take_people(UUID(run_id))

    @activity.defn(name="campaign_needs_approval")
    async def needs_approval(self, run_id: str) -> bool:
        """Whether it may not begin yet."""
        return await self._sending.needs_approval(UUID(run_id))

    @activity.defn(name="store_campaign_slice")
    async def store_slice(self, wanted: SliceRequest) -> Slice:
        """Store the next batch."""
        async with heartbeats():
            return await self._sending.store_slice(wanted)

    @activity.defn(name="decide_campaign")
    async def decide(self, run_id: str) -> str:
        """Which variant the rest gets."""
        async with heartbeats():
            return await self._sending.decide(UUID(run_id))

    @activity.defn(name="show_campaign")
    async def show(self, state: CampaignState) -> None:
        """Record what it is doing."""
        await self._sending.show(UUID(state.run_id), state.state)

    @activity.defn(name="finish_campaign")
    async def finish(self, state: CampaignState) -> bool:
        """End it if its batches have ended. Returns whether it has ended."""
        return await self._sending.finish(UUID(state.run_id), state.state, state.reason)
