"""Links of campaigns: short ones, their parameters, and clicks of people and programs in the results."""

import asyncio

from tests.api.campaigns.campaigns import call, holder, launched, people, reaches, template
from tests.api.links.helpers import PEOPLE, long_ago
from tests.stack import Stack

URL = "https://shop.example.com/"


async def test_links_have_the_campaigns_parameters_and_only_people_count(stack: Stack):
    user, _ = await holder(stack)
    settings = {"utm": {"source": "xs", "campaign": "usual"}, "shorten_links": True}
    answer = await stack.http.put("/api/link-settings", headers=user.headers, json=settings)
    assert answer.status_code == 200, answer.text
    async with stack.pool.connection() as conn:  # the install has no public URL: links begin with a domain
        await conn.execute(
            """insert into link_domains (account_id, domain, token, target, state)
               values (%s, %s, '', 'send.example.com', 'verified')""",
            (user.id, domain := f"l{user.id}.test"),
        )
    await template(stack, user, sms={"en": {"message": f"Look: {URL}"}})
    await people(stack, user, 2)
    campaign = await launched(stack, user, utm={"campaign": "spring"})
    await reaches(stack, user, campaign, "completed")
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            """select l.uid, l.code, l.url from short_links l join messages m on m.uid = l.uid
               where m.account_id = %s order by l.uid""",
            (user.id,),
        )
        made = await cursor.fetchall()
    target = f"{URL}?utm_source=xs&utm_campaign=spring"
    assert [url for _, _, url in made] == [target, target]
    agents = (PEOPLE["user-agent"], "WhatsApp/2.24")
    for (uid, code, _), agent in zip(made, agents, strict=True):
        await long_ago(stack, str(uid))
        onward = await stack.http.get(f"/{code}", headers={"host": domain, "user-agent": agent})
        assert onward.headers["location"] == target
    results = await until_clicked(stack, user, campaign)
    assert results["links"] == [{"url": target, "clicks": 1, "people": 1}]


async def until_clicked(stack: Stack, user, campaign: str) -> dict:
    async with asyncio.timeout(10):
        while True:
            answer = await call(stack, user, "GET", f"/{campaign}/results")
            found = answer.json()["data"]
            if found["links"]:
                return found
            await asyncio.sleep(0.1)
