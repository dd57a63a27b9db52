"""An automation is built, published, gone through, and changed, in a browser."""

from playwright.async_api import Page

from tests.api.log_in import Person
from tests.panel.browsing import Browsing, another_page
from tests.stack import Stack, User


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

    await page.locator(".plus").first.click()
    await page.get_by_role("link", name="Send a message").click()
    await page.select_option('[name="f.channel"]', "sms")
    await page.fill('[name="f.content.body"]', "Hello ")
    await page.get_by_role("button", name="Insert contact.first_name").click()
    assert await page.input_value('[name="f.content.body"]') == "Hello {{ contact.first_name }}"
    async with another_page(page):
        await page.get_by_role("button", name="Add it").click()

    await page.locator(".plus").nth(1).click()
    await page.get_by_role("link", name="Branch").click()
    await page.locator(".arm-fields").first.get_by_role("button", name="Tag").click()
    await page.locator('[name="arm.0.when.0.1.op"]:focus').wait_for()
    await page.get_by_role("button", name="Take this condition away").nth(1).click()
    await page.locator('[name="arm.0.when.0.1.op"]').wait_for(state="detached")
    await page.fill('[name="arm.0.name"]', "Berlin")
    await page.locator('[name="arm.0.when.0.0.field"]').focus()
    await page.get_by_role("button", name="Insert contact.city").click()
    await page.fill('[name="arm.0.when.0.0.value"]', "Berlin")
    async with another_page(page):
        await page.get_by_role("button", name="Add it").click()
    await page.locator(".plus").nth(2).click()  # in the first way
    await page.get_by_role("link", name="Wait For a while").click()
    await page.fill('[name="f.for"]', "1h")
    async with another_page(page):
        await page.get_by_role("button", name="Add it").click()
    await page.get_by_text("The step is added to the draft").wait_for()
    await browsing.check(page, "editor")

    await page.locator(".tabs").get_by_role("link", name="Test").click()
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
    made = await http.post("/api/contacts", json=ann, headers=headers)
    assert made.status_code == 200, made.text
    await page.locator(".page-head summary").first.click()
    await page.get_by_text("Let somebody in").click()
    await page.fill("#entering", "+14155550199")
    async with another_page(page):
        await page.get_by_role("button", name="Let it in").click()
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


async def test_an_automation_is_built_by_keyboard_alone(
    install: Stack, account: User, user: Person, browsing: Browsing
):
    definition = {"schema": "xsender.flow/1", "key": "keys", "name": "Keys", "trigger": {"kind": "manual"}}
    steps = [{"id": "tag1", "kind": "set", "tags": {"add": ["new"]}}]
    saved = await install.http.post("/api/automations", json=definition | {"steps": steps}, headers=account.headers)
    assert saved.status_code == 200, saved.text
    page = await browsing.log_in(user)
    await page.goto("/panel/automations/keys")
    await _enter(page, ".plus")
    await _enter(page, '.kind[href*="/add/wait?"]')
    await _reach(page, '[name="f.for"]')
    await page.keyboard.type("1h")
    async with another_page(page):
        await page.keyboard.press("Enter")
    await page.locator("#step-wait1").wait_for()
    await _enter(page, "#step-wait1 a")
    await _enter(page, '[name="do"][value="down"]')
    nodes = page.locator(".flow .node")
    assert [await nodes.nth(index).get_attribute("id") for index in range(2)] == ["step-tag1", "step-wait1"]
    await page.reload()  # so that Tab begins at the top again
    await page.locator("#content").focus()
    await _enter(page, '.button[href$="/publish"]')
    await _enter(page, "form[method=post] .button.primary")
    await page.get_by_text("Active").wait_for()


async def _enter(page: Page, selector: str) -> None:
    """Go there with Tab, and follow or press it."""
    await _reach(page, selector)
    async with another_page(page):
        await page.keyboard.press("Enter")


async def _reach(page: Page, selector: str) -> None:
    for _ in range(150):
        await page.keyboard.press("Tab")
        if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")
