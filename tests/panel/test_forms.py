"""What the panel takes, and from whom; without a browser."""

import gzip
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from panel.frame.navigation import GROUPS
from panel.rendering.assets import FOLDER, assets
from panel.rendering.environment import environment
from panel.security.words import device
from tests.api.log_in import Person
from tests.stack import Stack, new_client

TOKEN = re.compile(r'name="csrf" value="(\w+)"')


@asynccontextmanager
async def signed_in(install: Stack, person: Person) -> AsyncIterator[httpx.AsyncClient]:
    """A browser's cookies without a browser."""
    async with new_client(install.url) as client:
        token = TOKEN.search((await client.get("/panel/login")).text)
        assert token
        form = {"csrf": token[1], "email": person.email, "password": person.password}
        answer = await client.post("/panel/login", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/panel/")
        yield client


async def token_of(client: httpx.AsyncClient) -> str:
    found = TOKEN.search((await client.get("/panel/messages")).text)
    assert found
    return found[1]


async def test_whoever_has_not_logged_in_comes_back_to_the_page_after_it(install: Stack, user: Person):
    async with new_client(install.url) as client:
        answer = await client.get("/panel/messages?state=failed")
        assert answer.headers["location"] == "/panel/login?next=/panel/messages%3Fstate%3Dfailed"
        page = (await client.get(answer.headers["location"])).text
        token = TOKEN.search(page)
        assert token
        form = {
            "csrf": token[1],
            "email": user.email,
            "password": user.password,
            "next": "/panel/messages?state=failed",
        }
        assert (await client.post("/panel/login", data=form)).headers["location"] == "/panel/messages?state=failed"


async def test_a_part_of_a_page_never_shows_the_log_in_within_it(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        for name in list(client.cookies):
            client.cookies.set(name, "ended")
        answers = [
            await client.get(path, headers={"hx-request": "true"})
            for path in ("/panel/messages", "/panel/attention/bell")
        ]
    assert [(one.status_code, one.headers.get("hx-redirect")) for one in answers] == [
        (204, "/panel/login"),
        (204, None),  # asked for by the page itself: what somebody is writing there stays
    ]


@pytest.mark.parametrize("path", ["batches/1/stop", "groups/vip/swap", "runs/1/go", "templates/hello/send"])
async def test_an_address_that_names_no_action_of_ours_does_nothing(install: Stack, user: Person, path: str):
    async with signed_in(install, user) as client:
        form = {"csrf": await token_of(client), "contact": "1"}
        assert (await client.post(f"/panel/{path}", data=form)).status_code == 404


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/panel//evil.example", "/panel\\evil"])
async def test_log_in_leads_to_no_other_site(install: Stack, user: Person, wanted: str):
    async with new_client(install.url) as client:
        token = TOKEN.search((await client.get("/panel/login")).text)
        assert token
        form = {"csrf": token[1], "email": user.email, "password": user.password, "next": wanted}
        assert (await client.post("/panel/login", data=form)).headers["location"] == "/panel/"


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        ("", {}),
        ("0" * 48, {}),
        ("anothers", {}),
        ("own", {"Sec-Fetch-Site": "cross-site"}),
        ("own", {"Origin": "https://evil.example"}),
    ],
)
async def test_a_form_of_another_site_changes_nothing(
    install: Stack, user: Person, owner: Person, token: str, headers: dict[str, str]
):
    async with signed_in(install, user) as client, signed_in(install, owner) as other:
        known = {"own": await token_of(client), "anothers": await token_of(other)}
        answer = await client.post("/panel/logout", data={"csrf": known.get(token, token)}, headers=headers)
        assert answer.status_code == 403
        assert (await client.get("/panel/messages")).status_code == 200


async def test_every_page_has_a_token_of_its_own_that_works(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        first, second = await token_of(client), await token_of(client)
        assert first != second
        assert (await client.post("/panel/logout", data={"csrf": first})).status_code == 303
        assert (await client.get("/panel/messages")).status_code == 303


async def test_what_somebody_wrote_is_shown_and_not_run(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        text = (await client.get("/panel/messages", params={"q": '"><script>alert(1)</script>'})).text
    assert "<script>alert" not in text


async def test_pages_may_load_nothing_from_elsewhere(install: Stack):
    async with new_client(install.url) as client:
        policy = (await client.get("/panel/login")).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")


async def test_files_stay_in_the_browser_and_unknown_ones_are_not_there(install: Stack):
    async with new_client(install.url) as client:
        for name, asset in assets().items():
            answer = await client.get(f"/panel/assets/{name}")
            assert (answer.status_code, answer.content) == (200, asset.plain)
            assert "immutable" in answer.headers["cache-control"]
        assert (await client.get("/panel/assets/panel-0.css")).status_code == 404


async def test_the_first_page_is_small(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        page = (await client.get("/panel/")).content
    files = [asset for name, asset in assets().items() if "latin-ext" not in name]
    sent = sum(len(asset.compressed or asset.plain) for asset in files)
    assert len(gzip.compress(page)) < 25_000
    assert sent + len(gzip.compress(page)) < 150_000


def test_no_template_has_a_script_or_a_style_in_it():
    for path in (FOLDER.parent / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"<style|\sstyle=|<script(?! src=)|\shx-on|\son\w+=|js:|javascript:", text), path


def test_each_key_leads_to_one_page():
    keys = [entry.shortcut for group in GROUPS for entry in group.entries if entry.shortcut]
    assert sorted(keys) == sorted(set(keys))


def test_a_text_that_is_not_ours_is_shown_and_not_run():
    template = environment("en").from_string("{{ _(text) }} {{ _('Of %(name)s', name=text) }}")
    assert template.render(text="<b>100% off</b>") == "&lt;b&gt;100% off&lt;/b&gt; Of &lt;b&gt;100% off&lt;/b&gt;"


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 Edg/156.0",
            ("Edge", "Windows"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Version/19.0 Safari/604.1",
            ("Safari", "iOS"),
        ),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36", ("Chrome", "Android")),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:160.0) Gecko/20100101 Firefox/160.0", ("Firefox", "Linux")),
        ("curl/8.14", ("", "")),
    ],
)
def test_a_session_is_named_by_browser_and_system(header: str, named: tuple[str, str]):
    assert device(header) == named


async def test_a_message_leads_to_its_gateway_by_name(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        found = await client.get("/panel/gateways/named/sandbox-sms")
        assert re.fullmatch(r"/panel/gateways/[0-9a-f-]{36}", found.headers["location"])
        assert (await client.get("/panel/gateways/named/no/such")).headers["location"] == "/panel/gateways"
