"""What Meta posts: signed by the install's app or by that of a source, for pages of many customers at once."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from api.leads.doors import meta
from store.leads.sources import Source
from tests.api.answers import assert_error
from tests.api.leads.posted import a_source, disable, has_started, refused, stored, unknown
from tests.stack import Stack, serve_api

PATH = "/api/webhook/meta-lead-ads"
OURS = "the-secret-of-our-app"
TOKEN = "our-verify-token"
BEYOND_DOUBLES = 2**53 + 1
HOSTILE: list[Any] = [
    {"entry": None},
    {"entry": {}},
    {"entry": [None, 1, [], {"changes": None}, {"changes": [None, 7, {"field": ["leadgen"]}]}]},
    {"entry": [{"id": {}, "changes": [{"field": "leadgen", "value": []}]}]},
]
VALUES: list[Any] = [
    None,
    {},
    {"leadgen_id": None, "page_id": "1"},
    {"leadgen_id": True},
    {"leadgen_id": "a/b"},
    {"leadgen_id": "9" * 50},
    {"leadgen_id": -1},
    {"leadgen_id": 1.5},
    {"leadgen_id": {"a": 1}},
]


@pytest.fixture(scope="module")
def stack(alone: Stack) -> Stack:
    """One without a worker: that of all tests would have to take a thousand leads before those of others."""
    return alone


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def http(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """An API of an install that has an app at Meta."""
    async with install(stack, meta_app_secret=SecretStr(OURS), meta_verify_token=SecretStr(TOKEN)) as client:
        yield client


@asynccontextmanager
async def install(stack: Stack, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serve_api(stack.settings.model_copy(update=settings)) as url,
        httpx.AsyncClient(base_url=url, timeout=30) as client,
    ):
        yield client


def new_id() -> int:
    return BEYOND_DOUBLES + uuid4().int % 10**15


def change(page: Any, lead: Any, **more: Any) -> dict[str, Any]:
    value = {"leadgen_id": lead, "page_id": page, "form_id": new_id(), "created_time": 1_790_000_000}
    return {"field": "leadgen", "value": value | more}


def entry(page: Any, *changes: dict[str, Any]) -> dict[str, Any]:
    return {"id": page, "time": 1_790_000_001, "changes": list(changes)}


async def post(
    http: httpx.AsyncClient, *entries: Any, secret: str = OURS, path: str = PATH, raw: bytes | None = None
) -> httpx.Response:
    body = json.dumps({"object": "page", "entry": list(entries)}).encode() if raw is None else raw
    signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
    return await http.post(path, content=body, headers={"X-Hub-Signature-256": f"sha256={signature}"})


async def of_page(stack: Stack, page: int, secret: str | None = None, **settings: Any) -> Source:
    credentials = {"token": "t"} | ({} if secret is None else {"app_secret": secret, "verify_token": "v-" + secret})
    return await a_source(stack, "meta", credentials=credentials, page_id=str(page), **settings)


async def leads(stack: Stack, source: Source) -> list[str]:
    return [one.provider_id for one in await stored(stack, source)]


async def test_one_post_with_three_pages_of_two_tenants_and_an_unknown_one(stack: Stack, http: httpx.AsyncClient):
    pages = [new_id() for _ in range(4)]
    account = (await stack.user()).id
    first = await a_source(stack, "meta", account=account, page_id=str(pages[0]))
    second = await a_source(stack, "meta", account=account, page_id=str(pages[1]))
    third = await of_page(stack, pages[2])
    ids = [new_id() for _ in range(5)]
    answer = await post(
        http,
        entry(pages[0], change(pages[0], ids[0]), change(str(pages[0]), str(ids[1]))),
        entry(str(pages[3]), change(pages[3], ids[2])),
        entry(pages[1], {"field": "feed", "value": {"item": "post"}}, change(pages[1], ids[3])),
        entry(pages[2], change(pages[2], ids[4])),
    )
    assert (answer.status_code, answer.json()) == (200, {"success": True, "leads": 5, "unknown": 1}), answer.text
    assert await leads(stack, first) == [str(ids[0]), str(ids[1])]
    assert await leads(stack, second) == [str(ids[3])]
    assert await leads(stack, third) == [str(ids[4])]
    for source, id_ in ((first, ids[0]), (first, ids[1]), (second, ids[3]), (third, ids[4])):
        assert await has_started(stack, source, str(id_))


async def test_leads_of_pages_that_no_source_takes_are_counted_by_page(stack: Stack, http: httpx.AsyncClient):
    page, off = new_id(), new_id()
    await disable(stack, await of_page(stack, off))
    for _ in range(2):
        answer = await post(
            http, entry(page, change(page, new_id()), change(page, new_id())), entry(off, change(off, 7))
        )
        assert (answer.status_code, answer.json()["unknown"]) == (200, 3)
    async with asyncio.timeout(10):
        while [one["leads"] for one in await listed_pages(stack, page, off)] != [4, 2]:
            await asyncio.sleep(0.05)


async def listed_pages(stack: Stack, *pages: int) -> list[dict[str, Any]]:
    """What staff are shown of pages without a source."""
    staff = await stack.admin()
    answer = await stack.http.get("/api/admin/v1/unknown-lead-pages?limit=200", headers=staff.headers)
    assert answer.status_code == 200, answer.text
    found = {one["page_id"]: one for one in answer.json()["data"]}
    return [found[str(page)] for page in pages if str(page) in found]


async def test_a_lead_is_stored_with_its_ids_as_text_and_the_time_of_meta(stack: Stack, http: httpx.AsyncClient):
    page, lead, form = new_id(), new_id(), new_id()
    source = await of_page(stack, page)
    answer = await post(http, entry(page, change(page, lead, form_id=form, adgroup_id=str(7), name="Ada")))
    assert answer.status_code == 200
    (found,) = await stored(stack, source)
    assert (found.provider_id, found.via, found.form_id, found.raw) == (str(lead), "webhook", str(form), None)
    expected = {"leadgen_id": str(lead), "page_id": str(page), "form_id": str(form), "adgroup_id": "7"}
    assert found.notice == expected
    assert found.created_time.timestamp() == 1_790_000_000


async def test_posts_that_come_again_or_hold_a_lead_twice_store_it_once(stack: Stack, http: httpx.AsyncClient):
    page, lead = new_id(), new_id()
    source = await of_page(stack, page)
    for _ in range(2):
        answer = await post(http, entry(page, change(page, lead), change(page, str(lead))))
        assert answer.status_code == 200
    assert await leads(stack, source) == [str(lead)]


async def test_every_source_of_a_page_gets_its_leads_but_for_disabled_ones(stack: Stack, http: httpx.AsyncClient):
    page = new_id()
    both = [await of_page(stack, page) for _ in range(2)]
    off = await of_page(stack, page)
    await disable(stack, off)
    lead = new_id()
    assert (await post(http, entry(page, change(page, lead)))).status_code == 200
    assert [await leads(stack, source) for source in (*both, off)] == [[str(lead)], [str(lead)], []]


async def test_leads_of_other_forms_are_answered_and_counted(stack: Stack, http: httpx.AsyncClient):
    page, lead = new_id(), new_id()
    source = await of_page(stack, page, forms=["7"])
    answer = await post(http, entry(page, change(page, new_id()), change(page, lead, form_id=7)))
    assert (answer.status_code, answer.json()["unknown"]) == (200, 1)
    assert await leads(stack, source) == [str(lead)]
    await unknown(stack, source, 1)


async def test_a_post_that_is_not_signed_is_refused(stack: Stack, http: httpx.AsyncClient):
    page = new_id()
    source = await of_page(stack, page, "its-own-secret")
    told = entry(page, change(page, new_id()))
    right = json.dumps({"object": "page", "entry": [told]}).encode()
    signature = "sha256=" + hmac.new(OURS.encode(), right, "sha256").hexdigest()
    for headers, body in (
        ({}, right),
        ({"X-Hub-Signature-256": ""}, right),
        ({"X-Hub-Signature-256": "sha1=" + "0" * 40}, right),
        ({"X-Hub-Signature-256": "sha256=" + "0" * 64}, right),
        ({"X-Hub-Signature-256": signature.upper()}, right),
        ({"X-Hub-Signature-256": signature}, right + b" "),
    ):
        for path in (PATH, f"{PATH}/{source.id}"):
            assert_error(await http.post(path, content=body, headers=headers), 401, "lead_unauthorized")
    assert await leads(stack, source) == []
    assert await refused(stack, source, 4) == "lead_unauthorized"


async def test_at_the_shared_address_an_app_of_a_source_counts_for_its_own_pages(stack: Stack, http: httpx.AsyncClient):
    mine, theirs = new_id(), new_id()
    own, other = await of_page(stack, mine, "a-secret"), await of_page(stack, theirs, "b-secret")
    shared, lead = await of_page(stack, mine), new_id()
    posted = [entry(mine, change(mine, lead)), entry(theirs, change(theirs, new_id()))]
    answer = await post(http, *posted, secret="a-secret")
    assert (answer.status_code, answer.json()["unknown"]) == (200, 1)
    assert await leads(stack, own) == [str(lead)]
    assert await leads(stack, other) == await leads(stack, shared) == []
    assert_error(await post(http, posted[1], secret="a-secret"), 401, "lead_unauthorized")


async def test_at_the_address_of_a_source_its_own_app_and_page_count_alone(stack: Stack, http: httpx.AsyncClient):
    page, other, lead = new_id(), new_id(), new_id()
    source, stranger = await of_page(stack, page, "a-secret"), await of_page(stack, other)
    path = f"{PATH}/{source.id}"
    answer = await post(
        http, entry(page, change(page, lead)), entry(other, change(other, new_id())), secret="a-secret", path=path
    )
    assert (answer.status_code, answer.json()["unknown"]) == (200, 1)
    assert await leads(stack, source) == [str(lead)]
    assert await leads(stack, stranger) == []
    await unknown(stack, source, 1)
    assert await listed_pages(stack, other) == []
    assert_error(await post(http, entry(page), path=path), 401, "lead_unauthorized")
    await disable(stack, source)
    assert_error(await post(http, entry(page), secret="a-secret", path=path), 404, "lead_source_not_found")


async def test_an_install_without_an_app_believes_nobody_who_signs_with_nothing(stack: Stack):
    page = new_id()
    source = await of_page(stack, page)
    for secret in ("", "None"):
        answer = await post(stack.http, entry(page, change(page, new_id())), secret=secret)
        assert_error(answer, 401, "lead_unauthorized")
    for token in ("", "None"):
        asked = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": token}
        assert (await stack.http.get(PATH, params=asked)).status_code == 403
    assert await leads(stack, source) == []


async def test_the_address_is_proven_with_the_verify_token(stack: Stack, http: httpx.AsyncClient):
    source, bare = await of_page(stack, new_id(), "a-secret"), await of_page(stack, new_id())
    for path, token, status in (
        (PATH, TOKEN, 200),
        (PATH, "v-a-secret", 403),
        (f"{PATH}/{source.id}", "v-a-secret", 200),
        (f"{PATH}/{source.id}", TOKEN, 403),
        (f"{PATH}/{bare.id}", "", 403),
        (f"{PATH}/{uuid4()}", TOKEN, 404),
    ):
        asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": token}
        answer = await http.get(path, params=asked)
        assert answer.status_code == status, (path, token, answer.text)
        if status == 200:
            assert (answer.text, answer.headers["content-type"]) == ("1158201444", "text/plain; charset=utf-8")


async def test_what_makes_no_sense_is_left_out_and_the_rest_is_taken(stack: Stack, http: httpx.AsyncClient):
    page, lead = new_id(), new_id()
    source = await of_page(stack, page)
    odd = [{"field": "leadgen", "value": value} for value in VALUES]
    answer = await post(http, entry(page, *odd, change(page, lead, created_time=10**18)))
    assert (answer.status_code, answer.json()["leads"]) == (200, 1), answer.text
    (found,) = await stored(stack, source)
    assert (found.provider_id, found.created_time) == (str(lead), None)
    for body in HOSTILE:
        assert (await post(http, raw=json.dumps(body).encode())).status_code == 200


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"[]", 422),
        (b'{"entry": "\\u0000"}', 422),
        (b'{"a":' * 900 + b"1" + b"}" * 900, 422),
        (b"[" * 100_000, 413),
        (b'{"entry": 99999999999999999999999}', 422),
        (b'"' + b"x" * (meta.MOST_BYTES + 1) + b'"', 413),
    ],
)
async def test_hostile_bodies_are_refused(http: httpx.AsyncClient, raw: bytes, status: int):
    assert (await post(http, raw=raw)).status_code == status


async def test_hundreds_of_leads_of_one_post_are_all_stored(stack: Stack, http: httpx.AsyncClient):
    page = new_id()
    source = await of_page(stack, page)
    answer = await post(http, entry(page, *(change(page, 10**16 + number) for number in range(200))))
    assert (answer.status_code, answer.json()["leads"]) == (200, 200)
    assert len(await stored(stack, source)) == 200
