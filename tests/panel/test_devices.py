"""A phone is paired by the code that the panel shows, and sends."""

import asyncio
from contextlib import suppress
from pathlib import Path

from phones.phone import Phone
from phones.profile import Connection, Profile
from phones.timings import Timings
from runtime.tasks import cancel_and_wait
from tests.api.log_in import Person
from tests.panel.browsing import Browsing, another_page
from tests.stack import Stack, User


async def test_a_phone_is_paired_by_its_code_and_sends(
    install: Stack, account: User, user: Person, browsing: Browsing, tmp_path: Path
):
    page = await browsing.log_in(user)
    await page.goto("/panel/devices")
    async with another_page(page):
        await page.get_by_role("button", name="Pair a phone").click()
    await page.locator(".qr-box svg").wait_for()
    token = await page.locator("#token [data-copy]").get_attribute("data-copy")
    assert token is not None
    await browsing.check(page, "pairing")

    quick = Timings(scale=0.1, retry=0.5)
    phone = Phone(Profile("Pixel of Ann"), Connection(install.url, "xsender", token), tmp_path, timings=quick)
    running = asyncio.create_task(phone.run())
    try:
        await page.goto("/panel/devices")
        await page.get_by_role("link", name="Pixel of Ann").click()
        await page.get_by_role("heading", name="Pixel of Ann").wait_for()
        await page.get_by_role("button", name="consumer").first.click()
        await page.get_by_text("Saved").wait_for()
        await browsing.check(page, "phone")
        body = {"contact": [{"number": "+14155550123", "body": "Hello", "gateway_identifier": "android"}]}
        sent = await install.http.post("/api/sms/send", json=body, headers=account.headers)
        await page.goto(f"/panel/messages/{sent.json()['data'][0]['uid']}")
        await page.get_by_text("android accepted it").wait_for()
    finally:
        with suppress(asyncio.CancelledError):
            await cancel_and_wait(running)
