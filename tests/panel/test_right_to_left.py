"""Pages in a language that runs from right to left, and whose words are long."""

from collections.abc import Iterator
from dataclasses import asdict

import pytest
from playwright.async_api import Page

from panel.rendering.languages import languages
from tests.api.log_in import Person
from tests.panel import pseudo
from tests.panel.browsing import Browsing
from tests.panel.seeds import audience
from tests.panel.shots import shoot
from tests.stack import Stack, User

PAGES = (
    "/panel/",
    "/panel/send",
    "/panel/messages",
    "/panel/contacts",
    "/panel/contacts/{contact}",
    "/panel/contacts/{contact}/edit",
    "/panel/segments/{segment}/edit",
    "/panel/imports/{operation}",
    "/panel/gateways/new/email/smtp",
    "/panel/automations/new",
    "/panel/campaigns/new",
    "/panel/credits",
    "/panel/security",
)
_SIDE = """() => {
  const box = document.querySelector(".sidebar").getBoundingClientRect();
  return [box.left, box.right, document.documentElement.clientWidth];
}"""
_OF_STYLE = "([selector, name]) => getComputedStyle(document.querySelector(selector))[name]"
_LATIN = """() => [...document.querySelectorAll(".sidebar .entry, .sidebar h2")]
  .map((part) => part.textContent.trim()).filter((text) => /^[a-z ]+$/i.test(text) && /[aeiou]/i.test(text))"""


@pytest.fixture
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pseudo.spoken(tmp_path_factory.mktemp("languages")):
        yield


@pytest.mark.usefixtures("spoken")
async def test_pages_run_from_right_to_left(install: Stack, account: User, user: Person, browsing: Browsing):
    ids = asdict(await audience(install, account))
    state = await (await browsing.log_in(user)).context.storage_state()
    for width in (390, 1440):
        page = await browsing.open(width, "light", state)
        await page.context.add_cookies([{"name": "xsender_language", "value": pseudo.CODE, "url": install.url}])
        for path in PAGES:
            await page.goto(path.format(**ids))
            assert await page.get_attribute("html", "dir") == "rtl"
            await browsing.check(page, f"{path} at {width}", with_axe=False)
            await shoot(page, f"right to left {path}", width, "light")
        await _is_turned(page, width, f"/panel/contacts/{ids['contact']}")


async def _is_turned(page: Page, width: int, contact: str) -> None:
    await page.goto(contact)
    if width < 900:
        await page.click(".to-menu")
    left, right, window = await page.evaluate(_SIDE)
    assert left > window - right, "the sidebar is at the right"
    assert await page.evaluate(_OF_STYLE, [".crumbs .icon", "scale"]) == "-1 1"
    assert await page.evaluate(_OF_STYLE, [".crumbs .mono", "direction"]) == "ltr"
    assert await page.get_attribute("main h1", "dir") == "auto"
    assert await page.evaluate(_LATIN) == []


def test_the_language_is_nobodys_but_of_tests():
    assert pseudo.CODE not in languages()
