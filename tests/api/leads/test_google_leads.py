"""What Google Ads posts: taken with the key of its form, stored once, and without the key."""

from typing import Any
from uuid import uuid4

from tests.api.answers import assert_error
from tests.api.leads.posted import a_source, disable, has_started, refused, stored, unknown
from tests.stack import Stack

PATH = "/api/webhook/google-ads-lead"
HOSTILE = [
    (b"", 400),
    (b"[]", 422),
    (b"null", 422),
    (b"{" * 60_000, 413),
    (b'{"a":' * 900 + b"1" + b"}" * 900, 422),
    (b'{"google_key": "\\u0000"}', 422),
    (b'{"google_key": "a", "google_key": "b"}', 422),
    (b'{"google_key": 1e999}', 422),
    (b'{"google_key": {"a": 1}, "lead_id": "1"}', 401),
    (b'{"google_key": "\xff"}', 400),
    (b"x" * 70_000, 413),
]


def lead(key: str, **more: Any) -> dict[str, Any]:
    columns = [{"column_id": "EMAIL", "string_value": "ada@example.com", "column_name": "Email"}]
    body = {"lead_id": f"lead-{uuid4().hex}", "form_id": 40_000_000_000_000_001, "user_column_data": columns}
    return body | {"api_version": "1.0", "google_key": key} | more


async def test_a_lead_with_the_right_key_is_stored_without_it_and_has_started(stack: Stack):
    key = uuid4().hex
    source = await a_source(stack, "google", credentials={"key": key})
    for path in (PATH, f"{PATH}/{source.id}"):
        body = lead(key)
        answer = await stack.http.post(path, json=body)
        assert (answer.status_code, answer.json()) == (200, {}), answer.text
        found = (await stored(stack, source))[-1]
        assert (found.provider_id, found.via, found.form_id) == (body["lead_id"], "webhook", "40000000000000001")
        assert found.raw == {name: value for name, value in body.items() if name != "google_key"}
        assert await has_started(stack, source, body["lead_id"])
    assert len(await stored(stack, source)) == 2


async def test_the_key_is_read_in_every_spelling(stack: Stack):
    key = uuid4().hex
    source = await a_source(stack, "google", credentials={"key": key})
    for name in ("Google_key", "googleKey"):
        body = lead(key)
        body[name] = body.pop("google_key")
        assert (await stack.http.post(PATH, json=body)).status_code == 200
    assert all(key not in str(one.raw) for one in await stored(stack, source))
    ambiguous = lead(key) | {"Google_key": "another"}
    assert_error(await stack.http.post(f"{PATH}/{source.id}", json=ambiguous), 401, "lead_unauthorized")


async def test_a_wrong_key_is_refused_and_nobody_learns_which_sources_there_are(stack: Stack):
    source = await a_source(stack, "google", credentials={"key": uuid4().hex})
    keyless, form = await a_source(stack, "google"), await a_source(stack, "form")
    off = await a_source(stack, "google", credentials={"key": "k" * 20})
    await disable(stack, off)
    answers = [
        await stack.http.post(path, json=lead(key))
        for path, key in (
            (f"{PATH}/{source.id}", "wrong"),
            (f"{PATH}/{source.id}", ""),
            (f"{PATH}/{keyless.id}", ""),
            (f"{PATH}/{form.id}", "wrong"),
            (f"{PATH}/{off.id}", "k" * 20),
            (f"{PATH}/{uuid4()}", "wrong"),
            (f"{PATH}/none", "wrong"),
            (PATH, "wrong"),
            (PATH, "k" * 20),
            (PATH, ""),
        )
    ]
    for answer in answers:
        assert_error(answer, 401, "lead_unauthorized")
    assert len({answer.text for answer in answers}) == 1
    assert await refused(stack, source, 2) == "lead_unauthorized"
    assert await stored(stack, source) == []


async def test_the_same_lead_again_is_one_lead_however_long_its_id(stack: Stack):
    key = uuid4().hex
    source = await a_source(stack, "google", credentials={"key": key})
    body = lead(key, lead_id="x" * 900, is_test=True)
    for _ in range(3):
        assert (await stack.http.post(PATH, json=body)).status_code == 200
    (found,) = await stored(stack, source)
    assert found.raw is not None
    assert found.raw["is_test"] is True


async def test_a_lead_of_a_form_that_does_not_count_is_answered_and_counted(stack: Stack):
    key = uuid4().hex
    source = await a_source(stack, "google", credentials={"key": key}, forms=["7"])
    assert (await stack.http.post(PATH, json=lead(key))).status_code == 200
    await unknown(stack, source, 1)
    assert await stored(stack, source) == []
    assert (await stack.http.post(PATH, json=lead(key, form_id=7))).status_code == 200
    assert len(await stored(stack, source)) == 1


async def test_two_sources_with_one_key_both_get_the_lead(stack: Stack):
    key = uuid4().hex
    both = [await a_source(stack, "google", credentials={"key": key}) for _ in range(2)]
    assert (await stack.http.post(PATH, json=lead(key))).status_code == 200
    assert [len(await stored(stack, source)) for source in both] == [1, 1]


async def test_hostile_posts_are_refused_and_the_next_right_one_is_taken(stack: Stack):
    key = uuid4().hex
    source = await a_source(stack, "google", credentials={"key": key})
    for content, status in HOSTILE:
        answer = await stack.http.post(f"{PATH}/{source.id}", content=content)
        assert answer.status_code == status, (content[:40], answer.text)
    for lead_id in (None, "", True, {}, "x" * 1_001):
        answer = await stack.http.post(PATH, json=lead(key, lead_id=lead_id))
        assert_error(answer, 422, "lead_id", "/lead_id")
    odd = await stack.http.post(PATH, json=lead(key, user_column_data={}))
    assert_error(odd, 422, "lead_body", "/user_column_data")
    assert (await stack.http.post(PATH, json=lead(key))).status_code == 200
    assert len(await stored(stack, source)) == 1
