"""Staff and the users of an install, in the panel."""

from tests.api.admin import Staff
from tests.api.log_in import Person, member
from tests.panel.browsing import Browsing, another_page


async def test_staff_adds_a_user_tops_it_up_and_suspends_it(boss: Staff, owner: Person, browsing: Browsing):
    page = await browsing.log_in(owner)
    async with another_page(page):
        await page.get_by_role("link", name="Users").click()
    async with another_page(page):
        await page.get_by_role("link", name="Add").first.click()
    await page.fill("#name", "Acme & <Sons>")
    await page.fill("#email", "no address")
    await page.evaluate("document.querySelector('#email').type = 'text'")
    async with another_page(page):
        await page.get_by_role("button", name="Add the user").click()
    assert await page.input_value("#name") == "Acme & <Sons>"
    await page.locator("#email[aria-invalid]").wait_for()
    await page.fill("#email", f"office@{owner.id}.example.com")
    async with another_page(page):
        await page.get_by_role("button", name="Add the user").click()
    account = page.url.rpartition("/")[2]
    await page.get_by_role("heading", name="Acme & <Sons>").wait_for()

    await page.fill("#amount", "750")
    await page.fill("#reason", "Invoice 7")
    async with another_page(page):
        await page.get_by_role("button", name="Move the credits").click()
    await page.get_by_text("The credits are moved.").wait_for()
    await page.get_by_text("+750").wait_for()
    assert (await boss.data("GET", f"/users/{account}/credits"))["sms"]["available"] == 750

    await page.get_by_label("More actions").click()
    async with another_page(page):
        await page.get_by_role("link", name="Suspend").click()
    async with another_page(page):
        await page.get_by_role("button", name="Suspend the user").click()
    await page.get_by_text("Suspended", exact=True).wait_for()
    await browsing.check(page, "a suspended user")
    assert (await boss.data("GET", f"/users/{account}"))["state"] == "suspended"


async def test_what_staff_may_not_do_is_not_offered_and_not_done(boss: Staff, browsing: Browsing):
    user = await boss.user()
    page = await browsing.log_in(await member(boss, "support"))
    await page.goto("/panel/users")
    assert await page.get_by_role("link", name="Add a user").count() == 0
    await page.goto(f"/panel/users/{user['id']}")
    assert await page.get_by_role("button", name="Move the credits").count() == 0
    token = await page.locator("input[name=csrf]").first.get_attribute("value")
    form = {"csrf": token or "", "channel": "sms", "amount": "5"}
    refused = await page.request.post(f"/panel/users/{user['id']}/credits", form=form)
    assert refused.status == 403
    foreign = await page.request.post(f"/panel/users/{user['id']}/credits", form={"channel": "sms", "amount": "5"})
    assert foreign.status == 403
    assert (await boss.data("GET", f"/users/{user['id']}/credits"))["sms"]["available"] == 0
