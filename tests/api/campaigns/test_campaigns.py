"""Campaigns over HTTP: saved, forecast, launched, and sent once to each of their people."""

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
