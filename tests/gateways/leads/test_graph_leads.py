"""Leads of Meta, as the Graph API gives them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateways.leads.fetching import Fetched, Listed, Refused, Token
from gateways.meta.signing import appsecret_proof

SINCE = datetime(2026, 11, 1, 12, 0, 0, 400_000, UTC)


async def test_lead_is_fetched_with_what_is_known_of_its_ad(graph, meta):
    graph.add_lead("10", "100", email="ann@example.com", more={"campaign_name": "Autumn", "ad_id": "55"})
    found = await meta().fetch_lead("100")
    assert isinstance(found, Fetched)
    assert found.body["field_data"] == [{"name": "email", "values": ["ann@example.com"]}]
    assert (found.body["campaign_name"], found.body["ad_id"], found.warnings) == ("Autumn", "55", ())


async def test_token_is_sent_in_a_header_and_in_no_address(graph, meta):
    graph.add_lead("10", "100", email="ann@example.com")
    await meta().fetch_lead("100")
    [asked] = graph.asked
    assert asked.token == "page-token"
    assert "page-token" not in asked.path + asked.raw_query
    assert asked.path == "/v26.0/100"


async def test_requests_prove_that_they_are_of_the_app_whose_secret_is_known(graph, meta):
    graph.app_secret = "app-secret"
    graph.add_lead("10", "100", email="ann@example.com")
    assert isinstance(await meta().fetch_lead("100"), Refused)
    assert isinstance(await meta("page-token", "app-secret").fetch_lead("100"), Fetched)
    assert graph.asked[-1].query["appsecret_proof"] == appsecret_proof("page-token", "app-secret")


@pytest.mark.parametrize("number", [2**53 + 1, 2**64 - 1])
async def test_ids_that_are_large_numbers_stay_what_they_are(graph, meta, number):
    graph.add_lead("10", "100", more={"id": number, "ad_id": number, "platform": number})
    found = await meta().fetch_lead("100")
    assert {found.body[name] for name in ("id", "ad_id", "platform")} == {str(number)}


async def test_lead_without_a_permission_for_ads_comes_without_its_ad(graph, meta):
    graph.pages["1"].scopes.remove("ads_management")
    graph.add_lead("10", "100", email="ann@example.com", more={"ad_id": "55"})
    found = await meta().fetch_lead("100")
    assert isinstance(found, Fetched)
    assert found.body["field_data"]
    assert "ad_id" not in found.body
    assert "ads_management" in found.warnings[0]
    listed = await meta().list_leads("10", SINCE - timedelta(days=1))
    assert ([one["id"] for one in listed.items], listed.warnings) == (["100"], found.warnings)


async def test_leads_since_a_time_are_listed_page_by_page_the_second_itself_included(graph, meta):
    graph.add_lead("10", "early", at=SINCE - timedelta(seconds=1))
    for number in range(60):
        graph.add_lead("10", str(number), at=SINCE + timedelta(minutes=number))
    found, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = await meta().list_leads("10", SINCE, cursor)
        found += [one["id"] for one in page.items]
        cursor, pages = page.cursor, pages + 1
    assert sorted(found, key=int) == [str(number) for number in range(60)]
    assert pages == 3


async def test_form_without_leads_has_none(graph, meta):
    assert await meta().list_leads("10", SINCE) == Listed((), None)


async def test_next_page_is_asked_of_the_same_host_wherever_the_answer_points(graph, meta):
    page = b'{"data":[{"id":1}],"paging":{"next":"http://169.254.169.254/x","cursors":{"after":"abc"}}}'
    graph.instead = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page)
    first = await meta().list_leads("10", SINCE)
    second = await meta().list_leads("10", SINCE, first.cursor)
    assert (first.cursor, second.cursor) == ("abc", None), "a cursor that leads to itself ends the list"
    assert [asked.query.get("after") for asked in graph.asked] == [None, "abc"]


async def test_forms_of_a_page_are_listed_with_their_questions(graph, meta):
    graph.add_page("2", "Other", token="other-token")
    graph.add_form("2", "20", "Not ours")
    found = await meta().list_forms("1")
    assert [(one["id"], one["name"], one["status"]) for one in found.items] == [("10", "Offer", "ACTIVE")]
    assert [one["key"] for one in found.items[0]["questions"]] == ["email", "budget"]


async def test_all_pages_of_forms_are_listed(graph, meta):
    for number in range(30):
        graph.add_form("1", f"{100 + number}", "More")
    first = await meta().list_forms("1")
    second = await meta().list_forms("1", first.cursor)
    assert (len(first.items) + len(second.items), second.cursor) == (31, None)


async def test_token_tells_its_page(graph, meta):
    assert (await meta().page_of_token()).body == {"id": "1", "name": "Shop"}


async def test_token_tells_its_scopes_and_when_it_ends(graph, meta):
    graph.pages["1"].expires_at, graph.pages["1"].data_access_expires_at = 0, 1_800_000_000
    found = await meta().debug_token()
    assert isinstance(found, Token)
    assert (found.is_valid, found.expires_at, found.page_id, found.app_id) == (True, None, "1", "4242")
    assert found.data_access_expires_at == datetime.fromtimestamp(1_800_000_000, UTC)
    assert "leads_retrieval" in found.scopes
    assert found.user_id == "9007199254740993"


async def test_dead_token_is_looked_at_in_the_name_of_the_app(graph, meta):
    graph.app_secret = "app-secret"
    graph.kill_token("page-token", 463)
    assert (await meta("page-token", "app-secret").debug_token()).act == "access"
    found = await meta("page-token", "app-secret").debug_token("4242")
    assert found == Token(is_valid=False, scopes=(), expires_at=None)
    assert graph.asked[-1].token == "4242|app-secret"


async def test_page_is_subscribed_and_what_the_app_had_already_is_kept(graph, meta):
    others = {"id": "99", "name": "Other", "subscribed_fields": ["feed"]}
    graph.pages["1"].apps = [others, {"id": "4242", "name": "App", "subscribed_fields": ["messages"]}]
    assert (await meta().subscribe("1", "4242")).body == {"success": True}
    found = await meta().subscriptions("1")
    assert found.items == (others, {"id": "4242", "name": "App", "subscribed_fields": ["leadgen", "messages"]})


async def test_page_is_subscribed_by_an_app_whose_id_is_not_known(graph, meta):
    assert (await meta().subscribe("1", None)).body == {"success": True}
    assert graph.pages["1"].apps[0]["subscribed_fields"] == ["leadgen"]


async def test_version_that_ends_is_a_warning(graph, meta):
    graph.add_lead("10", "100")
    graph.headers = {"X-Ad-Api-Version-Warning": "The call has been auto-upgraded to v27.0"}
    found = await meta().fetch_lead("100")
    assert "auto-upgraded to v27.0" in found.warnings[0]


async def test_other_version_than_was_asked_for_is_a_warning(graph, meta):
    graph.instead = b'HTTP/1.1 200 OK\r\nfacebook-api-version: v28.0\r\nContent-Length: 10\r\n\r\n{"id":"1"}'
    [warning] = (await meta().page_of_token()).warnings
    assert "v28.0" in warning
    assert "v26.0" in warning


async def test_requests_are_answered_no_sooner_than_a_slow_server_does(graph, meta):
    graph.add_lead("10", "100")
    graph.hold()
    fetching = asyncio.create_task(meta().fetch_lead("100"))
    await graph.asked_for(1)
    assert not fetching.done()
    graph.release()
    assert isinstance(await fetching, Fetched)
    assert graph.fetched == ["100"]


@pytest.mark.parametrize("unfit", ["", "..", "../me", "1/leads", "1?x=2", "１", "1" * 33, "1\r\nX: y", "me"])
async def test_what_is_no_id_is_not_asked_for(graph, meta, unfit):
    found = await meta().fetch_lead(unfit)
    assert (found.act, found.code) == ("missing", "id_unfit")
    assert graph.asked == []
