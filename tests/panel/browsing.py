"""A person with a browser. Whatever a page must never do fails the test: see ``Browsing.problems``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from tests.api.log_in import Person
from tests.panel.axe import findings

Theme = Literal["light", "dark"]

_WATCH = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (e) => {
  window.__violations.push(`${e.violatedDirective} ${e.blockedURI}`);
});
window.__shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.__shift += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""
_MOST_SHIFT = 0.1
_EXPECTED = "Failed to load resource"
"""Of the console, for an answer that is an error: those of 500 and more are noted by themselves."""


class Browsing:
    """Pages of one install, in one browser."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._contexts: list[BrowserContext] = []
        self.problems: list[str] = []
        """What pages did that they must not: errors in the console, requests to elsewhere, faults, …"""

    async def open(
        self, width: int = 1280, theme: Theme = "light", state: Any = None, *, height: int = 900, **more: Any
    ) -> Page:
        """A window; ``state`` is what another one has stored."""
        context = await self._browser.new_context(
            base_url=self._url,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce",
            storage_state=state,
            **more,
        )
        context.set_default_timeout(15_000)
        await context.add_init_script(_WATCH)
        self._contexts.append(context)
        page = await context.new_page()
        page.on("console", self._logged)
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        page.on("request", self._requested)
        page.on("response", self._answered)
        return page

    async def log_in(self, person: Person, **how: Any) -> Page:
        """A window of somebody who has logged in by the form."""
        page = await self.open(**how)
        await page.goto("/panel/login")
        await page.fill("#email", person.email)
        await page.fill("#password", person.password)
        await page.get_by_role("button", name="Log in").click()
        await page.wait_for_url("**/panel/")
        return page

    async def check(self, page: Page, what: str, *, with_axe: bool = True, with_contrast: bool = True) -> None:
        """Note what is wrong with the page that is shown.

        ``with_contrast``: whether axe compares colours, too, which takes it most of its time.
        """
        for violation in await page.evaluate("window.__violations"):
            self.problems.append(f"{what}: against the policy: {violation}")
        if (shift := await page.evaluate("window.__shift")) > _MOST_SHIFT:
            self.problems.append(f"{what}: moves while it loads: {shift:.2f}")
        width = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if width > 1:
            self.problems.append(f"{what}: {width} px wider than the window")
        if with_axe:
            self.problems += [f"{what}: {finding}" for finding in await findings(page, with_contrast)]

    async def close(self) -> None:
        """Close all windows.

        Raises:
            Failed: there were problems.
        """
        for context in self._contexts:
            await context.close()
        if self.problems:
            pytest.fail("\n".join(self.problems))

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_EXPECTED):
            self.problems.append(f"console: {message.text}")

    def _requested(self, request: Request) -> None:
        if urlsplit(request.url).scheme in ("http", "https") and not request.url.startswith(self._url):
            self.problems.append(f"a request to elsewhere: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.problems.append(f"{response.status} for {response.request.method} {response.url}")


@asynccontextmanager
async def another_page(page: Page) -> AsyncIterator[None]:
    """What is done inside leads to another page, which is loaded at the end."""
    async with page.expect_navigation(wait_until="load"):
        yield
