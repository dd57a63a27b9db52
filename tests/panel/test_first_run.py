"""From nothing to a message that arrived, in a browser."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from domain.access.actors import Actor
from embedded.engine import Engine
from services.access.first_owner import issue_setup_token
from services.changes import change
from tests.api.admin import Staff
from tests.dns_double import Dns
from tests.panel.browsing import Browsing, another_page
from tests.panel.conftest import account_of, installed
from tests.stack import Stack


@pytest_asyncio.fixture
async def untouched(engine: Engine, dns: Dns) -> AsyncIterator[Stack]:
    """An install that nobody has been in."""
    async with installed(engine, dns) as stack:
        yield stack


async def test_the_first_owner_sends_a_message_and_sees_it_arrive(untouched: Stack, browser: Browser):
    install, account = untouched, await account_of(untouched)
    boss, browsing = Staff(install, (await install.admin()).key), Browsing(browser, install.url)
    async with change(install.pool, Actor("system", "tests"), "setup_token.issued") as made:
        token = await issue_setup_token(made)
    page = await browsing.open()
    await page.goto(f"/panel/setup?token={token}")
    await page.fill("#name", "Olga")
    await page.fill("#email", "olga@example.com")
    await page.fill("#password", "correct horse battery")
    async with another_page(page):
        await page.get_by_role("button", name="Create the owner").click()
    await page.get_by_text("You are the owner of this install").wait_for()

    await page.get_by_text("All accounts").first.click()
    async with another_page(page):
        await page.locator(f'form[action="/panel/account/{account.id}"] button').click()
    await page.get_by_text("You are working in the account of").wait_for()
    async with another_page(page):
        await page.get_by_role("link", name="Send a message").click()
    await page.fill("#to", "+14155550123")
    await page.fill("#message", "Hello from the panel")
    await page.get_by_text("1 credit").wait_for()
    async with another_page(page):
        await page.get_by_role("button", name="Send", exact=True).click()
    uid = page.url.rpartition("/")[2].partition("?")[0]
    await page.get_by_text("The message was accepted").wait_for()
    await browsing.check(page, "message")

    await page.goto("/panel/")
    await page.get_by_text("2 of 5 done").wait_for()
    async with another_page(page):
        await page.get_by_role("link", name="See it arrive in the sandbox inbox").click()
    await page.get_by_text("Hello from the panel").first.wait_for()
    audit = (await boss.call("GET", "/audit?action=user.acted_for")).json()["data"]
    assert audit[0]["actor"]["name"] == "olga@example.com"
    await page.goto(f"/panel/messages/{uid}")
    await page.get_by_text("sandbox-sms accepted it").wait_for()
    await browsing.close()
