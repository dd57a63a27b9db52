"""What failed is retried once its cause is mended."""

from tests.api.log_in import Person
from tests.panel.browsing import Browsing, another_page
from tests.stack import Stack, User


async def test_failed_messages_are_sent_again_once_there_is_credit(
    install: Stack, account: User, user: Person, browsing: Browsing
):
    http, headers = install.http, account.headers
    body = {"contact": [{"number": "+14155550123", "body": "Hello"}, {"number": "+14155550124", "body": "Hello"}]}
    blocked = [{"channel": "sms", "recipient": one["number"]} for one in body["contact"]]
    for each in blocked:
        assert (await http.post("/api/suppressions", json=each, headers=headers)).status_code == 200
    sent = await http.post("/api/sms/send", json=body, headers=headers)
    assert sent.status_code == 200, sent.text
    uid = sent.json()["data"][0]["uid"]

    page = await browsing.log_in(user)
    await page.goto(f"/panel/messages/{uid}")
    await page.get_by_text("Rejected").first.wait_for()
    for each in blocked:
        assert (await http.post("/api/suppressions/remove", json=each, headers=headers)).status_code == 200
    await page.goto("/panel/failures")
    await page.get_by_role("link", name="Retry").click()
    await page.get_by_text("2 messages").wait_for()
    await browsing.check(page, "replay")
    async with another_page(page):
        await page.get_by_role("button", name="Retry").click()
    await page.get_by_text("Done").wait_for()
    await page.goto("/panel/messages")
    async with another_page(page):  # the whole row leads to it, not only its name
        await page.locator("tbody tr").filter(has_text="+14155550123").get_by_text("SMS", exact=True).click()
    assert page.url.endswith(f"/panel/messages/{uid}")
    await page.get_by_text("sandbox-sms accepted it").wait_for()
