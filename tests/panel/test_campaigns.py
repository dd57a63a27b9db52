"""A template is written and a campaign sends it, in a browser."""

from tests.api.log_in import Person
from tests.panel.browsing import Browsing, another_page
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
