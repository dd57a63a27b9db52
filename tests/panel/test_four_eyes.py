"""Credits that two people must agree to, and those that users ask for, in a browser."""

from tests.api.admin import Staff
from tests.api.log_in import Person, member
from tests.panel.browsing import Browsing, another_page
from tests.panel.money_seeds import money
from tests.stack import Stack, User


async def test_a_large_top_up_is_made_when_a_second_person_approves(boss: Staff, browsing: Browsing):
    user = await boss.user()
    first, second = await member(boss, "finance"), await member(boss, "finance")
    await boss.data("PUT", "/approval-policies/top_up", {"above": 500})
    try:
        page = await browsing.log_in(first)
        await page.goto(f"/panel/users/{user['id']}")
        await page.fill("#amount", "1000")
        await page.fill("#reason", "Invoice 18")
        async with another_page(page):
            await page.get_by_role("button", name="Move the credits").click()
        await page.get_by_text("Somebody else must approve this first").wait_for()
        async with another_page(page):
            await page.get_by_role("link", name="Approvals").click()
        async with another_page(page):
            await page.get_by_role("link", name="Credits for a user").first.click()
        await page.get_by_text("You asked for this").wait_for()
        assert await page.get_by_role("button", name="Approve").count() == 0
        await browsing.check(page, "an approval of one's own")
        assert (await boss.data("GET", f"/users/{user['id']}/credits"))["sms"]["available"] == 0

        other = await browsing.log_in(second)
        await other.goto(page.url)
        await other.get_by_text(first.email).first.wait_for()
        await other.get_by_text("Invoice 18").wait_for()
        await other.locator("dd", has_text="SMS").wait_for()
        async with another_page(other):
            await other.get_by_role("button", name="Approve, and do it now").click()
        await other.get_by_text("It is approved, and done.").wait_for()
        await browsing.check(other, "an approval that was given")
    finally:
        await boss.data("DELETE", "/approval-policies/top_up")
    assert (await boss.data("GET", f"/users/{user['id']}/credits"))["sms"]["available"] == 1000


async def test_a_user_asks_for_credits_with_a_proof_and_staff_grants_fewer(
    boss: Staff, account: User, user: Person, owner: Person, browsing: Browsing
):
    before = (await boss.data("GET", f"/users/{account.id}/credits"))["sms"]["available"]
    page = await browsing.log_in(user)
    await page.goto("/panel/credits")
    await page.fill("#amount", "1000")
    await page.fill("#note", "Invoice 17")
    receipt = {"name": "receipt.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF"}
    await page.set_input_files("#proof", receipt)  # type: ignore[arg-type] # a mapping that playwright takes
    async with another_page(page):
        await page.get_by_role("button", name="Ask for credits").click()
    await page.get_by_text("Your request waits for a decision.").wait_for()

    staff = await browsing.log_in(owner)
    (request,) = await boss.data("GET", f"/credits/requests?user={account.id}")
    await staff.goto(f"/panel/credit-requests/{request['id']}")
    proof = await staff.request.get(f"/panel/credit-requests/{request['id']}/proof")
    assert await proof.body() == b"%PDF-1.4\n%%EOF"
    assert proof.headers["content-disposition"].startswith("attachment")
    await staff.fill("#amount", "900")
    async with another_page(staff):
        await staff.get_by_role("button", name="Grant the credits").click()
    await staff.get_by_text("The credits are granted.").wait_for()
    assert (await boss.data("GET", f"/users/{account.id}/credits"))["sms"]["available"] == before + 900


async def test_roles_see_only_their_pages(install: Stack, boss: Staff, account: User, browsing: Browsing):
    seeded = await money(install, boss, account)
    page = await browsing.log_in(await member(boss, "support"))
    entries = await page.locator(".sidebar a.entry").all_inner_texts()
    assert {"Users", "Messages", "Gateways"} <= set(entries)
    assert not {"Plans", "Credit requests", "Settings", "Staff", "Roles", "Approvals", "Audit log"} & set(entries)
    for path in ("/panel/settings", "/panel/staff", "/panel/audit", f"/panel/system/operations/{seeded.operation}"):
        assert (await page.request.get(path)).status == 403, path
    token = await page.locator("input[name=csrf]").first.get_attribute("value") or ""
    for path in (
        "/panel/plans/add",
        f"/panel/credit-requests/{seeded.request}/approve",
        f"/panel/staff/{seeded.staff}/remove",
        "/panel/settings/general",
        "/panel/system/pause",
        "/panel/roles/helpdesk",
        f"/panel/users/{seeded.account}/suspend",
    ):
        answer = await page.request.post(path, form={"csrf": token, "reason": "x", "amount": "1"})
        assert answer.status == 403, path
