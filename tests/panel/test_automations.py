"""An automation is built, published, gone through, and changed, in a browser."""

from tests.api.log_in import Person
from tests.panel.browsing import Browsing, another_page
from tests.stack import Stack, User

BERLIN = {"arm__0__when__0__0__field": "contact.city", "arm__0__when__0__0__value": "Berlin"}


async def test_an_automation_is_built_published_gone_through_and_changed(
    install: Stack, account: User, user: Person, browsing: Browsing
):
    http, headers = install.http, account.headers
    field = await http.post("/api/contact-fields", json={"key": "city", "type": "text"}, headers=headers)
    assert field.status_code == 200, field.text
    page = await browsing.log_in(user)
    await page.goto("/panel/automations/new")
    await page.fill("#name", "Welcome")
    async with another_page(page):
        await page.get_by_role("button", name="Begin with nothing").click()

    async def add(at: int, kind: str, **fields: str) -> None:
        await page.locator(".plus").nth(at).click()
        await page.get_by_role("link", name=kind).click()
        for name, value in fields.items():
            box = page.locator(f'[name="{name.replace("__", ".")}"]')
            if await box.evaluate("element => element.tagName") == "SELECT":
                await box.select_option(value)
            else:
                await box.fill(value)
        async with another_page(page):
            await page.get_by_role("button", name="Add it").click()
        await page.get_by_text("The step is added to the draft").wait_for()

    await add(0, "Send a message", f__channel="sms", f__content__body="Hello {{ contact.first_name }}")
    await add(1, "Branch", arm__0__name="Berlin", **BERLIN)
    await add(2, "Wait For a while", f__for="1h")  # in the first way
    await browsing.check(page, "editor")

    await page.get_by_role("link", name="Test", exact=True).click()
    await page.fill("#contact", '{"first_name": "Bob", "phone": "+14155550188", "fields": {"city": "Berlin"}}')
    async with another_page(page):
        await page.get_by_role("button", name="Test it").click()
    await page.get_by_text("Hello Bob").wait_for()
    assert await page.locator("#step-branch1.taken").count() == 1
    assert await page.locator(".arm.taken").get_attribute("aria-label") == "Berlin"
    await browsing.check(page, "test")

    await page.get_by_role("link", name="Publish").click()
    await page.get_by_text("It is published for the first time").wait_for()
    async with another_page(page):
        await page.get_by_role("button", name="Publish it").click()
    await page.get_by_text("Active").wait_for()

    ann = {"first_name": "Ann", "phone": "+14155550199", "fields": {"city": "Berlin"}}
    contact = (await http.post("/api/contacts", json=ann, headers=headers)).json()["data"]["id"]
    entered = await http.post("/api/automations/welcome/runs", json={"contact": contact}, headers=headers)
    assert entered.status_code == 200, entered.text

    await page.goto("/panel/automations/welcome/runs")
    await page.locator("a.row").click()
    await page.get_by_text("Waits here: wait1").wait_for()
    assert await page.locator("#step-branch1.taken").count() == 1
    assert await page.locator("#step-wait1.here").count() == 1

    await page.goto("/panel/automations/welcome/steps/wait1")
    await page.fill('[name="f.for"]', "2h")
    async with another_page(page):
        await page.get_by_role("button", name="Save").click()
    await page.get_by_role("link", name="Publish").click()
    await page.get_by_text("People inside").wait_for()
    assert await page.locator("del").inner_text() == "1h"
    async with another_page(page):
        await page.get_by_role("button", name="Publish it").click()
    run = (await http.get("/api/automations/welcome/runs", headers=headers)).json()["data"][0]
    assert (run["state"], run["step"]) == ("waiting", "wait1")
