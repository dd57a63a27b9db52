"""Every page, on a phone in the dark and on a desk in the light: looked at by axe, and kept as a picture."""

import gzip
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import pytest

from tests.api.admin import Staff
from tests.api.log_in import Person
from tests.leads_made import new_lead, new_source
from tests.panel.browsing import Browsing, Theme
from tests.panel.flow_seeds import automated
from tests.panel.money_seeds import money
from tests.panel.seeds import audience, connections
from tests.panel.shots import shoot
from tests.stack import Stack, User


@dataclass(frozen=True)
class Window:
    """In which pages are looked at."""

    width: int
    theme: Theme
    is_enlarged: bool = False
    """Whether it is one of twice the width, enlarged to 200 %."""

    @property
    def sees_axe(self) -> bool:
        """Whether axe looks, too: what it finds hardly depends on the width."""
        return self.is_enlarged or (self.width, self.theme) in ((390, "dark"), (1440, "light"))

    def __str__(self) -> str:
        return f"{self.width}-{self.theme}{'-enlarged' if self.is_enlarged else ''}"


WINDOWS = (Window(390, "dark"), Window(1440, "light"), Window(720, "light", is_enlarged=True))
"""``PANEL_WINDOWS=all``: at three widths and enlarged, in both themes."""
SEES_ALL = os.environ.get("PANEL_WINDOWS") == "all"
if SEES_ALL:
    WINDOWS = tuple(
        Window(width, theme, is_enlarged=width == 720) for width in (390, 720, 834, 1440) for theme in ("light", "dark")
    )

FOR_EVERYBODY = ("/panel/login", "/panel/setup", "/panel/forgot", "/panel/reset", "/panel/no-such-page")
OF_AN_ACCOUNT = (
    "/panel/",
    "/panel/attention",
    "/panel/views",
    "/panel/send",
    "/panel/send?channel=email",
    "/panel/messages",
    "/panel/messages?gateway=sandbox-sms&code=sandbox_refused",
    "/panel/messages?state=failed",
    "/panel/messages/{uid}",
    "/panel/groups",
    "/panel/failures",
    "/panel/failures?kind=run",
    "/panel/failures/replay?code=sandbox_refused",
    "/panel/credits",
    "/panel/help",
    "/panel/help?q=credits",
    "/panel/help?q=nothing-is-called-so",
    "/panel/help/receipts",
    "/panel/help/errors",
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
    "/panel/fields",
    "/panel/segments",
    "/panel/segments/new",
    "/panel/segments/{segment}",
    "/panel/segments/{segment}/edit",
    "/panel/segments/{segment}/edit?as=json",
    "/panel/imports",
    "/panel/imports/{operation}",
    "/panel/imports/{operation}?check=1",
    "/panel/operations",
    "/panel/operations?state=failed",
    "/panel/operations/{operation}",
    "/panel/consent",
    "/panel/consent?q=ada@example.com",
    "/panel/consent/suppressions",
    "/panel/persons",
    "/panel/persons/contact/{contact}",
)
AUTOMATE = (
    "/panel/search?q=wel",
    "/panel/automations",
    "/panel/automations/new",
    "/panel/automations/{automation}",
    "/panel/automations/{automation}/add?place=top:0",
    "/panel/automations/{automation}/add/branch?place=top:0",
    "/panel/automations/{automation}/steps/who",
    "/panel/automations/{automation}/steps/ab",
    "/panel/automations/{automation}/steps/hello",
    "/panel/automations/{automation}/rules",
    "/panel/automations/{automation}/trigger",
    "/panel/automations/{automation}/trigger?kind=webhook",
    "/panel/automations/{automation}/test",
    "/panel/automations/{automation}/test?from=run:{run}",
    "/panel/automations/{automation}/json",
    "/panel/automations/{automation}/publish",
    "/panel/automations/{automation}/runs",
    "/panel/automations/{automation}/versions",
    "/panel/runs/{run}",
    "/panel/templates",
    "/panel/templates/new",
    "/panel/templates/{template}",
    "/panel/campaigns",
    "/panel/campaigns/new",
    "/panel/campaigns/{campaign}",
    "/panel/campaigns/{campaign}/change",
    "/panel/batches",
    "/panel/leads",
    "/panel/leads/{lead}",
    "/panel/leads/sources",
    "/panel/leads/sources/new?kind=meta",
    "/panel/leads/sources/{source}",
    "/panel/devices",
    "/panel/hooks",
    "/panel/hooks/new?preset=woocommerce",
    "/panel/hooks/{hook}",
    "/panel/replies",
    "/panel/replies/keywords",
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
    "/panel/reference",
    "/panel/reference?q=send",
    "/panel/reference/send",
    "/panel/reference/errors",
    "/panel/reference/errors/sendSms",
)
CONNECT_FORMS = (
    "/panel/gateways/new",
    "/panel/gateways/new/email/smtp",
    "/panel/gateways/new/sms/http",
    "/panel/gateways/{gateway}/change",
    "/panel/keys/new",
    "/panel/domains/new",
)
CONNECT_OWN = (
    "/panel/callbacks/new",
    "/panel/callbacks/{callback}/change",
    "/panel/reputation",
    "/panel/links",
    "/panel/links/{link}",
    "/panel/secrets",
    "/panel/secrets?name=crm_token",
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
    "/panel/users/{account}/reputation",
    "/panel/users/{account}/persons",
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
    "/panel/system/doctor",
    "/panel/system/queues",
    "/panel/system/builds",
    "/panel/system/schedules",
    "/panel/system/schedules?kind=automations",
    "/panel/system/workflows",
    "/panel/system/workflows?status=completed",
    "/panel/system/workflows/one?message={uid}",
    "/panel/system/workflows/terminate?type=SendWorkflow&id={workflow}",
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
    "/panel/settings/oidc",
)
OF_STAFF = (
    "/panel/",
    "/panel/attention",
    "/panel/failures",
    "/panel/failures/replay?kind=message&code=sandbox_refused",
    "/panel/messages",
    "/panel/messages/{uid}",
    "/panel/sandbox",
    "/panel/account",
    "/panel/security",
)


WITHOUT_CONTENT = ("/panel/no-such-page",)
_HEAVIEST = 25_000
"""Bytes of a page as it is sent, compressed; what all pages share comes once (test_forms.py)."""


@dataclass(frozen=True)
class Looking:
    """Whoever looks at pages, in one window."""

    browsing: Browsing
    window: Window

    async def at(self, paths: Sequence[str], who: str, person: Person | None = None, **ids: str) -> None:
        """Open each page, and note what is wrong with it."""
        state = None
        if person is not None:
            state = await (await self.browsing.log_in(person)).context.storage_state()
        window = self.window
        if window.is_enlarged and not SEES_ALL:
            paths = paths[::3]  # the same parts make up all of them
        enlarged = {"height": 450, "device_scale_factor": 2} if window.is_enlarged else {}
        page = await self.browsing.open(window.width, window.theme, state, **enlarged)
        for path in paths:
            answer = await page.goto(path.format(**ids))
            assert answer is not None
            if answer.status >= 400 and path not in WITHOUT_CONTENT:
                self.browsing.problems.append(f"{answer.status} for {path}")
            if (sent := len(gzip.compress(await answer.body()))) > _HEAVIEST:
                self.browsing.problems.append(f"{sent:,} bytes for {path}")
            await self.browsing.check(
                page, f"{who} {path}", with_axe=window.sees_axe, with_contrast=not window.is_enlarged
            )
            if not window.is_enlarged:  # four times the pixels of a window that is looked at already
                await shoot(page, f"{who} {path}", window.width, window.theme)


@pytest.fixture(params=WINDOWS, ids=str)
def looking(browsing: Browsing, request: pytest.FixtureRequest) -> Looking:
    return Looking(browsing, request.param)


async def test_pages_for_everybody_can_be_used_by_everybody(looking: Looking):
    await looking.at(FOR_EVERYBODY, "all")


async def test_pages_of_an_account_can_be_used_by_everybody(
    install: Stack, account: User, user: Person, looking: Looking
):
    uid = await _message(install, account)
    source = await new_source(install.pool, account.id)
    for state in ("parked", "failed"):
        await new_lead(install.pool, source, state=state, ended_at=datetime.now(UTC) if state == "failed" else None)
    await looking.at(OF_AN_ACCOUNT, "user", user, uid=uid)


async def test_pages_of_staff_can_be_used_by_everybody(install: Stack, account: User, owner: Person, looking: Looking):
    uid = await _message(install, account)
    await looking.at(OF_STAFF, "staff", owner, uid=uid)


async def test_pages_of_an_audience_can_be_used_by_everybody(
    install: Stack, account: User, user: Person, looking: Looking
):
    ids = asdict(await audience(install, account))
    await looking.at(AUDIENCE, "user", user, **ids)


async def test_pages_that_automate_can_be_used_by_everybody(
    install: Stack, account: User, user: Person, looking: Looking
):
    await looking.at(AUTOMATE, "user", user, **asdict(await automated(install, account)))


async def test_pages_that_connect_can_be_used_by_everybody(
    install: Stack, account: User, user: Person, looking: Looking
):
    ids = asdict(await connections(install, account))
    await looking.at((*CONNECT, *CONNECT_FORMS, *CONNECT_OWN), "user", user, **ids)


async def test_pages_of_staff_that_connect_can_be_used_by_everybody(
    install: Stack, account: User, owner: Person, looking: Looking
):
    ids = asdict(await connections(install, account))
    await looking.at((*CONNECT, *CONNECT_FORMS), "staff", owner, **ids)


@pytest.mark.parametrize("paths", [MONEY, SYSTEM], ids=["money", "system"])
async def test_pages_of_money_and_of_the_system_can_be_used_by_everybody(
    install: Stack, boss: Staff, account: User, owner: Person, looking: Looking, paths: tuple[str, ...]
):
    ids = asdict(await money(install, boss, account))
    uid = await _message(install, account)
    workflow = (await boss.data("GET", f"/workflows/one?message={uid}"))["id"]
    await looking.at(paths, "staff", owner, uid=uid, workflow=workflow, **ids)


async def _message(install: Stack, account: User) -> str:
    body = {"contact": [{"number": "+14155550123", "body": "Hello"}, {"number": "+15005550001", "body": "Hello"}]}
    answer = await install.http.post("/api/sms/send", json=body, headers=account.headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"][0]["uid"])
