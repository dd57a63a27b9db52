"""Every page and form of the panel, for whoever may not: nothing is shown and nothing is changed.

They are those that are served (``panel_routes.py``), so a new one is among them without being named.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from embedded.engine import Engine
from panel.http.csrf import csrf_token
from runtime.temporal import connect
from tests.api.access.objects import objects_of
from tests.api.admin import Staff, admin
from tests.api.log_in import Person, member, user
from tests.dns_double import Dns
from tests.looks import Looks
from tests.panel.conftest import installed
from tests.panel.money_seeds import money
from tests.panel.panel_routes import OWN, PUBLIC, PUBLIC_PAGES, Route, forms, routes
from tests.panel.seeds import made as made_by
from tests.panel.seeds import program
from tests.stack import Stack, User, new_client, run_stack, run_worker

GUARDED = [route for route in forms() if route.path not in PUBLIC]
PAGES = [route for route in routes() if route.method == "GET" and route.path not in PUBLIC_PAGES]
NOT_MADE = {"/gateways/{gateway}/change", "/gateways/{gateway}/unshare/{account}", "/account/{account}"}
"""Forms that the last test leaves out: they need more than one of everything."""
FOREIGN = ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"})
NOT_COMPARED = {"audit_stream", "key_uses", "log_in_waits", "request_log", "sessions", "workers"}
"""Tables that change with every request, or by themselves."""
CHOOSE = "Choose an account first"
SHOWN = {
    "/panel/",
    "/panel/account/suggestions",
    "/panel/approvals/policies",
    "/panel/attention",
    "/panel/attention/bell",
    "/panel/help",
    "/panel/help/panel",
    "/panel/reference",
    "/panel/reference/errors",
    "/panel/reference/errors/sendSms",
    "/panel/reference/send",
    "/panel/sandbox",
    "/panel/search",
    "/panel/security",
    "/panel/views",
}
"""Pages for whoever may only read the sandbox inbox: they show what that role may see, or nothing of anybody."""
FORM = {
    "account": "1",
    "amount": "1",
    "as": "sent",
    "channel": "sms",
    "contact": "00000000-0000-4000-8000-000000000000",
    "definition": '{"schema": "xsender.flow/1", "key": "a", "name": "A", "trigger": {"kind": "manual"}, "steps": []}',
    "events": "message.sent",
    "kind": "manual",
    "name": "News",
    "reason": "Because",
    "schedule_at": "2027-02-01T00:00",
    "to": "1",
    "url": "https://callbacks.invalid/hook",
}
"""With which forms come to ask the API for their object."""

LAST = {"remove": 1, "revoke": 1, "delete": 2, "purge": 3}
"""What is done last to an object, in this order."""
FINDS_NOTHING = (
    "/share",
    "/plan",
    "/subscription/keep",
    "/staff/add",
    "/jobs/none/stop",
    "/system/resume",
    "/oidc/remove",
)
"""What these name in ``FORM``, or would take back, is not there."""


@dataclass(frozen=True)
class Full:
    """An install in which an account has one of everything; no worker changes it meanwhile."""

    stack: Stack
    boss: Staff
    account: User
    email: str
    """Of the account."""
    ids: dict[str, str]

    def form(self, token: str) -> dict[str, str]:
        """What is sent by somebody whose token for forms this is."""
        return FORM | {"csrf": token, "typed": self.email}

    def addresses(self, wanted: list[Route]) -> list[str]:
        """Of all of these, those that remove something last."""
        found = [address for route in wanted for address in route.addresses(self.ids)]
        return sorted(found, key=lambda address: LAST.get(address.rpartition("/")[2], 0))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def full(engine: Engine, dns: Dns) -> AsyncIterator[Full]:
    async with installed(engine, dns) as stack:
        boss = await admin(stack)
        account = await program(stack, await stack.user())
        ids = await _ids(stack, boss, account)
        email = (await boss.data("GET", f"/users/{account.id}"))["email"]
        await _settle(stack)
        settings = stack.settings
    async with run_stack(settings, worker=False) as stack:
        yield Full(stack, Staff(stack, boss.key), account, email, ids)


async def _ids(stack: Stack, boss: Staff, account: User) -> dict[str, str]:
    """By what stands in paths of the panel."""
    seeded = await money(stack, boss, account)
    await boss.data("PUT", "/approval-policies/top_up", {"above": 500})
    finance = await boss.colleague("finance")
    large = {"channel": "sms", "amount": 1000, "reason": "Invoice"}
    waiting = (await finance.call("POST", f"/users/{account.id}/credits", large)).json()["data"]
    await boss.data("PUT", "/roles/helpdesk", {"permissions": ["users:read"]})
    made = await objects_of(stack, account)
    draft = {"name": "Spring", "channel": "sms", "template": made["{template}"], "audience": {"everyone": True}}
    return made | {
        "{account}": str(account.id),
        "{approval}": str(waiting["id"]),
        "{campaign}": (await made_by(stack, account, "/api/campaigns", draft))["id"],
        "{channel}": "email",
        "{gateway}": made["{gateway_id}"],
        "{identifier}": (await boss.data("GET", f"/gateways/{made['{gateway_id}']}"))["identifier"],
        "{job}": "none",
        "{page}": "panel",
        "{person}": str(seeded.staff),
        "{plan}": str(seeded.plan),
        "{request}": str(seeded.request),
        "{role}": "helpdesk",
        "{session}": "others",
        "{step}": "one",
        "{tag}": "send",
        "{token}": made["{device_token}"],
        "{type}": "smtp",
        "{view}": "1",
    }


async def contents(stack: Stack) -> dict[str, str]:
    """What is stored, as a digest of each table; attempts that were denied are in the audit log."""
    tables = """select oid::regclass::text from pg_class where relnamespace = 'public'::regnamespace
                and relkind in ('r', 'p') and not relispartition"""
    async with stack.pool.connection() as conn:
        found: dict[str, str] = {}
        for (name,) in await (await conn.execute(tables)).fetchall():
            if name in NOT_COMPARED:
                continue
            only = "where outcome <> 'denied'" if name == "audit_events" else ""
            digest = f"select md5(string_agg(t::text, '' order by t::text)) from {name} t {only}"
            found[name] = str(await (await conn.execute(digest.encode())).fetchone())
        return found


async def _settle(stack: Stack) -> None:
    """Wait until what was made has come to rest."""
    async with asyncio.timeout(60):
        before, looks = await contents(stack), Looks()
        await looks.pause()
        while (now := await contents(stack)) != before:
            before = now
            await looks.pause()


@asynccontextmanager
async def unchanged(stack: Stack) -> AsyncIterator[None]:
    """Nothing that is done inside changes anything."""
    before = await contents(stack)
    yield
    after = await contents(stack)
    assert {name for name in after if after[name] != before[name]} == set()


@asynccontextmanager
async def client_of(person: Person, stack: Stack) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A browser of somebody who has logged in, and the token of their forms."""
    session = (await person.begin()).token
    async with new_client(stack.url, {"xsender_session": session}) as client:
        yield client, csrf_token(session)


async def statuses(client: httpx.AsyncClient, addresses: list[str], form: Mapping[str, str] | None) -> dict[str, int]:
    """What each answers: to a form, or as a page."""
    answers = {}
    for address in addresses:
        answer = await (client.get(address) if form is None else client.post(address, data=form))
        answers[address] = answer.status_code
    return answers


def unexpected(answers: Mapping[str, int], *expected: int) -> dict[str, int]:
    """Those that answered otherwise."""
    return {address: status for address, status in answers.items() if status not in expected}


def test_what_is_open_is_served():
    assert {route.path for route in forms()} >= PUBLIC | OWN
    assert {route.path for route in routes() if route.method == "GET"} >= PUBLIC_PAGES


async def test_nobody_is_led_to_the_log_in(full: Full):
    async with unchanged(full.stack), new_client(full.stack.url) as client:
        for method, wanted in (("POST", GUARDED), ("GET", PAGES)):
            for address in full.addresses(wanted):
                answer = await client.request(method, address, data=full.form(csrf_token(None)))
                led_to = answer.headers.get("location", "").partition("?")[0]
                assert (answer.status_code, led_to) == (303, "/panel/login"), f"{method} {address}"


async def test_a_form_without_a_token_or_of_another_site_is_not_taken(full: Full):
    person, every = await member(full.boss, "owner"), full.addresses(forms())
    async with client_of(person, full.stack) as (client, token), unchanged(full.stack):
        assert unexpected(await statuses(client, every, full.form("")), 403) == {}
        for headers in FOREIGN:
            client.headers.update(headers)
            assert unexpected(await statuses(client, every, full.form(token)), 403) == {}
            for name in headers:
                del client.headers[name]


@pytest.mark.parametrize("role", ["auditor", "narrow"])
async def test_staff_that_may_only_read_changes_nothing(full: Full, role: str):
    """``auditor`` may read everything, so that forms are shown; ``narrow`` next to nothing."""
    await full.boss.data("PUT", "/roles/narrow", {"permissions": ["sandbox:read"]})
    person = await member(full.boss, role)
    wanted = full.addresses([route for route in GUARDED if route.path not in OWN])
    async with client_of(person, full.stack) as (client, token), unchanged(full.stack):
        assert unexpected(await statuses(client, wanted, full.form(token)), 403, 404) == {}


async def test_staff_that_may_do_next_to_nothing_is_shown_next_to_nothing(full: Full):
    await full.boss.data("PUT", "/roles/narrow", {"permissions": ["sandbox:read"]})
    person = await member(full.boss, "narrow")
    async with client_of(person, full.stack) as (client, _), unchanged(full.stack):
        answers = {address: await client.get(address) for address in full.addresses(PAGES)}
    shown = {address for address, answer in answers.items() if answer.status_code not in (303, 403, 404)}
    assert {address for address in shown if CHOOSE not in answers[address].text} == SHOWN


async def test_a_user_of_another_account_finds_nothing(full: Full):
    person = await user(full.boss)
    of_objects = full.addresses([route for route in GUARDED if route.is_of_an_object])
    pages = full.addresses([route for route in PAGES if route.is_of_an_object])
    async with client_of(person, full.stack) as (client, token), unchanged(full.stack):
        assert unexpected(await statuses(client, of_objects, full.form(token)), 403, 404) == {}
        assert unexpected(await statuses(client, pages, None), 403, 404) == {}


async def test_whoever_may_is_let_in(full: Full):
    """Otherwise the tests above would show nothing. It is the last one: everything is gone after it."""
    async with run_worker(full.stack.settings, await connect(full.stack.settings)):
        owner = await member(full.boss, "owner")
        async with client_of(owner, full.stack) as (client, token):
            acting = await client.post(f"/panel/account/{full.account.id}", data={"csrf": token})
            assert acting.status_code == 303
            wanted = [route for route in GUARDED if route.path not in OWN and route.path not in NOT_MADE]
            answers = await statuses(client, full.addresses(wanted), full.form(token))
    missing = {address: status for address, status in answers.items() if status in (401, 403, 404) or status >= 500}
    assert {address: status for address, status in missing.items() if not address.endswith(FINDS_NOTHING)} == {}
