"""The panel by its keys alone: what has the focus is always marked, and nothing covers it."""

from playwright.async_api import Locator, Page

from tests.api.log_in import Person
from tests.panel.browsing import Browsing, another_page
from tests.stack import Stack, User

_MOST_STOPS = 90
_STOP = """() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body || focused.tagName === "IFRAME") return "";
  const name = focused.id || focused.textContent.trim().slice(0, 40) || focused.outerHTML.slice(0, 80);
  const label = focused.closest("label");
  const marked = [focused, label].some((part) => part && getComputedStyle(part).outlineStyle !== "none");
  if (!marked && !focused.closest(".palette")) return `${name} is not marked`;
  const box = (label ?? focused).getClientRects()[0];
  const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  const free = at && (focused.contains(at) || at.contains(focused));
  return free ? "" : `${name} is covered by ${at?.outerHTML.slice(0, 80)}`;
}"""
_HAS_FOCUS = "(element) => element === document.activeElement"


async def _reach(page: Page, target: Locator) -> None:
    """Go on with Tab until this has the focus."""
    for _ in range(_MOST_STOPS):
        await page.keyboard.press("Tab")
        assert await page.evaluate(_STOP) == ""
        if await target.evaluate(_HAS_FOCUS):
            return
    raise AssertionError(f"Tab does not lead to {target}")


async def _into_the_page(page: Page) -> None:
    await _reach(page, page.locator(".skip"))
    await page.keyboard.press("Enter")
    assert await page.locator("main").evaluate(_HAS_FOCUS)


async def _enter(page: Page, target: Locator) -> None:
    await _reach(page, target)
    async with another_page(page):
        await page.keyboard.press("Enter")


async def _write(page: Page, target: Locator, text: str) -> None:
    await _reach(page, target)
    await page.keyboard.type(text)


async def _go(page: Page, letter: str, path: str) -> None:
    """As "?" tells."""
    await page.keyboard.press("g")
    await page.keyboard.press(letter)
    await page.wait_for_url(f"**{path}")


async def test_a_message_is_sent_and_replayed(install: Stack, account: User, user: Person, browsing: Browsing):
    page = await browsing.open()
    await page.goto("/panel/login")
    await _write(page, page.locator("#email"), user.email)
    await _write(page, page.locator("#password"), user.password)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/panel/")
    await _go(page, "s", "/panel/send")
    await _into_the_page(page)
    await _write(page, page.locator("#to"), "+15005550001")  # it is refused
    await _write(page, page.locator("#message"), "Hello")
    await _enter(page, page.get_by_role("button", name="Send", exact=True))
    await page.get_by_role("button", name="Send again").wait_for(timeout=30_000)
    first = page.url.partition("?")[0]
    await _go(page, "m", "/panel/messages")
    await _into_the_page(page)
    await _enter(page, page.get_by_role("link", name="+15005550001"))
    assert page.url.partition("?")[0] == first
    await _into_the_page(page)
    await _enter(page, page.get_by_role("button", name="Send again"))
    await page.locator(".notice").first.wait_for()


async def test_a_contact_is_added_and_a_menu_gives_the_focus_back(
    install: Stack, account: User, user: Person, browsing: Browsing
):
    page = await browsing.log_in(user, width=1280)
    await _go(page, "c", "/panel/contacts")
    await _into_the_page(page)
    await _enter(page, page.get_by_role("link", name="Add a contact").first)
    await _into_the_page(page)
    await _write(page, page.locator("#first_name"), "Grace")
    await _write(page, page.locator("#email"), "grace@example.com")
    await _enter(page, page.get_by_role("button", name="Add the contact"))
    await page.get_by_role("heading", name="Grace").wait_for()

    await _into_the_page(page)
    menu = page.locator("main details.menu").first
    summary = menu.locator("> summary")
    await _reach(page, summary)
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    assert await menu.evaluate("(menu) => menu.open && menu.contains(document.activeElement)")
    await page.keyboard.press("Escape")
    assert not await menu.evaluate("(menu) => menu.open")
    assert await summary.evaluate(_HAS_FOCUS)
    await page.keyboard.press("Enter")
    await page.keyboard.press("Shift+Tab")
    assert not await menu.evaluate("(menu) => menu.open"), "it closes when the focus leaves it"


async def test_a_gateway_is_added(owner: Person, browsing: Browsing):
    page = await browsing.log_in(owner)
    await _go(page, "w", "/panel/gateways")
    await _into_the_page(page)
    await _enter(page, page.get_by_role("link", name="Add a gateway").first)
    await _into_the_page(page)
    await _enter(page, page.get_by_role("link", name="SMTP server"))
    await _into_the_page(page)
    await _write(page, page.locator('[name="identifier"]'), "by-keys")
    await _write(page, page.locator('[name="config.host"]'), "mx.example.com")
    await _write(page, page.locator('[name="config.from_address"]'), "news@example.com")
    await _enter(page, page.get_by_role("button", name="Add the gateway"))
    await page.get_by_role("heading", name="by-keys").wait_for()


async def test_the_palette_leads_to_every_page_and_keeps_the_focus(owner: Person, browsing: Browsing):
    page = await browsing.log_in(owner)
    await _reach(page, page.locator(".sidebar a").nth(2))
    await page.keyboard.press("Control+k")
    field = page.locator("#palette input")
    assert await field.evaluate(_HAS_FOCUS)
    await page.keyboard.type("audit")
    await page.locator("#found .hit", has_text="Audit log").wait_for()
    for _ in range(12):
        await page.keyboard.press("Tab")
        assert await page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('#palette')"
        )
    await page.keyboard.press("Escape")
    assert await page.locator(".sidebar a").nth(2).evaluate(_HAS_FOCUS), "the focus is where it was"

    await page.keyboard.press("?")
    await page.locator("#keys[open]").wait_for()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("roles")
    hit = page.locator("#found .hit", has_text="Roles")
    await hit.wait_for()
    async with another_page(page):
        await page.keyboard.press("Enter")
    assert page.url.endswith("/panel/roles")
