"""What is done when Meta does not give a lead."""

import gzip

import orjson
import pytest

from gateways.conformance.fake_provider import answer, disconnect, hang, reset
from gateways.leads import fetching
from gateways.leads.fetching import Fetched, Refused
from gateways.leads.graph import GraphApi
from tests.leads.graph_double import Fault

TABLE = [
    *[(code, None, "temporary") for code in (1, 2)],
    *[(code, None, "rate") for code in (4, 17, 32, 613, 80001, 80004, 80005)],
    *[(code, None, "access") for code in (10, 102, 190, 200, 215, 299)],
    *[(190, subcode, "access") for subcode in (458, 459, 460, 463, 464, 467, 492, 999)],
    (100, 33, "missing"),
    (368, None, "blocked"),
    (100, None, "access"),
    (100, 34, "access"),
    (2635, None, "access"),
    (987654, None, "access"),
]


@pytest.fixture
def lead(graph):
    graph.add_lead("10", "100", email="ann@example.com")
    return "100"


@pytest.mark.parametrize(("code", "subcode", "act"), TABLE)
async def test_code_of_an_error_says_what_to_do(graph, meta, lead, code, subcode, act):
    graph.fault = Fault(code, subcode, "Error validating access token page-token of ann@example.com")
    found = await meta().fetch_lead(lead)
    assert isinstance(found, Refused)
    assert (found.act, found.code) == (act, f"meta_{code}")
    assert "page-token" not in found.message
    assert "ann@" not in found.message


@pytest.mark.parametrize(
    ("subcode", "words"),
    [
        (458, "removed"),
        (459, "log in"),
        (460, "password"),
        (463, "expired"),
        (464, "not confirmed"),
        (467, "made invalid"),
        (492, "no role on the page"),
        (None, "not valid"),
    ],
)
async def test_token_that_is_refused_is_explained(graph, meta, lead, subcode, words):
    graph.fault = Fault(190, subcode, status=401)
    assert words in (await meta().fetch_lead(lead)).message


async def test_permission_that_is_missing_is_named_with_where_access_is_given(graph, meta, lead):
    graph.pages["1"].scopes.remove("leads_retrieval")
    found = await meta().fetch_lead(lead)
    assert (found.act, found.code) == ("access", "meta_200")
    assert "leads_retrieval" in found.message
    assert "Leads Access Manager" in found.message


async def test_permission_that_meta_names_is_the_one_that_is_missing(graph, meta, lead):
    graph.fault = Fault(
        200, message="(#200) Requires pages_read_engagement permission to manage the object", status=403
    )
    found = await meta().fetch_lead(lead)
    assert "pages_read_engagement" in found.message
    assert "leads_retrieval" not in found.message


async def test_permission_that_meta_does_not_name_is_the_one_that_was_needed(graph, meta):
    graph.fault = Fault(10, message="(#10) Application does not have permission for this action", status=403)
    assert "pages_manage_metadata" in (await meta().subscribe("1", None)).message


async def test_deleted_lead_is_missing_and_others_are_not(graph, meta, lead):
    graph.add_lead("10", "101")
    graph.delete_lead(lead)
    assert (await meta().fetch_lead(lead)).act == "missing"
    assert isinstance(await meta().fetch_lead("101"), Fetched)


async def test_leads_that_the_token_may_not_see_are_missing_too(graph, meta, lead):
    graph.is_hidden = True
    found = await meta().fetch_lead(lead)
    assert found.act == "missing"
    assert "Leads Access Manager" in found.message


async def test_lead_of_another_page_is_missing(graph, meta, lead):
    graph.add_page("2", "Other", token="other-token")
    assert (await meta("other-token").fetch_lead(lead)).act == "missing"


async def test_new_token_works_after_the_old_one_died(graph, meta, lead):
    graph.kill_token("page-token")
    graph.set_token("1", "new-token")
    assert (await meta().fetch_lead(lead)).act == "access"
    assert isinstance(await meta("new-token").fetch_lead(lead), Fetched)


async def test_dead_token_is_not_tried_a_second_time(graph, meta, lead):
    graph.kill_token("page-token")
    await meta().fetch_lead(lead)
    assert len(graph.asked) == 1


@pytest.mark.parametrize(("minutes", "seconds"), [(19, 1140.0), (0, None), (None, None), (10**9, 86400.0)])
async def test_limit_says_when_to_come_back(graph, meta, lead, minutes, seconds):
    graph.limit(minutes)
    found = await meta().fetch_lead(lead)
    assert (found.act, found.after) == ("rate", seconds)


@pytest.mark.parametrize(
    "usage",
    [
        "",
        "x",
        "[]",
        "1",
        '{"1":3}',
        '{"1":[3,null,{}]}',
        '{"1":[{"estimated_time_to_regain_access":"soon"}]}',
        "[" * 9000,
    ],
)
async def test_limit_with_a_header_that_says_nothing_says_no_time(graph, meta, lead, usage):
    graph.fault = Fault(4, headers={"X-Business-Use-Case-Usage": usage})
    found = await meta().fetch_lead(lead)
    assert (found.act, found.after) == ("rate", None)


async def test_limit_takes_the_longest_of_several_times(graph, meta, lead):
    usage = {"1": [{"estimated_time_to_regain_access": 3}], "2": [{"estimated_time_to_regain_access": 7}, {}]}
    graph.fault = Fault(613, headers={"X-Business-Use-Case-Usage": orjson.dumps(usage).decode()})
    assert (await meta().fetch_lead(lead)).after == 420.0


async def test_error_that_meta_calls_transient_is_temporary(graph, meta, lead):
    graph.fault = Fault(987654, transient=True)
    assert (await meta().fetch_lead(lead)).act == "temporary"


@pytest.mark.parametrize(
    ("status", "body", "act", "code"),
    [
        (500, b"", "temporary", "http_500"),
        (503, b'{"error":{"message":"x"}}', "temporary", "http_503"),
        (500, b'{"error":{"code":987654}}', "temporary", "meta_987654"),
        (502, b"<html>Bad gateway</html>", "temporary", "http_502"),
        (200, b"", "temporary", "http_200"),
        (200, b"<html>Log in to this network</html>", "temporary", "http_200"),
        (200, b'{"id":"1"', "temporary", "http_200"),
        (200, b"[]", "temporary", "http_200"),
        (200, b"null", "temporary", "http_200"),
        (200, b'{"error":{"code":190}}', "access", "meta_190"),
        (302, b"", "temporary", "http_302"),
        (400, b"no", "temporary", "http_400"),
        (400, b"{}", "access", "http_400"),
        (403, b'{"error":{"code":"190"}}', "access", "http_403"),
        (403, b'{"error":{"code":true}}', "access", "http_403"),
        (403, b'{"error":"no"}', "access", "http_403"),
        (429, b"", "rate", "http_429"),
        (429, b'{"error":{"code":987654}}', "rate", "meta_987654"),
        (200, b'{"a":' * 5000 + b"1" + b"}" * 5000, "temporary", "http_200"),
        (200, b'{"a":' * 900 + b"1" + b"}" * 900, "temporary", "http_200"),
        (200, b'{"a":"' + b"x" * 2_000_000 + b'"}', "temporary", "answer_large"),
    ],
)
async def test_unusual_answers(graph, meta, status, body, act, code):
    graph.instead = answer(status, body)
    found = await meta().page_of_token()
    assert isinstance(found, Refused)
    assert (found.act, found.code) == (act, code)


async def test_compressed_bomb_is_not_unfolded(graph, meta):
    graph.instead = answer(200, gzip.compress(b" " * 50_000_000), Content_Encoding="gzip")
    assert (await meta().page_of_token()).code == "answer_large"


@pytest.mark.parametrize("body", [b'{"data":{}}', b'{"data":null}', b"{}"])
async def test_list_that_is_none_is_temporary(graph, meta, body):
    graph.instead = answer(200, body)
    assert (await meta().subscriptions("1")).code == "answer_unfit"


async def test_nul_and_halves_of_characters_do_not_lose_a_lead(graph, meta):
    graph.instead = answer(200, rb'{"id":"1","name\u0000":"a\u0000b\ud83d!","list":["\u0000",1,true,null,1.5]}')
    found = await meta().page_of_token()
    assert found.body == {"id": "1", "name": "ab\ufffd!", "list": ["", 1, True, None, 1.5]}


@pytest.mark.parametrize("way", [reset, disconnect], ids=["reset", "disconnect"])
async def test_connection_that_breaks_is_temporary(graph, meta, lead, way):
    graph.instead = way
    found = await meta().fetch_lead(lead)
    assert (found.act, found.code) == ("temporary", "no_answer")
    assert len(graph.asked) == 1


async def test_silence_is_temporary(graph, meta, lead, monkeypatch):
    monkeypatch.setattr(fetching, "SECONDS", 0.05)
    graph.instead = hang
    found = await meta().fetch_lead(lead)
    assert (found.act, found.code) == ("temporary", "no_answer")


async def test_server_that_is_not_there_is_temporary(outside):
    found = await GraphApi(outside.private, "http://127.0.0.1:1", "v26.0", "t").fetch_lead("1")
    assert (found.act, found.code) == ("temporary", "no_connection")


async def test_private_address_is_refused_unless_it_is_allowed(graph, outside):
    found = await GraphApi(outside.public, graph.url, "v26.0", "t").fetch_lead("1")
    assert (found.act, found.code) == ("access", "address_private")
    assert graph.asked == []


@pytest.mark.parametrize("token", ["a\r\nX: y", "tökén", "a\0b"])
async def test_token_that_fits_in_no_header_is_refused(graph, meta, token):
    found = await meta(token).fetch_lead("100")
    assert (found.act, found.code) == ("access", "token_unfit")
    assert graph.asked == []


async def test_address_that_is_none_is_refused(outside):
    found = await GraphApi(outside.private, "http://x:port", "v26.0", "t").fetch_lead("1")
    assert (found.act, found.code) == ("access", "address_unfit")
