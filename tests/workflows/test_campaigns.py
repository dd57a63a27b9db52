"""The campaign workflow with scripted steps: two batches at a time, its parts in order, and what it is told."""

from temporalio.testing import WorkflowEnvironment

from domain.audience.campaigns.run import REST, CampaignRun, Part
from tests.workflows.campaign_script import CampaignScript, sending, until

RUN = CampaignRun("01a22255-a97c-7a1d-a15c-df8c1820ca2a", parts=[Part(1)])
DAY = 86_400.0


async def test_slices_are_asked_for_in_order_each_with_its_own_number(env: WorkflowEnvironment):
    script = CampaignScript(RUN, slices={1: 5})
    async with sending(env, script) as sent:
        await sent.handle.result()
    assert [one.number for one in script.asked] == [1, 2, 3, 4, 5]
    assert script.ended is not None
    assert script.ended.state == "completed"


async def test_the_rest_gets_what_was_decided_after_its_time(env: WorkflowEnvironment):
    run = CampaignRun(RUN.run_id, parts=[Part(1, "a"), Part(2, "b")], decide_after=DAY)
    script = CampaignScript(run, slices={1: 1, 2: 1, REST: 2})
    async with sending(env, script) as sent:
        await sent.handle.result()
    assert [one.part for one in script.asked] == [Part(1, "a"), Part(2, "b"), Part(REST, "b"), Part(REST, "b")]
    assert script.states == ["running", "testing", "running"]


async def test_what_is_changed_counts_for_the_slices_that_follow(env: WorkflowEnvironment):
    run = CampaignRun(RUN.run_id, parts=[Part(1)], per_minute=5)
    script = CampaignScript(run, slices={1: 3})
    async with sending(env, script) as sent:
        await until(script, "running")
        await sent.change("1", "pause")
        await until(script, "paused")
        before = len(script.asked)
        await sent.change("2", "switch_gateway", "other")
        await sent.change("2", "switch_gateway", "repeated: is ignored")
        await sent.change("3", "resume")
        await sent.handle.result()
    assert {one.gateway for one in script.asked[:before]} <= {""}
    assert {one.gateway for one in script.asked[before:]} == {"other"}


async def test_it_waits_for_approval_and_may_be_cancelled_there(env: WorkflowEnvironment):
    script = CampaignScript(RUN, needs_approval=True)
    async with sending(env, script) as sent:
        await until(script, "approval")
        await sent.change("1", "approve")  # of the owner; the staff has not decided
        script.states.clear()
        await until(script, "approval")
        await sent.change("2", "cancel")
        await sent.handle.result()
    assert script.asked == []
    assert script.ended is not None
    assert script.ended.state == "cancelled"
