"""What forms of web sites post: who may, what shows robots, where browsers are sent on to, and what is kept."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.leads.doors import form
from store.leads.sources import Source
from tests.api.answers import assert_error
from tests.api.leads.posted import a_source, disable, has_started, read, refused, stored
from tests.stack import Stack

ADA = {"email": "ada@example.com", "name": "Ada"}
SITE = "https://example.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PARTS = {"Content-Type": "multipart/form-data; boundary=xyz"}


async def post(stack: Stack, source: Source, body: Any = None, query: str = "", **headers: str) -> httpx.Response:
    return await stack.http.post(
        f"/api/leads/{source.id}{query}", json=ADA if body is None else body, headers=headers, follow_redirects=False
    )


async def post_raw(stack: Stack, source: Source, raw: bytes, headers: dict[str, str]) -> httpx.Response:
    return await stack.http.post(f"/api/leads/{source.id}", content=raw, headers=headers)


def part(name: str, value: bytes, more: str = "") -> bytes:
    return f'--xyz\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"


async def test_a_form_is_stored_and_has_started_before_it_is_answered(stack: Stack):
    source = await a_source(stack, "form")
    answer = await post(stack, source)
    (found,) = await stored(stack, source)
    assert answer.json() == {"success": True, "message": "Form received", "data": {"id": found.id}}
    assert (found.raw, found.via, found.notice) == (ADA, "form", {})
    assert found.created_time is not None
    assert await has_started(stack, source, found.provider_id)


async def test_forms_are_read_as_json_urlencoded_or_in_parts(stack: Stack):
    source = await a_source(stack, "form")
    whole = part("email", b"ada@example.com") + part("you[name]", "Ada é".encode()) + b"--xyz--\r\n"
    for raw, headers in ((b"email=ada%40example.com&you[name]=Ada+%C3%A9", FORM), (whole, PARTS)):
        assert (await post_raw(stack, source, raw, headers | {"Idempotency-Key": uuid4().hex})).status_code == 200
    read_as = [one.raw for one in await stored(stack, source)]
    assert read_as == [{"email": "ada@example.com", "you": {"name": "Ada é"}}] * 2


@pytest.mark.parametrize(
    ("raw", "headers", "status", "code"),
    [
        (part("cv", b"%PDF", '; filename="cv.pdf"') + b"--xyz--\r\n", PARTS, 422, "form_file"),
        (part("cv", b"%PDF", "; filename*=UTF-8''cv.pdf") + b"--xyz--\r\n", PARTS, 422, "form_file"),
        (part("email", b"ada@example.com"), PARTS, 422, "multipart"),
        (part("email", b"\xff") + b"--xyz--\r\n", PARTS, 422, "multipart"),
        (b"--xyz\r\nX: 1\r\n\r\n1\r\n--xyz--\r\n", PARTS, 422, "multipart"),
        (part("a", b"1") * 1_001 + b"--xyz--\r\n", PARTS, 422, "multipart"),
        (b"--xyz--\r\n", PARTS, 422, "form_empty"),
        (b"", PARTS, 422, "multipart"),
        (b"--xyz\r\n" * 6_000, PARTS, 422, "multipart"),
        (b"a=1", {"Content-Type": "multipart/form-data"}, 422, "multipart"),
        (b"a" + b"[b]" * 15_000 + b"=1", FORM, 200, ""),
        (b"email=%00", FORM, 422, "webhook_body"),
        (b"&".join(b"n%d=1" % number for number in range(8_000)), FORM, 422, "webhook_body"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, {}, 422, "json_depth"),
        (b"[1]", {}, 422, "webhook_body"),
        (b"{}", {}, 422, "form_empty"),
        (b"x" * 70_000, {}, 413, "too_large"),
        (b"", {}, 400, "json_syntax"),
    ],
)
async def test_what_cannot_be_read_is_refused(
    stack: Stack, raw: bytes, headers: dict[str, str], status: int, code: str
):
    source = await a_source(stack, "form")
    answer = await post_raw(stack, source, raw, headers)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.json()["errors"][0]["code"] == code
        assert await refused(stack, source, 1) == code
        assert await stored(stack, source) == []


async def test_a_source_that_is_not_there_is_as_unknown_as_a_disabled_one(stack: Stack):
    off, other = await a_source(stack, "form"), await a_source(stack, "google")
    await disable(stack, off)
    answers = [await stack.http.post(f"/api/leads/{id_}", json=ADA) for id_ in (off.id, other.id, uuid4(), "none")]
    for answer in answers:
        assert_error(answer, 404, "lead_source_not_found")
    assert len({answer.text for answer in answers}) == 1


async def test_scripts_of_allowed_web_sites_alone_may_post_and_read_the_answer(stack: Stack):
    source = await a_source(stack, "form", origins=[SITE])
    for method, path in (("OPTIONS", ""), ("OPTIONS", "/token"), ("POST", "")):
        for origin in (SITE, SITE.upper()):
            answer = await stack.http.request(
                method, f"/api/leads/{source.id}{path}", json=ADA, headers={"Origin": origin}
            )
            assert answer.status_code in (200, 204), answer.text
            assert answer.headers["access-control-allow-origin"] == origin
            assert answer.headers["vary"] == "Origin"
    for origin in ("https://evil.test", "null", f"{SITE}.evil.test", "http://example.com"):
        refusal = await post(stack, source, Origin=origin)
        assert_error(refusal, 403, "origin_not_allowed")
        preflight = await stack.http.options(f"/api/leads/{source.id}", headers={"Origin": origin})
        for answer in (refusal, preflight):
            assert not [name for name in answer.headers if name.startswith("access-control")]
            assert answer.headers["vary"] == "Origin"
    assert await refused(stack, source, 4) == "origin_not_allowed"
    assert len(await stored(stack, source)) == 1


async def test_errors_can_be_read_by_scripts_of_allowed_web_sites(stack: Stack):
    source = await a_source(stack, "form", origins=[SITE])
    for raw, status in ((b"{", 400), (b"{}", 422)):
        answer = await post_raw(stack, source, raw, {"Origin": SITE})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, SITE)


async def test_a_robot_that_fills_in_the_hidden_field_is_answered_as_if_all_were_well(stack: Stack):
    source = await a_source(stack, "form", honeypot="website", redirects=["example.com"])
    robot = await post(stack, source, ADA | {"website": "http://spam.test"})
    person = await post(stack, source, ADA | {"website": ""})
    assert robot.status_code == person.status_code == 200
    assert robot.json().keys() == person.json().keys()
    assert {name: value for name, value in robot.json().items() if name != "data"} == {
        name: value for name, value in person.json().items() if name != "data"
    }
    onward = {"website": "x", "_redirect": "https://example.com/thanks"}
    assert (await post(stack, source, ADA | onward)).status_code == 303
    assert await refused(stack, source, 2) == "honeypot"
    (found,) = await stored(stack, source)
    assert found.raw == ADA


async def test_a_form_that_was_filled_in_too_fast_is_refused(stack: Stack):
    source = await a_source(stack, "form", credentials={"secret": "s" * 24}, min_seconds=3, origins=[SITE])
    shown = await stack.http.get(f"/api/leads/{source.id}/token", headers={"Origin": SITE})
    assert (shown.headers["access-control-allow-origin"], shown.headers["cache-control"]) == (SITE, "no-store")
    fresh = shown.json()["token"]
    assert_error(await post(stack, source, ADA | {"_token": fresh}), 422, "form_too_fast", "/_token")
    now = time.time()
    old = form.token_for(source, "s" * 24, now - 25 * 3600)
    forged = form.token_for(source, "t" * 24, now - 60)
    other = form.token_for(await a_source(stack, "form"), "s" * 24, now - 60)
    ahead = str(int(now) - 60) + fresh[10:]
    for token in (old, forged, other, ahead, "", "x", ".", "9" * 400, "é.é", "-1.a", None, 7, ["a"], {"a": 1}):
        assert_error(await post(stack, source, ADA | {"_token": token}), 422, "form_token", "/_token")
    assert_error(await post(stack, source), 422, "form_token", "/_token")
    assert await stored(stack, source) == []
    right = form.token_for(source, "s" * 24, now - 60)
    assert (await post(stack, source, ADA | {"_token": right})).status_code == 200
    assert [one.raw for one in await stored(stack, source)] == [ADA]


async def test_the_time_is_not_measured_without_a_secret(stack: Stack):
    source = await a_source(stack, "form", min_seconds=3)
    assert_error(await stack.http.get(f"/api/leads/{source.id}/token"), 409, "form_secret_missing")
    assert_error(await post(stack, source, ADA | {"_token": "1.a"}), 409, "form_secret_missing")
    assert await refused(stack, source, 1) == "form_secret_missing"


async def test_browsers_are_sent_on_to_allowed_hosts_alone(stack: Stack):
    source = await a_source(stack, "form", redirects=["example.com"])
    answer = await post(stack, source, ADA | {"_redirect": "https://example.com:8443/thanks?a=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "https://example.com:8443/thanks?a=1")
    for place in (
        "https://evil.test",
        "//evil.test",
        "/thanks",
        "javascript:alert(1)",
        "https://example.com@evil.test/",
        "https://evil.test\\@example.com/",
        "https://example.com\r\nSet-Cookie: a=b",
        "https://[example.com/",
        "https://example.com.evil.test/",
        "https://example.com/" + "x" * 3_000,
        ["https://example.com/"],
        7,
    ):
        answer = await post(stack, source, ADA | {"n": str(place), "_redirect": place})
        assert_error(answer, 422, "redirect_not_allowed", "/_redirect")
    assert [one.raw for one in await stored(stack, source)] == [ADA]


async def test_the_same_form_again_is_one_lead(stack: Stack):
    source = await a_source(stack, "form")
    first = (await post(stack, source)).json()
    assert (await post(stack, source, dict(reversed(ADA.items())))).json() == first
    assert (await post(stack, source, ADA | {"name": "Eve"})).json() != first
    keyed = [(await post(stack, source, {"n": n}, **{"Idempotency-Key": "k1"})).json() for n in (1, 2)]
    assert keyed[0] == keyed[1]
    named = [(await post(stack, source, {"n": n}, **{"webhook-id": "msg_1"})).json() for n in (1, 2)]
    assert named[0] == named[1] != keyed[0]
    for words in ("a", "b"):  # what Typeform calls a token is the same when it posts again
        assert (
            await post(stack, source, {"form_response": {"token": "t1", "hidden": {"w": words}}})
        ).status_code == 200
    assert [one.provider_id for one in await stored(stack, source)][4:] == ["t1"]
    assert_error(await post(stack, source, **{"Idempotency-Key": ""}), 422, "idempotency_key")


async def test_a_test_is_recorded_as_one(stack: Stack):
    source = await a_source(stack, "form")
    assert (await post(stack, source, query="?test=1")).status_code == 200
    assert [one.notice for one in await stored(stack, source)] == [{"test": True}]


async def test_an_address_that_posts_too_much_waits(stack: Stack):
    source, other = await a_source(stack, "form"), await a_source(stack, "form")
    posts = [post(stack, source, {"n": number}) for number in range(form.RATE.burst + 20)]
    answers = await asyncio.gather(*posts)
    late = [answer for answer in answers if answer.status_code != 200]
    assert 1 <= len(late) <= 20
    for answer in late:
        assert_error(answer, 429, "rate_limited")
        assert 1 <= int(answer.headers["retry-after"]) <= 2
    assert (await post(stack, other)).status_code == 200
    assert await refused(stack, source, len(late)) == "rate_limited"
    assert (await read(stack, source.id)).last_lead_at is not None
