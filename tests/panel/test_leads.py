"""A source is connected, a lead arrives, becomes a contact, and is answered."""

import asyncio
import re

from tests.api.log_in import Person
from tests.panel.browsing import Browsing, another_page
from tests.stack import Stack, User


async def test_a_lead_arrives_and_is_answered(install: Stack, account: User, user: Person, browsing: Browsing):
    texts = {"name": "Reply", "missing": "empty", "sms": {"en": {"message": "Thank you, {{ first_name }}"}}}
    http, headers = install.http, account.headers
    assert (await http.put("/api/templates/reply", json=texts, headers=headers)).status_code == 200
    assert (await http.post("/api/templates/reply/publish", json={}, headers=headers)).status_code == 200
    page = await browsing.log_in(user)
    await page.goto("/panel/leads/sources/new?kind=form")
    await page.fill("#name", "Web form")
    await page.select_option("#reply_template", "reply")
    await page.select_option("#reply_channel", "sms")
    async with another_page(page):
        await page.get_by_role("button", name="Connect it").click()
    address = await page.locator("[data-copy]").first.get_attribute("data-copy")
    assert address is not None
    lead = {"first_name": "Lena", "email": "lena@example.com", "phone": "+14155550177"}
    posted = await http.post(re.sub(r"^https?://[^/]+", "", address), json=lead)
    assert posted.status_code == 200, posted.text
    path = f"/api/leads/{posted.json()['data']['id']}"

    await page.goto("/panel/leads")
    await page.locator("a.row").click()
    await page.get_by_text("Lena", exact=True).wait_for()
    await browsing.check(page, "lead")
    async with asyncio.timeout(30):
        while not (await http.get(path, headers=headers)).json()["data"]["reply_uid"]:
            await asyncio.sleep(0.1)
    await page.reload()
    await page.get_by_role("link", name="The reply").click()
    await page.get_by_text("sandbox-sms accepted it").wait_for()
