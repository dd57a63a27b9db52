"""A template is written and a campaign sends it, in a browser."""

import re

from tests.api.log_in import Person
from tests.panel.browsing import Browsing, another_page
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User


async def test_a_campaign_is_written_forecast_launched_and_counted(
    install: Stack, account: User, user: Person, browsing: Browsing
):
    people = [{"first_name": f"Ann {number}", "email": f"ann{number}@example.com"} for number in range(12)]
    bulk = await install.http.post("/api/contacts/bulk", json={"contacts": people}, headers=account.headers)
    assert bulk.status_code == 200, bulk.text
    page = await browsing.log_in(user)

    await page.goto("/panel/templates/new")
    await page.fill("#name", "Spring news")
    await page.fill('[name="email.subject"]', "Spring, {{ first_name }}")
    await page.fill('[name="email.html"]', "<h1>Spring</h1><p>Hello {{ first_name }}</p>")
    async with another_page(page):
        await page.get_by_role("button", name="Save the draft").click()
    await page.get_by_text("Spring, Ada").wait_for()
    await page.frame_locator("iframe").get_by_text("Hello Ada").wait_for()
    await browsing.check(page, "template")
    async with another_page(page):
        await page.get_by_role("button", name="Publish").click()

    await page.goto("/panel/campaigns/new?channel=email")
    await page.fill("#name", "Spring")
    await page.get_by_label("All contacts").check()
    await page.select_option("#purpose", "transactional")
    async with another_page(page):
        await page.get_by_role("button", name="Save, and see what it costs").click()
    assert await page.locator(".figure .value").first.inner_text() == "12"
    async with another_page(page):
        await page.get_by_role("button", name="Launch it").click()
    await page.get_by_text("Completed").wait_for()
    await page.get_by_text("12 / 12").wait_for()
    await browsing.check(page, "campaign")


async def test_what_is_missing_is_said_and_nothing_is_lost(user: Person, browsing: Browsing):
    page = await browsing.log_in(user)
    await page.goto("/panel/templates/new")
    await page.fill("#name", "Empty")
    await page.fill('[name="email.html"]', "<p>Hello</p>")
    async with another_page(page):
        await page.get_by_role("button", name="Save the draft").click()
    await page.get_by_text("/email/en/subject").wait_for()
    assert await page.input_value('[name="email.html"]') == "<p>Hello</p>"


async def test_a_time_that_is_over_is_refused_at_its_field(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        entered = {"csrf": await token_of(client), "name": "Sale", "channel": "sms", "purpose": "marketing"}
        entered |= {"template": "sale", "whom": "everyone", "schedule_at": "2020-01-01T10:00"}
        refused = await client.post("/panel/campaigns/new", data=entered)
    assert refused.status_code == 422
    assert re.search(r'class="wrong" id="schedule_at-told">.*This time is over', refused.text)
    assert 'value="2020-01-01T10:00"' in refused.text


async def test_a_draft_is_changed_and_keeps_what_only_programs_set(install: Stack, account: User, user: Person):
    window = {"days": [1], "from": "09:00", "to": "10:00"}
    audience = {"tags": ["vip"], "exclude": {"tags": ["old"], "segments": ["away"]}}
    draft = {"name": "Sale", "channel": "sms", "template": "sale", "purpose": "marketing", "audience": audience}
    made = await install.http.post(
        "/api/campaigns", json=draft | {"send_window": window, "per_minute": 60}, headers=account.headers
    )
    assert made.status_code == 200, made.text
    path = f"/panel/campaigns/{made.json()['data']['id']}"
    async with signed_in(install, user) as client:
        form = await client.get(f"{path}/change")
        assert 'value="vip"' in form.text
        assert 'value="old"' in form.text
        entered = {"csrf": await token_of(client), "name": "Summer sale", "channel": "sms", "purpose": "marketing"}
        entered |= {"template": "sale", "whom": "some", "tags": "vip, new", "without": "", "per_minute": ""}
        assert (await client.post(f"{path}/change", data=entered)).headers["location"] == path
        refused = await client.post(f"{path}/change", data=entered | {"name": "x" * 500})
        assert refused.status_code == 422
        assert "vip, new" in refused.text
    found = (await install.http.get(f"/api/campaigns/{path[-36:]}", headers=account.headers)).json()["data"]
    assert (found["name"], found["per_minute"], found["audience"]["tags"]) == ("Summer sale", None, ["vip", "new"])
    assert found["audience"]["exclude"] == {"tags": [], "groups": [], "segments": ["away"]}
    assert found["send_window"]["from"] == "09:00"
