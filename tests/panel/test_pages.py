"""Every page, at three widths and in both themes: looked at by axe, and kept as a picture."""

from dataclasses import asdict
from typing import Any

import pytest

from tests.api.admin import Staff
from tests.api.log_in import Person
from tests.panel.browsing import Browsing, Theme
from tests.panel.money_seeds import money
from tests.panel.seeds import audience, connections
from tests.panel.shots import shoot
from tests.stack import Stack, User

WIDTHS = (390, 834, 1440)
THEMES: tuple[Theme, ...] = ("light", "dark")

FOR_EVERYBODY = ("/panel/login", "/panel/setup", "/panel/forgot", "/panel/reset", "/panel/no-such-page")
OF_AN_ACCOUNT = (
    "/panel/",
    "/panel/send",
    "/panel/send?channel=email",
    "/panel/messages",
    "/panel/messages/{uid}",
    "/panel/credits",
)
AUDIENCE = (
    "/panel/contacts",
    "/panel/contacts?q=nobody",
    "/panel/contacts/new",
    "/panel/contacts/{contact}",
    "/panel/contacts/{contact}?tab=messages",
    "/panel/contacts/{contact}?tab=events",
    "/panel/contacts/{contact}?tab=consent",
    "/panel/contacts/{contact}/edit",
    "/panel/contacts/{contact}/merge",
    "/panel/groups",
    "/panel/groups/{group}",
    "/panel/segments",
    "/panel/segments/new",
    "/panel/segments/{segment}",
    "/panel/segments/{segment}/edit",
    "/panel/segments/{segment}/edit?as=json",
    "/panel/imports",
    "/panel/imports/{operation}",
    "/panel/imports/{operation}?check=1",
    "/panel/consent",
    "/panel/consent?q=ada@example.com",
    "/panel/consent/suppressions",
)
CONNECT = (
    "/panel/gateways",
    "/panel/gateways?channel=whatsapp",
    "/panel/gateways/{gateway}",
    "/panel/keys",
    "/panel/callbacks",
    "/panel/callbacks/{callback}",
    "/panel/domains",
    "/panel/domains/{domain}",
    "/panel/requests",
    "/panel/requests/{request}",
)
CONNECT_FORMS = (
    "/panel/gateways/new",
    "/panel/gateways/new/email/smtp",
    "/panel/gateways/new/sms/http",
    "/panel/gateways/{gateway}/change",
    "/panel/keys/new",
    "/panel/domains/new",
)
MONEY = (
    "/panel/users",
    "/panel/users?q=nobody-at-all",
    "/panel/users/add",
    "/panel/users/{account}",
    "/panel/users/{account}/journal",
    "/panel/users/{account}/gateways",
    "/panel/users/{account}/keys",
    "/panel/users/{account}/guards",
    "/panel/users/{account}/change",
    "/panel/users/{account}/suspend",
    "/panel/users/{account}/delete",
    "/panel/plans",
    "/panel/plans/add",
    "/panel/plans/{plan}",
    "/panel/credit-requests",
    "/panel/credit-requests/{request}",
)
SYSTEM = (
    "/panel/system",
    "/panel/system/operations",
    "/panel/system/operations/{operation}",
    "/panel/approvals",
    "/panel/approvals?state=all",
    "/panel/approvals/policies",
    "/panel/audit",
    "/panel/audit?action=nothing.done",
    "/panel/staff",
    "/panel/staff/add",
    "/panel/staff/{staff}",
    "/panel/roles",
    "/panel/roles/new",
    "/panel/roles/support",
    "/panel/settings",
    "/panel/settings/branding",
    "/panel/settings/mail",
    "/panel/settings/sending",
    "/panel/settings/security",
)
OF_STAFF = (
    "/panel/",
    "/panel/messages",
    "/panel/messages/{uid}",
    "/panel/sandbox",
    "/panel/account",
    "/panel/security",
)


async def _seen(
    browsing: Browsing, paths: tuple[str, ...], width: int, who: str, state: Any, uid: str = "", **ids: str
) -> None:
    for theme in THEMES:
        page = await browsing.open(width, theme, state)
        for path in paths:
            await page.goto(path.format(uid=uid, **ids))
            name = f"{who} {path}"
            await browsing.check(page, f"{name} {width} {theme}")
            await shoot(page, name, width, theme)


@pytest.mark.parametrize("width", WIDTHS)
async def test_pages_for_everybody_can_be_used_by_everybody(browsing: Browsing, width: int):
    await _seen(browsing, FOR_EVERYBODY, width, "all", None)


@pytest.mark.parametrize("width", WIDTHS)
async def test_pages_of_an_account_can_be_used_by_everybody(
    install: Stack, account: User, user: Person, browsing: Browsing, width: int
):
    uid = await _message(install, account)
    page = await browsing.log_in(user)
    await _seen(browsing, OF_AN_ACCOUNT, width, "user", await page.context.storage_state(), uid)


@pytest.mark.parametrize("width", WIDTHS)
async def test_pages_of_staff_can_be_used_by_everybody(
    install: Stack, account: User, owner: Person, browsing: Browsing, width: int
):
    uid = await _message(install, account)
    page = await browsing.log_in(owner)
    await _seen(browsing, OF_STAFF, width, "staff", await page.context.storage_state(), uid)


@pytest.mark.parametrize("width", WIDTHS)
async def test_pages_of_an_audience_can_be_used_by_everybody(
    install: Stack, account: User, user: Person, browsing: Browsing, width: int
):
    ids = asdict(await audience(install, account))
    page = await browsing.log_in(user)
    await _seen(browsing, AUDIENCE, width, "user", await page.context.storage_state(), **ids)


@pytest.mark.parametrize("width", WIDTHS)
async def test_pages_that_connect_can_be_used_by_everybody(
    install: Stack, account: User, user: Person, browsing: Browsing, width: int
):
    ids = asdict(await connections(install, account))
    page = await browsing.log_in(user)
    paths = (*CONNECT, *CONNECT_FORMS, "/panel/callbacks/new", "/panel/callbacks/{callback}/change")
    await _seen(browsing, paths, width, "user", await page.context.storage_state(), **ids)


@pytest.mark.parametrize("width", WIDTHS)
async def test_pages_of_staff_that_connect_can_be_used_by_everybody(
    install: Stack, account: User, owner: Person, browsing: Browsing, width: int
):
    ids = asdict(await connections(install, account))
    page = await browsing.log_in(owner)
    await _seen(browsing, (*CONNECT, *CONNECT_FORMS), width, "staff", await page.context.storage_state(), **ids)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("paths", [MONEY, SYSTEM], ids=["money", "system"])
async def test_pages_of_money_and_of_the_system_can_be_used_by_everybody(
    install: Stack, boss: Staff, account: User, owner: Person, browsing: Browsing, width: int, paths: tuple[str, ...]
):
    ids = asdict(await money(install, boss, account))
    page = await browsing.log_in(owner)
    await _seen(browsing, paths, width, "staff", await page.context.storage_state(), **ids)


async def _message(install: Stack, account: User) -> str:
    body = {"contact": [{"number": "+14155550123", "body": "Hello"}, {"number": "+15005550001", "body": "Hello"}]}
    answer = await install.http.post("/api/sms/send", json=body, headers=account.headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"][0]["uid"])
