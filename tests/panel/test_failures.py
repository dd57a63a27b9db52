"""What failed is retried once its cause is mended."""

from datetime import UTC, datetime

import pytest

from tests.api.log_in import Person
from tests.leads_made import new_lead, new_source
from tests.panel.browsing import Browsing, another_page
from tests.panel.test_forms import signed_in
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


@pytest.mark.parametrize("path", ["/panel/", "/panel/failures"])
async def test_a_cause_without_a_reason_is_a_sentence_with_the_name_of_its_source(
    install: Stack, account: User, user: Person, path: str
):
    source = await new_source(install.pool, account.id)
    await new_lead(install.pool, source, state="failed", code="mapping", ended_at=datetime.now(UTC))
    async with signed_in(install, user) as client:
        page = (await client.get(path)).text
    assert ">Leads that failed<" in page
    assert source.name in page
    assert f">{source.key}" not in page
