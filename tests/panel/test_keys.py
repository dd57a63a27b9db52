"""API keys and the log of requests in the panel."""

import pytest

from tests.api.admin import Staff
from tests.api.log_in import Person, member
from tests.panel.browsing import Browsing, another_page
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User


async def test_a_key_is_made_used_looked_up_in_the_log_and_revoked(
    install: Stack, account: User, user: Person, browsing: Browsing
):
    page = await browsing.log_in(user)
    await page.goto("/panel/keys")
    async with another_page(page):
        await page.get_by_role("link", name="Make a key").click()
    await page.fill("#name", "Web shop")
    async with another_page(page):
        await page.get_by_role("button", name="Make the key").click()
    key = await page.locator(".code pre").first.inner_text()
    assert key in await page.locator(".code pre").last.inner_text()
    await browsing.check(page, "a new key")

    body = {"contact": [{"number": "12"}], "message": "Hello"}
    answer = await install.http.post("/api/sms/send", json=body, headers={"Api-key": key})
    assert answer.status_code == 422
    request_id = answer.headers["X-Request-Id"]
    async with another_page(page):
        await page.get_by_role("link", name="I have kept it").click()
    assert key not in await page.content()

    for _ in range(100):  # requests are logged within a second
        await page.goto(f"/panel/requests?path={request_id}")
        if await page.locator("tbody a.row").count():
            break
        await page.wait_for_timeout(100)
    async with another_page(page):
        await page.locator("tbody a.row").first.click()
    assert "curl -X POST" in await page.locator(".code pre").last.inner_text()
    await browsing.check(page, "a request")

    await page.goto("/panel/keys")
    row = page.locator("tbody tr", has_text="Web shop")
    await row.get_by_text("Revoke", exact=True).click()
    await browsing.check(page, "before a key is revoked")
    async with another_page(page):
        await row.get_by_role("button", name="Revoke it").click()
    assert (await install.http.get("/api/messages", headers={"Api-key": key})).status_code == 401


async def test_a_key_that_is_replaced_is_shown_once_and_not_kept(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        form = {"csrf": await token_of(client), "scope": ["read"], "channel": ["sms"], "lifetime": "7"}
        made = await client.post("/panel/keys/new", data=form)
        assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
        id_ = made.text.partition("xs_user_")[2][:12]
        rolled = await client.post(f"/panel/keys/{id_}/roll", data={"csrf": await token_of(client), "overlap": "0"})
        assert rolled.text.partition("xs_user_")[2][:12] not in ("", id_)
        nothing = await client.post(f"/panel/keys/{id_}/roll", data={"csrf": await token_of(client), "overlap": "0"})
        assert nothing.status_code == 409
        without = await client.post("/panel/keys/new", data={"csrf": await token_of(client), "scope": ["none"]})
        assert without.status_code == 403


@pytest.mark.parametrize(("role", "sees", "makes"), [("owner", True, True), ("auditor", True, False)])
async def test_who_of_staff_makes_keys(install: Stack, boss: Staff, role: str, sees: bool, makes: bool):
    person = await member(boss, role)
    async with signed_in(install, person) as client:
        page = await client.get("/panel/keys")
        assert (page.status_code == 200) == sees
        assert ("/panel/keys/new" in page.text) == makes
        user_id = (await boss.user())["id"]
        form = {"csrf": await token_of(client), "kind": "user", "owner": str(user_id), "scope": "send"}
        answer = await client.post("/panel/keys/new", data=form)
        assert answer.status_code == (200 if makes else 403)
