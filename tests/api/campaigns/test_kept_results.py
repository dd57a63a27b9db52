"""How a campaign did stays when its messages, receipts and events are dropped."""

from datetime import UTC, datetime, timedelta

from services.audience.campaigns.keeping import keep_results
from tests.api.campaigns.campaigns import data, holder, launched, people, reaches, recorded_event, template
from tests.stack import Stack

URL = "https://shop.example/sale"


async def test_results_outlive_what_they_are_counted_from(stack: Stack):
    user, _ = await holder(stack)
    await template(stack, user)
    contacts = await people(stack, user, 3)
    campaign = await launched(stack, user, goal={"event": "bought", "within": "1d"})
    await reaches(stack, user, campaign, "completed")
    await recorded_event(stack, user.id, contacts[0], "bought")
    async with stack.pool.connection() as conn:
        await conn.execute(
            """insert into receipts (uid, key, kind, url, at)
               select uid, gen_random_uuid(), 'clicked',
                      %(url)s || case row_number() over () when 1 then '?of=one' else '' end, now()
               from messages where account_id = %(user)s""",
            {"url": URL, "user": user.id},
        )
    before = await data(stack, user, "GET", f"/{campaign}/results")
    (numbers,) = before["variants"]
    assert (numbers["sent"], numbers["clicked"], numbers["goal"], numbers["credits"]) == (3, 3, 1, 3)
    assert len(before["links"]) == 2

    await keep_results(stack.pool, datetime.now(UTC) + timedelta(minutes=1))
    assert await data(stack, user, "GET", f"/{campaign}/results") == before
    async with stack.pool.connection() as conn:
        for statement in (
            "delete from receipts where uid = any(array(select uid from messages where account_id = %s))",
            "delete from messages where account_id = %s",
            "delete from contact_events where account_id = %s",
        ):
            await conn.execute(statement, (user.id,))
    after = await data(stack, user, "GET", f"/{campaign}/results")
    assert after["variants"] == before["variants"]
    assert after["links"] == [{"url": URL, "clicks": 2, "people": 2}]
