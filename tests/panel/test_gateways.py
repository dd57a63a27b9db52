"""Gateways in the panel: one is added by its form, sends, is changed, paused and deleted."""

import pytest
from playwright.async_api import Page

from tests.api.admin import Staff
from tests.api.log_in import Person
from tests.gateways.fake_smtp import mail_server
from tests.panel.browsing import Browsing, another_page
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User

SECRET = "not-to-be-shown-again"


async def test_a_mail_server_is_added_and_sends(
    boss: Staff, account: User, owner: Person, user: Person, browsing: Browsing
):
    page = await browsing.log_in(owner)
    async with mail_server() as room:
        await page.goto("/panel/gateways")
        async with another_page(page):
            await page.get_by_role("link", name="Add a gateway").click()
        async with another_page(page):
            await page.get_by_role("link", name="SMTP server").click()
        await page.fill('[name="identifier"]', "own-mail")
        await page.fill('[name="config.host"]', "127.0.0.1")
        await page.fill('[name="config.port"]', "many")
        await page.fill('[name="config.from_address"]', "news@example.com")
        await page.select_option('[name="config.security"]', "none")
        await page.get_by_text("More settings").click()
        await page.get_by_label("May reach private networks").check()
        await page.fill('[name="share_with"]', str(account.id))
        async with another_page(page):
            await page.get_by_role("button", name="Add the gateway").click()
        await page.locator('[name="config.port"][aria-invalid]').wait_for()
        assert await page.input_value('[name="config.host"]') == "127.0.0.1"
        await browsing.check(page, "form with an error")

        await page.fill('[name="config.port"]', str(room.port))
        async with another_page(page):
            await page.get_by_role("button", name="Add the gateway").click()
        await page.fill("#to", "ada@example.com")
        async with another_page(page):
            await page.get_by_role("button", name="Send a test message").click()
        await page.get_by_text("The gateway accepted the test message").wait_for()
        assert [mail["From"] for mail in room.mails] == ["news@example.com"]
        await page.get_by_text(f"Account {account.id}").wait_for()
        await browsing.check(page, "gateway")

        sender = await browsing.log_in(user)
        await _compose(sender, "own-mail")
        await sender.get_by_text("own-mail accepted it").wait_for(timeout=30_000)
        mail = room.mails[-1]
        assert (mail["To"], mail["Subject"], "Hello by our own server" in mail.as_string()) == (
            "grace@example.com",
            "Our own server",
            True,
        )
        await browsing.check(sender, "a message of the gateway")

    gateway = page.url.rpartition("/gateways/")[2].partition("/")[0]
    async with another_page(page):
        await page.get_by_role("button", name="Pause").click()
    await page.get_by_text("The gateway is paused.", exact=True).wait_for()
    assert (await boss.data("GET", f"/gateways/{gateway}"))["mode"] == "paused"
    await page.get_by_text("Delete", exact=True).click()
    async with another_page(page):
        await page.get_by_role("button", name="Delete it").click()
    assert (await boss.call("GET", f"/gateways/{gateway}")).status_code == 404


async def _compose(page: Page, gateway: str) -> None:
    """Send a mail through a gateway, from the navigation on."""
    async with another_page(page):
        await page.locator('a.entry[href="/panel/send"]').click()
    async with another_page(page):
        await page.get_by_role("link", name="Email").click()
    await page.fill("#to", "grace@example.com")
    await page.fill("#subject", "Our own server")
    await page.fill("#message", "Hello by our own server")
    await page.get_by_text("More", exact=True).click()
    await page.select_option("#gateway_identifier", gateway)
    async with another_page(page):
        await page.get_by_role("button", name="Send", exact=True).click()
    await page.get_by_text("The message was accepted").wait_for()


async def test_a_secret_is_never_shown_and_stays_if_it_is_left_empty(boss: Staff, owner: Person, install: Stack):
    config = {"host": "mx.example.com", "from_address": "a@example.com", "username": "ada", "password": SECRET}
    new = {"channel": "email", "type": "smtp", "identifier": "has-secret", "config": config, "rate": "10/h"}
    gateway = (await boss.data("POST", "/gateways", new))["id"]
    async with signed_in(install, owner) as client:
        page = (await client.get(f"/panel/gateways/{gateway}/change")).text
        assert SECRET not in page
        assert 'value="10/h"' in page
        form = {
            "csrf": await token_of(client),
            "identifier": "has-secret",
            "config.host": "mx.example.com",
            "config.from_address": "b@example.com",
            "config.username": "ada",
            "config.password": "",
            "config.security": "starttls",
            "config.connections": "4",
            "config.timeout": "30",
            "config.validate_certs": "true",
            "priority": "7",
            "on_unknown": "resend",
            "enabled": "true",
        }
        answer = await client.post(f"/panel/gateways/{gateway}/change", data=form)
        assert answer.status_code == 303, answer.text
    changed = await boss.data("GET", f"/gateways/{gateway}")
    assert changed["config"] == config | {"from_address": "b@example.com", "password": {"set": True}}
    assert (changed["priority"], changed["per_second"], changed["on_unknown"]) == (7, None, "resend")


@pytest.mark.parametrize("action", ["pause", "delete", "test"])
async def test_what_is_only_shared_cannot_be_changed(install: Stack, account: User, user: Person, action: str):
    listed = (await install.http.get("/api/gateways", headers=account.headers)).json()["data"]
    path = f"/panel/gateways/{listed[0]['id']}"
    async with signed_in(install, user) as client:
        page = (await client.get(path)).text
        assert f"{path}/{action}" not in page
        answer = await client.post(f"{path}/{action}", data={"csrf": await token_of(client), "to": "+14155550123"})
        assert answer.status_code == 403
        assert (await client.get("/panel/gateways/new/sms/sandbox")).status_code == 404
