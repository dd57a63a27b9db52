"""Leads of LinkedIn, as its Lead Sync API gives them."""

from datetime import UTC, datetime, timedelta

import pytest

from gateways.conformance.fake_provider import answer, hang, reset
from gateways.leads import fetching
from gateways.leads.fetching import Fetched, Listed, Refused, Token
from gateways.leads.linkedin import LinkedInApi
from tests.leads.linkedin_double import CLIENT, Fault

OWNER = "urn:li:sponsoredAccount:5"
SINCE = datetime(2026, 11, 1, 12, 0, 0, 0, UTC)


async def _introspect(api, linkedin, secret=CLIENT[1]):
    return await api.introspect(CLIENT[0], secret, linkedin.url)


@pytest.mark.parametrize("given", ["52dc-4", "urn:li:leadGenFormResponse:52dc-4"])
async def test_lead_is_fetched_by_id_or_urn_with_the_form_it_answers(linkedin, lead_sync, given):
    linkedin.add_lead(7, "52dc-4", EMAIL="ann@example.com")
    found = await lead_sync.fetch_response(given)
    assert isinstance(found, Fetched)
    [said] = found.body["formResponse"]["answers"]
    [question, _] = found.body["form"]["content"]["questions"]
    assert said["questionId"] == question["questionId"] == "70000000000"
    assert question["predefinedField"] == "EMAIL"
    assert found.body["submittedAt"] > 1_700_000_000_000
    assert linkedin.fetched == ["52dc-4"]


async def test_token_is_sent_in_a_header_and_in_no_address(linkedin, lead_sync):
    linkedin.add_lead(7, "52dc-4")
    await lead_sync.fetch_response("52dc-4")
    [asked] = linkedin.asked
    assert asked.token == "member-token"
    assert "member-token" not in asked.path + asked.raw_query


async def test_leads_of_a_time_are_listed_page_by_page(linkedin, lead_sync):
    linkedin.add_lead(7, "early", at=SINCE - timedelta(seconds=1))
    linkedin.add_lead(7, "event", at=SINCE, lead_type="EVENT")
    for number in range(45):
        linkedin.add_lead(7, str(number), at=SINCE + timedelta(minutes=number))
    found, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = await lead_sync.list_responses(OWNER, "SPONSORED", SINCE, cursor)
        found += [one["id"] for one in page.items]
        cursor, pages = page.cursor, pages + 1
    assert sorted(found, key=int) == [str(number) for number in range(45)]
    assert pages == 3


async def test_owner_without_leads_has_none(lead_sync):
    assert await lead_sync.list_responses(OWNER, "EVENT", SINCE) == Listed((), None)


async def test_pages_end_where_no_total_is_given(linkedin, lead_sync):
    linkedin.instead = answer(200, b'{"elements":[%s]}' % b",".join([b'{"id":1}'] * 20))
    assert (await lead_sync.list_forms(OWNER)).cursor == "20"
    linkedin.instead = answer(200, b'{"elements":[{"id":1},3]}')
    assert await lead_sync.list_forms(OWNER, "20") == Listed(({"id": "1"},), None)
    linkedin.instead = answer(200, b'{"elements":[],"paging":{"total":99}}')
    assert (await lead_sync.list_forms(OWNER, "40")).cursor is None


async def test_forms_are_listed_with_their_questions(linkedin, lead_sync):
    linkedin.add_form("urn:li:organization:9", 8, "Not ours")
    [form] = (await lead_sync.list_forms(OWNER)).items
    assert (form["id"], form["name"]) == ("7", "Offer")
    assert [one["name"] for one in form["content"]["questions"]] == ["Your e-mail", "First name"]


async def test_organization_is_an_owner_too(linkedin, lead_sync):
    linkedin.tokens["member-token"].add("urn:li:organization:9")
    linkedin.add_form("urn:li:organization:9", 8, "Ours")
    assert [one["id"] for one in (await lead_sync.list_forms("urn:li:organization:9")).items] == ["8"]


@pytest.mark.parametrize("owner", ["", "5", "urn:li:person:5", "urn:li:organization:5)&x=(", "urn:li:organization:x"])
async def test_owner_that_is_none_is_not_asked_for(linkedin, lead_sync, owner):
    assert (await lead_sync.list_forms(owner)).code == "owner_unfit"
    assert (await lead_sync.list_responses(owner, "EVENT", SINCE)).code == "owner_unfit"
    assert linkedin.asked == []


@pytest.mark.parametrize("unfit", ["", "..", "a/b", "a?b", "urn:li:person:5", "a" * 101, "ä"])
async def test_what_is_no_id_is_not_asked_for(linkedin, lead_sync, unfit):
    found = await lead_sync.fetch_response(unfit)
    assert (found.act, found.code) == ("missing", "id_unfit")
    assert linkedin.asked == []


async def test_token_tells_its_scopes_and_when_it_ends(linkedin, lead_sync):
    assert await _introspect(lead_sync, linkedin) == Token(
        is_valid=True,
        scopes=("r_marketing_leadgen_automation", "r_ads"),
        expires_at=datetime.fromtimestamp(1_900_000_000, UTC),
        app_id="client",
    )


async def test_token_that_was_revoked_is_not_valid(linkedin, lead_sync):
    linkedin.kill_token("member-token")
    assert await _introspect(lead_sync, linkedin) == Token(is_valid=False, scopes=(), expires_at=None)


async def test_wrong_client_secret_is_said_to_be_that(linkedin, lead_sync):
    found = await _introspect(lead_sync, linkedin, "other")
    assert found.act == "access"
    assert "client id" in found.message


@pytest.mark.parametrize(
    ("status", "act"),
    [
        (400, "access"),
        (401, "access"),
        (403, "access"),
        (404, "missing"),
        (408, "temporary"),
        (422, "access"),
        (425, "temporary"),
        (426, "access"),
        (429, "rate"),
        (500, "temporary"),
        (503, "temporary"),
        (504, "temporary"),
    ],
)
async def test_status_of_an_answer_says_what_to_do(linkedin, lead_sync, status, act):
    linkedin.fault = Fault(status)
    found = await lead_sync.fetch_response("52dc-4")
    assert isinstance(found, Refused)
    assert (found.act, found.code) == (act, f"linkedin_{status}")
    assert "member-token" not in found.message


@pytest.mark.parametrize(
    ("why", "words"),
    [("EXPIRED_ACCESS_TOKEN", "expired"), ("REVOKED_ACCESS_TOKEN", "revoked"), ("INVALID_ACCESS_TOKEN", "not valid")],
)
async def test_token_that_is_refused_is_explained(linkedin, lead_sync, why, words):
    linkedin.kill_token("member-token", why)
    assert words in (await lead_sync.fetch_response("52dc-4")).message


async def test_permission_that_is_missing_is_named(linkedin, lead_sync):
    linkedin.tokens["member-token"].clear()
    found = await lead_sync.list_forms(OWNER)
    assert (found.act, found.code) == ("access", "linkedin_403")
    assert "r_marketing_leadgen_automation" in found.message


async def test_version_that_is_no_longer_served_is_said_to_be_that(linkedin, outside):
    found = await LinkedInApi(outside.private, linkedin.url, "202401", "member-token").list_forms(OWNER)
    assert (found.act, found.code) == ("access", "linkedin_426")
    assert "version" in found.message


async def test_deleted_lead_is_missing(linkedin, lead_sync):
    linkedin.add_lead(7, "52dc-4")
    linkedin.delete_lead("52dc-4")
    assert (await lead_sync.fetch_response("52dc-4")).act == "missing"


@pytest.mark.parametrize(("seconds", "after"), [(90, 90.0), (None, None)])
async def test_limit_says_when_to_come_back(linkedin, lead_sync, seconds, after):
    linkedin.limit(seconds)
    found = await lead_sync.fetch_response("52dc-4")
    assert (found.act, found.after) == ("rate", after)


@pytest.mark.parametrize(
    ("status", "body", "act", "code"),
    [
        (404, b"<html>", "temporary", "http_404"),
        (999, b"Request denied", "temporary", "http_999"),
        (200, b"[]", "temporary", "http_200"),
        (200, b"{}", "temporary", "answer_unfit"),
        (200, b'{"elements":{}}', "temporary", "answer_unfit"),
        (302, b"{}", "temporary", "linkedin_302"),
        (400, b'{"code":"<b>ann@example.com"}', "access", "linkedin_400"),
        (400, b'{"code":7}', "access", "linkedin_400"),
        (429, b"", "rate", "http_429"),
    ],
)
async def test_unusual_answers(linkedin, lead_sync, status, body, act, code):
    linkedin.instead = answer(status, body)
    found = await lead_sync.list_forms(OWNER)
    assert (found.act, found.code) == (act, code)
    assert "ann@" not in found.message


async def test_connection_that_breaks_or_stays_silent_is_temporary(linkedin, lead_sync, monkeypatch):
    linkedin.instead = reset
    assert (await lead_sync.list_forms(OWNER)).code == "no_answer"
    linkedin.instead = hang
    monkeypatch.setattr(fetching, "SECONDS", 0.05)
    assert (await lead_sync.list_forms(OWNER)).code == "no_answer"
    assert (await _introspect(lead_sync, linkedin)).code == "no_answer"
