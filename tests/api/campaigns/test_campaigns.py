"""Campaigns over HTTP: saved, forecast, launched, and sent once to each of their people."""

from datetime import UTC, datetime, timedelta

from tests.api.answers import assert_error
from tests.api.campaigns.campaigns import call, data, holder, people, plan, reaches, template
from tests.segments import new_contact
from tests.stack import Stack


async def test_a_campaign_is_saved_changed_launched_and_sent_once_to_each(stack: Stack):
    user, _ = await holder(stack)
    await template(stack, user)
    ids = await people(stack, user, 25)
    await new_contact(stack.pool, user.id, phone="+14155559999", first_name="Other")
    made = await data(stack, user, "POST", "", plan())
    assert (made["state"], made["name"], made["purpose"]) == ("draft", "Spring", "marketing")
    changed = await data(stack, user, "PATCH", f"/{made['id']}", {"name": "Spring!"})
    assert changed["name"] == "Spring!"
    forecast = await data(stack, user, "POST", f"/{made['id']}/forecast")
    assert forecast == {"people": 25, "held_out": 0, "credits": 25}
    assert (await data(stack, user, "POST", f"/{made['id']}/start"))["state"] == "scheduled"
    assert_error(await call(stack, user, "POST", f"/{made['id']}/start"), 409, "campaign_launched")
    await reaches(stack, user, made["id"], "completed")
    results = await data(stack, user, "GET", f"/{made['id']}/results")
    (variant,) = results["variants"]
    assert (variant["people"], variant["sent"], variant["left_out"], variant["credits"]) == (25, 25, 0, 25)
    async with stack.pool.connection() as conn:
        sent = await (await conn.execute("select recipient from messages where account_id = %s", (user.id,))).fetchall()
    assert len(sent) == len({recipient for (recipient,) in sent}) == len(ids) == 25


async def test_a_campaign_whose_time_is_over_is_not_saved_nor_launched(stack: Stack):
    user, _ = await holder(stack)
    await template(stack, user)
    await people(stack, user, 1)
    over = "2020-01-01 10:00"
    past = 422, "schedule_past", "/schedule_at"
    assert_error(await call(stack, user, "POST", "", plan(schedule_at=over)), *past)
    assert_error(await call(stack, user, "POST", "", plan(schedule_at="soon")), 422, "schedule_form", "/schedule_at")
    made = await data(stack, user, "POST", "", plan(schedule_at="2027-06-01 10:00"))
    path = f"/{made['id']}"
    assert_error(await call(stack, user, "PATCH", path, {"schedule_at": over}), *past)
    async with stack.pool.connection() as conn:  # time goes by
        await conn.execute(
            "update campaigns set plan = plan || jsonb_build_object('schedule_at', %s::text) where id = %s",
            (over, made["id"]),
        )
    for what in ("forecast", "start", "start?dry_run=true"):
        assert_error(await call(stack, user, "POST", f"{path}/{what}"), *past)
    assert (await data(stack, user, "PATCH", path, {"name": "Later"}))["state"] == "draft"
    assert (await data(stack, user, "PATCH", path, {"schedule_at": None}))["schedule_at"] is None
    assert (await data(stack, user, "POST", f"{path}/start"))["state"] == "scheduled"


async def test_a_time_that_was_a_moment_ago_means_at_once(stack: Stack):
    """Forms have whole minutes: who chooses this one means now."""
    user, _ = await holder(stack)
    await template(stack, user)
    await people(stack, user, 1)
    minute = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    made = await data(stack, user, "POST", "", plan(schedule_at=minute))
    await data(stack, user, "POST", f"/{made['id']}/start")
    await reaches(stack, user, made["id"], "completed")
