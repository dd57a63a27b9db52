"""A campaign while it is sent: scheduled, paused, cancelled, approved, sent through another gateway, repeated."""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.client import ScheduleOverlapPolicy

from domain.ids import campaign_schedule_id
from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.campaigns.campaigns import call, data, holder, launched, people, plan, reaches, template
from tests.api.test_approvals import policy
from tests.api.test_attention import found
from tests.api.test_narrowed_keys import key_with
from tests.stack import Stack


async def test_it_waits_for_its_time_and_takes_its_people_then(stack: Stack):
    user, _ = await holder(stack)
    await template(stack, user)
    await people(stack, user, 3)
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    campaign = await launched(stack, user, schedule_at=soon)
    assert (await data(stack, user, "GET", f"/{campaign}"))["state"] == "scheduled"
    await people(stack, user, 2, start=100)
    await reaches(stack, user, campaign, "completed")
    (run,) = (await call(stack, user, "GET", f"/{campaign}/runs")).json()["data"]
    assert (run["people"], run["state"], run["credits"]) == (5, "completed", 5)
    assert run["started_at"] >= soon[:19]


async def test_whoever_belongs_to_it_at_its_launch_gets_it_if_that_is_wanted(stack: Stack):
    user, _ = await holder(stack)
    await template(stack, user)
    await people(stack, user, 3)
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    campaign = await launched(stack, user, schedule_at=soon, audience={"tags": ["spring"], "taken": "launch"})
    async with asyncio.timeout(20):
        while (await call(stack, user, "GET", f"/{campaign}/runs")).json()["data"][0]["people"] is None:
            await asyncio.sleep(0.02)
    await people(stack, user, 2, start=100)
    await reaches(stack, user, campaign, "completed")
    (run,) = (await call(stack, user, "GET", f"/{campaign}/runs")).json()["data"]
    assert run["people"] == 3


async def test_it_is_cancelled_before_its_time(stack: Stack):
    user, _ = await holder(stack)
    await template(stack, user)
    await people(stack, user, 1)
    campaign = await launched(stack, user, schedule_at="2027-06-01 10:00")
    assert_error(await call(stack, user, "DELETE", f"/{campaign}"), 409, "campaign_active")
    await data(stack, user, "POST", f"/{campaign}/cancel")
    await reaches(stack, user, campaign, "cancelled")
    assert_error(await call(stack, user, "POST", f"/{campaign}/resume"), 409, "campaign_ended")
    assert await data(stack, user, "DELETE", f"/{campaign}") is None


async def test_a_paused_one_goes_on_through_another_gateway(stack: Stack):
    user, slow = await holder(stack)
    fast = await stack.gateway(user.id, "sms", "sandbox", {})
    await template(stack, user)
    await people(stack, user, 12)
    campaign = await launched(stack, user, per_minute=6, gateway_identifier=slow)
    await reaches(stack, user, campaign, "running")
    await _sent(stack, user.id, 6)
    await data(stack, user, "POST", f"/{campaign}/pause")
    await reaches(stack, user, campaign, "paused")
    await data(stack, user, "POST", f"/{campaign}/switch-gateway", {"gateway_identifier": fast})
    assert_error(
        await call(stack, user, "POST", f"/{campaign}/switch-gateway", {"gateway_identifier": "none"}),
        404,
        "gateway_not_found",
    )
    await data(stack, user, "POST", f"/{campaign}/resume")
    await data(stack, user, "POST", f"/{campaign}/cancel")
    await reaches(stack, user, campaign, "cancelled")
    results = await data(stack, user, "GET", f"/{campaign}/results")
    assert results["variants"][0]["sent"] == 6


async def _sent(stack: Stack, account_id: int, count: int) -> None:
    async with asyncio.timeout(20):
        while True:
            async with stack.pool.connection() as conn:
                cursor = await conn.execute(
                    "select from messages where account_id = %s and state = 'sent'", (account_id,)
                )
                if cursor.rowcount >= count:
                    return
            await asyncio.sleep(0.05)


async def test_what_costs_more_waits_for_approval(stack: Stack):
    user, _ = await holder(stack)
    await template(stack, user)
    await people(stack, user, 4)
    campaign = await launched(stack, user, approve_above=3)
    await reaches(stack, user, campaign, "approval")
    assert (await data(stack, user, "GET", f"/{campaign}/results"))["waits_for"] == "account"
    assert (await found(stack, user))["campaign_waiting"] | {"since": None} == {
        **{"kind": "campaign_waiting", "level": "warning", "count": 1, "more": False, "since": None},
        **{"id": campaign, "name": "Spring", "message": "campaigns wait for your approval"},
        "remedy": "see what they cost, approve or cancel them",
    }
    assert_error(await call(stack, user, "POST", f"/{(await _draft(stack, user))}/approve"), 409, "campaign_draft")
    await data(stack, user, "POST", f"/{campaign}/approve")
    await reaches(stack, user, campaign, "completed")
    assert "campaign_waiting" not in await found(stack, user)
    assert (await data(stack, user, "GET", f"/{campaign}/results"))["waits_for"] is None
    assert_error(await call(stack, user, "POST", f"/{campaign}/approve"), 409, "campaign_ended")


async def _draft(stack: Stack, user) -> str:
    return (await data(stack, user, "POST", "", plan()))["id"]


async def test_the_staff_approves_what_its_policy_is_for(stack: Stack):
    user, _ = await holder(stack)
    owner = await admin(stack)
    await template(stack, user)
    await people(stack, user, 4)
    async with policy(owner, "batch", above=3):
        approved, denied = await launched(stack, user), await launched(stack, user)
        for campaign in (approved, denied):
            await reaches(stack, user, campaign, "approval")
            assert (await data(stack, user, "GET", f"/{campaign}/results"))["waits_for"] == "staff"
            assert_error(await call(stack, user, "POST", f"/{campaign}/approve"), 409, "approval_needed")
        assert "campaign_waiting" not in await found(stack, user), "it is not for them to approve"
        waiting = {one["targets"][0]["id"]: one for one in await owner.data("GET", "/approvals?state=pending")}
        assert (waiting[approved]["amount"], waiting[approved]["action"]) == (4, "campaign.launched")
        await owner.data("POST", f"/approvals/{waiting[approved]['id']}/approve")
        await owner.data("POST", f"/approvals/{waiting[denied]['id']}/deny", {"reason": "too many"})
        await reaches(stack, user, approved, "completed")
        await reaches(stack, user, denied, "cancelled")


async def test_one_that_repeats_is_sent_anew_to_those_who_belong_to_it_then(stack: Stack):
    user, _ = await holder(stack)
    await template(stack, user)
    await people(stack, user, 2)
    campaign = await launched(stack, user, repeat={"cron": "0 9 * * 1", "time_zone": "Europe/Berlin"})
    handle = stack.temporal.get_schedule_handle(campaign_schedule_id(campaign))
    described = await handle.describe()
    assert described.info.next_action_times
    for count in (2, 5):
        await handle.trigger(overlap=ScheduleOverlapPolicy.BUFFER_ONE)
        await _runs(stack, user, campaign, count)
        await people(stack, user, 3, start=100 * count)
    await data(stack, user, "POST", f"/{campaign}/pause")
    assert (await handle.describe()).schedule.state.paused
    assert (await data(stack, user, "POST", f"/{campaign}/resume"))["state"] == "scheduled"
    assert (await data(stack, user, "POST", f"/{campaign}/cancel"))["state"] == "cancelled"
    assert_error(await call(stack, user, "POST", f"/{campaign}/resume"), 409, "campaign_ended")


async def _runs(stack: Stack, user, campaign: str, people: int) -> None:
    """Wait for a run that has ended, of so many people."""
    async with asyncio.timeout(30):
        while True:
            found = (await call(stack, user, "GET", f"/{campaign}/runs")).json()["data"]
            if found and found[0]["state"] == "completed" and found[0]["people"] == people:
                assert (await data(stack, user, "GET", f"/{campaign}"))["state"] == "scheduled"
                return
            await asyncio.sleep(0.05)


async def test_times_that_no_schedule_knows_are_refused(stack: Stack):
    user, _ = await holder(stack)
    await template(stack, user)
    made = await data(stack, user, "POST", "", plan(repeat={"cron": "61 9 * * 1"}))
    assert_error(await call(stack, user, "POST", f"/{made['id']}/start"), 422, "cron", "/repeat/cron")
    assert (await data(stack, user, "GET", f"/{made['id']}"))["state"] == "draft"


async def test_a_key_that_may_not_send_launches_nothing(stack: Stack):
    user, _ = await holder(stack)
    reader = await key_with(stack, user, "contacts", "read")
    assert_error(await call(stack, reader, "GET"), 403, "scope_missing")
