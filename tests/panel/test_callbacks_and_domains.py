"""Callbacks and sender domains in the panel."""

import asyncio

from tests.api.admin import Staff
from tests.api.log_in import Person
from tests.dns_double import Dns
from tests.panel.browsing import Browsing, another_page
from tests.panel.seeds import made, program
from tests.panel.test_forms import signed_in, token_of
from tests.receiver import receiving, register
from tests.sending_domains import enter, new_name
from tests.stack import Stack, User


async def test_a_callback_is_tested_and_its_delivery_repeated(
    install: Stack, account: User, user: Person, browsing: Browsing
):
    page = await browsing.log_in(user)
    await page.goto("/panel/callbacks/new")
    await page.fill("#url", "https://example.com/hook")
    await page.get_by_label("Only these:").check()
    await page.get_by_label("It bounced").check()
    async with another_page(page):
        await page.get_by_role("button", name="Add the callback").click()
    assert (await page.locator(".code pre").inner_text()).startswith("whsec_")
    await browsing.check(page, "secret of a callback")

    async with receiving() as receiver:
        endpoint = await register(install.pool, install.keyring, account.id, receiver.url)
        await page.goto("/panel/callbacks")
        async with another_page(page):
            await page.get_by_role("link", name=receiver.url).click()
        async with another_page(page):
            await page.get_by_role("button", name="Post a test").first.click()
        deliveries = f"/api/callbacks/{endpoint.id}/deliveries?state=delivered"
        async with asyncio.timeout(30):  # a delivery is recorded after it was taken
            while not (await install.http.get(deliveries, headers=account.headers)).json()["data"]:
                await asyncio.sleep(0.1)
        await page.goto(page.url)
        async with another_page(page):
            await page.get_by_role("button", name="Post again").click()
        await receiver.hears(2)
        assert receiver.ids[0] == receiver.ids[1]
    await page.get_by_text("Switch off").click()
    await page.get_by_text("The callback is switched off.").wait_for()
    listed = (await install.http.get("/api/callbacks", headers=account.headers)).json()["data"]
    assert [one["enabled"] for one in listed if one["id"] == str(endpoint.id)] == [False]
    assert [one["events"] for one in listed if one["id"] != str(endpoint.id)] == [["message.bounced"]]


async def test_a_domain_is_added_and_verified_by_the_records_that_are_shown(
    install: Stack, account: User, user: Person, browsing: Browsing, dns: Dns
):
    page, name = await browsing.log_in(user), new_name()
    await page.goto("/panel/domains")
    async with another_page(page):
        await page.get_by_role("link", name="Add a domain").first.click()
    await page.fill("#domain", name)
    async with another_page(page):
        await page.get_by_role("button", name="Add the domain").click()
    await page.get_by_text(f"_xsender.{name}", exact=True).wait_for()
    async with another_page(page):
        await page.get_by_role("button", name="Check now").click()
    await page.get_by_text("Not all required records were found").wait_for()
    assert await page.get_by_text("Missing", exact=True).count() >= 2
    await browsing.check(page, "a domain without records")

    enter(dns, (await install.http.get("/api/domains", headers=account.headers)).json()["data"][0])
    async with another_page(page):
        await page.get_by_role("button", name="Check now").click()
    await page.get_by_text("you may send from it.", exact=False).first.wait_for()
    assert await page.get_by_text("Found", exact=True).count() == 4


async def test_another_account_neither_sees_nor_changes_them(install: Stack, boss: Staff, account: User, user: Person):
    other = await program(install, await install.user())
    hook = (await made(install, other, "/api/callbacks", {"url": "https://example.com/theirs"}))["id"]
    domain = (await made(install, other, "/api/domains", {"domain": new_name()}))["id"]
    async with signed_in(install, user) as client:
        for path in (f"callbacks/{hook}", f"callbacks/{hook}/change", f"domains/{domain}"):
            assert (await client.get(f"/panel/{path}")).status_code == 404
        token = {"csrf": await token_of(client)}
        for path in (f"callbacks/{hook}/delete", f"callbacks/{hook}/rotate", f"domains/{domain}/delete"):
            assert (await client.post(f"/panel/{path}", data=token)).status_code == 404
            assert (await client.post(f"/panel/{path}")).status_code == 403
