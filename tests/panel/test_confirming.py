"""The panel asks for the password again before a form of somebody who logged in a while ago is sent on."""

import re

import pytest

from tests.api.log_in import Person
from tests.panel.browsing import Browsing, another_page
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack

_KEY = {"name": "For the <shop>", "scope": ["send", "read"]}
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


async def aged(install: Stack, email: str) -> None:
    async with install.pool.connection() as conn:
        await conn.execute(
            """update sessions s set created_at = now() - interval '16 minutes', confirmed_at = null from accounts a
               where s.kind = 'user' and s.person_id = a.id and a.email = %s""",
            (email,),
        )


async def test_a_form_is_sent_on_once_the_password_was_typed(install: Stack, user: Person, browsing: Browsing):
    page = await browsing.log_in(user)
    await page.goto("/panel/keys/new")
    await page.fill("#name", "For the <shop>")
    await aged(install, user.email)
    async with another_page(page):
        await page.locator("main button.primary").click()
    await page.get_by_role("heading", name="Confirm that it is you").wait_for()
    await browsing.check(page, "typing the password again")
    await page.fill("#confirm_password", "not this one")
    async with another_page(page):
        await page.get_by_role("button", name="Confirm and go on").click()
    await page.get_by_text("This is not your password").first.wait_for()
    await page.fill("#confirm_password", user.password)
    async with another_page(page):
        await page.get_by_role("button", name="Confirm and go on").click()
    await page.get_by_text("xs_user_").first.wait_for()


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/panel/confirm?to=/panel/", ""])
async def test_it_is_sent_on_to_our_pages_alone(install: Stack, user: Person, to: str):
    async with signed_in(install, user) as client:
        form = {"csrf": await token_of(client), "confirm_password": user.password}
        assert (await client.post("/panel/confirm", params={"to": to}, data=form)).status_code == 404


async def test_what_was_sent_waits_in_the_page_and_nowhere_else(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        form = {"csrf": await token_of(client), **_KEY}
        await aged(install, user.email)
        asked = await client.post("/panel/keys/new", data=form)
    assert asked.status_code == 403
    assert "no-store" in asked.headers["cache-control"]
    hidden = [pair for pair in _HIDDEN.findall(asked.text) if pair[0] in ("name", "scope")]
    assert hidden == [("name", "For the &lt;shop&gt;"), ("scope", "send"), ("scope", "read")]
