"""The first page: first steps, and what needs attention."""

import asyncio

import pytest

from panel.app import _SUBJECTS
from panel.attention.words import KINDS, path_of
from store.reports.attention import KINDS_OF_ACCOUNT, KINDS_OF_ALL
from tests.api.log_in import Person
from tests.leads_made import new_lead, new_source
from tests.looks import Looks
from tests.panel.seeds import connections
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User


async def _send(install: Stack, account: User, number: str = "+14155550123") -> None:
    body = {"contact": [{"number": number, "body": "Hello"}]}
    answer = await install.http.post("/api/sms/send", json=body, headers=account.headers)
    assert answer.status_code == 200, answer.text


async def test_first_steps_are_ticked_by_what_there_is(install: Stack, account: User, user: Person):
    async with signed_in(install, user) as client:
        page = (await client.get("/panel/")).text
        assert "1 of 5 done" in page  # it has a key
        assert "Publish an automation" in page
        await _send(install, account)
        async with asyncio.timeout(60):  # until it is on record
            looks = Looks()
            while "2 of 5 done" not in (await client.get("/panel/")).text:
                await looks.pause()


async def test_who_knows_the_way_hides_the_first_steps(install: Stack, account: User, user: Person):
    async with signed_in(install, user) as client:
        assert "First steps" in (await client.get("/panel/")).text
        form = {"csrf": await token_of(client)}
        assert (await client.post("/panel/steps/hide", data=form)).headers["location"] == "/panel/"
        assert "First steps" not in (await client.get("/panel/")).text


async def test_the_badge_says_whether_anything_leaves_the_install(install: Stack, account: User, user: Person):
    async with signed_in(install, user) as client:
        page = (await client.get("/panel/messages")).text
        assert ">Test</span>" in page
        assert ">Live</span>" not in page
        await connections(install, account)
        page = (await client.get("/panel/messages")).text
        assert ">Live</span>" in page
        assert ">Test</span>" not in page


async def test_staff_has_no_first_steps_outside_of_accounts(install: Stack, owner: Person):
    async with signed_in(install, owner) as client:
        assert "First steps" not in (await client.get("/panel/")).text
        form = {"csrf": await token_of(client)}
        assert (await client.post("/panel/steps/hide", data=form)).status_code == 303


async def test_what_needs_attention_is_on_the_first_page_at_the_bell_and_on_a_page(
    install: Stack, account: User, user: Person, owner: Person
):
    async with signed_in(install, user) as client:
        assert "Nothing needs attention" in (await client.get("/panel/attention")).text
        assert (await client.get("/panel/attention/bell")).text.strip() == ""
        source = await new_source(install.pool, account.id)
        await new_lead(install.pool, source, state="parked")
        for path in ("/panel/", "/panel/attention"):
            page = (await client.get(path)).text
            assert "Leads that wait for their source" in page
            assert 'href="/panel/leads?state=parked"' in page
        assert ">1<" in (await client.get("/panel/attention/bell")).text
    async with signed_in(install, owner) as client:
        assert 'href="/panel/failures?kind=lead"' in (await client.get("/panel/attention")).text


async def test_every_kind_that_needs_attention_has_words():
    assert {*KINDS_OF_ACCOUNT, *KINDS_OF_ALL} == set(KINDS)


@pytest.mark.parametrize("is_of_all", [False, True])
async def test_links_of_what_needs_attention_lead_to_pages(install: Stack, is_of_all: bool):
    """Of one and of several: each is the address of a route."""
    addresses = [route.path_regex for subject in _SUBJECTS for route in subject.routes]
    kinds = KINDS_OF_ALL if is_of_all else KINDS_OF_ACCOUNT
    for kind in kinds:
        for count in (1, 2):
            items = [{"kind": kind, "count": count, "id": id_} for id_ in ("7", "0c0a5ab2-1d7b-4c51-8a2e-6f8bd7a1c7aa")]
            paths = [path_of(item, is_of_all).partition("?")[0].removeprefix("/panel") for item in items]
            found = [path for path in paths if any(regex.match(path) for regex in addresses)]
            assert found or not any(paths), paths


async def test_sample_data_is_offered_where_nothing_is_and_goes_again(install: Stack, account: User, user: Person):
    async with signed_in(install, user) as client:
        assert "/panel/sample-data" in (await client.get("/panel/contacts")).text
        form = {"csrf": await token_of(client), "back": "/panel/contacts"}
        answer = await client.post("/panel/sample-data", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/panel/contacts")
        for path, name in (
            ("contacts", "Lovelace"),
            ("groups", "Sample contacts"),
            ("segments", "Sample: in Germany"),
            ("templates", "Sample: welcome"),
            ("automations", "Sample: welcome"),
        ):
            page = (await client.get(f"/panel/{path}")).text
            assert name in page
            assert 'action="/panel/sample-data"' not in page
        assert "Remove sample data" in (await client.get("/panel/")).text
        assert (await client.post("/panel/sample-data/remove", data=form)).status_code == 303
        assert "Lovelace" not in (await client.get("/panel/contacts")).text
        assert "Remove sample data" not in (await client.get("/panel/")).text


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/panel//evil.example", ""])
async def test_after_filling_nobody_is_led_away(install: Stack, user: Person, back: str):
    async with signed_in(install, user) as client:
        form = {"csrf": await token_of(client), "back": back}
        answer = await client.post("/panel/sample-data", data=form)
        assert answer.headers["location"] == "/panel/contacts"
