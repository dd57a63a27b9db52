"""Campaigns with several texts, a test, a holdout and a goal; and people who cannot be sent to."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.api.campaigns.campaigns import call, data, holder, launched, people, reaches, recorded_event, template
from tests.segments import new_contact
from tests.stack import Stack

VARIANTS = [
    {"key": "a", "template": "a", "share": 1},
    {"key": "b", "template": "b", "share": 3},
]


async def _two_texts(stack: Stack):
    user, _ = await holder(stack)
    await template(stack, user, "a", sms={"en": {"message": "A"}})
    await template(stack, user, "b", sms={"en": {"message": "B"}})
    return user


async def test_variants_get_their_shares_and_a_holdout_gets_nothing(stack: Stack):
    user = await _two_texts(stack)
    ids = await people(stack, user, 400)
    campaign = await launched(
        stack, user, template=None, variants=VARIANTS, holdout=25, goal={"event": "bought", "within": "1d"}
    )
    await reaches(stack, user, campaign, "completed")
    for contact in ids:
        await recorded_event(stack, user.id, contact, "bought")
    results = await data(stack, user, "GET", f"/{campaign}/results")
    by = {one["variant"]: one for one in results["variants"]}
    assert by["a"]["sent"] + by["b"]["sent"] + by["held_out"]["people"] == 400
    assert 70 <= by["held_out"]["people"] <= 130
    assert 2.0 < by["b"]["sent"] / by["a"]["sent"] < 4.5
    assert [by[key]["goal"] for key in ("a", "b", "held_out")] == [by[key]["people"] for key in ("a", "b", "held_out")]
    assert by["held_out"]["sent"] == 0


async def test_the_rest_gets_the_variant_that_did_best(stack: Stack):
    user = await _two_texts(stack)
    await people(stack, user, 200)
    campaign = await launched(
        stack,
        user,
        template=None,
        variants=VARIANTS,
        goal={"event": "bought", "within": "1d"},
        test={"percent": 40, "by": "goal", "after": "5s"},
    )
    await reaches(stack, user, campaign, "testing")
    async with stack.pool.connection() as conn:
        rows = await (
            await conn.execute(
                """select p.contact_id from campaign_people p join campaign_runs r on r.id = p.run_id
                   where r.campaign_id = %s and p.part = 1""",
                (campaign,),
            )
        ).fetchall()
    for (contact,) in rows:  # of a only
        await recorded_event(stack, user.id, str(contact), "bought")
    await reaches(stack, user, campaign, "completed", timeout=90)
    results = await data(stack, user, "GET", f"/{campaign}/results")
    by = {one["variant"]: one for one in results["variants"]}
    assert results["winner"] == "a"
    assert by["a"]["sent"] + by["b"]["sent"] == 200
    assert by["b"]["sent"] < 100 < by["a"]["sent"]


async def test_whoever_lacks_a_variable_or_an_address_is_left_out_with_the_reason(stack: Stack):
    user, _ = await holder(stack)
    await template(stack, user)
    await people(stack, user, 3)
    nameless = await new_contact(stack.pool, user.id, phone="+14155550777", tags=["spring"])
    await new_contact(stack.pool, user.id, tags=["spring"])  # no phone at all: not of the audience
    campaign = await launched(stack, user)
    await reaches(stack, user, campaign, "completed")
    (one,) = (await call(stack, user, "GET", f"/{campaign}/left-out")).json()["data"]
    assert (one["contact_id"], one["code"]) == (nameless, "missing_field")
    (variant,) = (await data(stack, user, "GET", f"/{campaign}/results"))["variants"]
    assert (variant["people"], variant["left_out"], variant["sent"]) == (4, 1, 3)


async def test_a_contact_that_takes_too_long_costs_the_others_nothing(stack: Stack):
    user, _ = await holder(stack)
    await template(
        stack,
        user,
        sms={"en": {"message": "{% for i in (1..many) %}{% for j in (1..many) %}{% endfor %}{% endfor %}Hi"}},
    )
    ids = [
        await new_contact(
            stack.pool, user.id, phone=f"+1415555{n:04}", tags=["spring"], fields={"many": 100_000 if n == 3 else 1}
        )
        for n in range(6)
    ]
    campaign = await launched(stack, user)
    await reaches(stack, user, campaign, "completed")
    (one,) = (await call(stack, user, "GET", f"/{campaign}/left-out")).json()["data"]
    assert one["contact_id"] == ids[3]
    (variant,) = (await data(stack, user, "GET", f"/{campaign}/results"))["variants"]
    assert (variant["left_out"], variant["sent"]) == (1, 5)


async def test_messages_wait_for_the_window_in_the_zone_of_each(stack: Stack):
    user, _ = await holder(stack)
    await template(stack, user)
    now = datetime.now(UTC)
    begins = (now + timedelta(hours=3)).replace(minute=0)  # it is more than an hour off, east of it, too
    if begins.hour > 20 or begins.date() != now.date():  # the window stays within a day
        begins = now.replace(hour=3, minute=0)
    window = {"from": f"{begins:%H:%M}", "to": f"{begins + timedelta(hours=1):%H:%M}"}
    await new_contact(stack.pool, user.id, phone="+14155550001", first_name="A", tags=["spring"], time_zone="UTC")
    await new_contact(stack.pool, user.id, phone="+14155550002", first_name="B", tags=["spring"], time_zone="Etc/GMT-1")
    campaign = await launched(stack, user, send_window=window)
    await reaches(stack, user, campaign, "running")
    async with asyncio.timeout(20):
        while True:
            async with stack.pool.connection() as conn:
                rows = await (
                    await conn.execute(
                        "select recipient, schedule_at from messages where account_id = %s order by recipient",
                        (user.id,),
                    )
                ).fetchall()
            if len(rows) == 2:
                break
            await asyncio.sleep(0.05)
    (_, in_utc), (_, east) = rows
    assert in_utc.strftime("%H:%M") == window["from"]
    assert in_utc - east == timedelta(hours=1)
    await data(stack, user, "POST", f"/{campaign}/cancel")
    await reaches(stack, user, campaign, "cancelled")


async def test_nobody_in_two_slices_and_nobody_who_must_not_be_sent_to(stack: Stack):
    user, _ = await holder(stack)
    await template(stack, user)
    await people(stack, user, 30)
    body = {"channel": "sms", "recipient": "+14155550004", "reason": "asked us"}
    answer = await stack.http.post("/api/suppressions", headers=user.headers, json=body)
    assert answer.status_code == 200, answer.text
    campaign = await launched(stack, user, per_minute=100_000, audience={"tags": ["spring"], "exclude": {"groups": []}})
    await reaches(stack, user, campaign, "completed")
    (variant,) = (await data(stack, user, "GET", f"/{campaign}/results"))["variants"]
    assert (variant["sent"], variant["rejected"]) == (29, 1)
