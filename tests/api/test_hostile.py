"""Input that was made to break something: every case is refused with a pointer, and none is an error of ours."""

import json
import time

import pytest

from tests.api.answers import CONTACT, SMS, assert_error, deliveries, raw_body, send_one
from tests.stack import Stack

NOWHERE = "01990000-0000-8000-8000-000000000000"
PREFIX = '{"contact":[{"number":"+14155550123","body":'


def sms(rest: str) -> str:
    """A body whose only contact ends in ``rest``."""
    return PREFIX + rest + "}]}"


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        (sms("NaN"), 400, "json_number", "/contact/0/body"),
        (sms('"x","extra":-Infinity'), 400, "json_number", "/contact/0/extra"),
        (sms('"x","extra":1e400'), 422, "json_number", "/contact/0/extra"),
        (sms('"x","extra":' + "9" * 5000), 422, "json_number", "/contact/0/extra"),
        (sms('"x","extra":9223372036854775808'), 422, "json_number", "/contact/0/extra"),
        (sms('"\\ud800"'), 422, "json_text", "/contact/0/body"),
        (sms('"a\\u0000b"'), 422, "json_text", "/contact/0/body"),
        (sms('"x","\\udfff":1'), 422, "json_text", "/contact/0"),
        (sms('"x","body":"y"'), 422, "json_duplicate_key", "/contact/0/body"),
        ('{"contact":[],"contact":[]}', 422, "json_duplicate_key", "/contact"),
        (sms('"x","a/b~c":NaN'), 400, "json_number", "/contact/0/a~1b~0c"),
        (b"\xef\xbb\xbf" + sms('"x"').encode(), 400, "json_encoding", ""),
        (sms('"x"').encode("utf-16"), 400, "json_encoding", ""),
        (sms('"\xff"').encode("latin-1"), 400, "json_encoding", ""),
        (sms('"a\x00b"'), 400, "json_syntax", ""),
        (sms('"a\nb"'), 400, "json_syntax", ""),
        ("", 400, "json_syntax", ""),
        ("   ", 400, "json_syntax", ""),
        (sms('"x"') + "x", 400, "json_syntax", ""),
        (sms("'x'"), 400, "json_syntax", ""),
        (sms('"x",'), 400, "json_syntax", ""),
        ("number=%2B14155550123&body=x", 400, "json_syntax", ""),
        ("<contact/>", 400, "json_syntax", ""),
        (b"\x80\x04\x95", 400, "json_encoding", ""),
    ],
    ids=lambda value: repr(value)[-40:] if isinstance(value, str | bytes) else None,
)
async def test_what_is_not_plain_json_is_refused_at_its_place(stack: Stack, body, status, code, pointer):
    user = await stack.user()
    assert_error(await raw_body(stack, user, body), status, code, pointer)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("depth", [40, 100_000])
async def test_deep_nesting_is_refused_whether_closed_or_not(stack: Stack, opening, depth):
    user = await stack.user()
    answer = await raw_body(stack, user, sms('"x","extra":' + opening * depth))
    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["code"] in ("json_depth", "json_syntax")
    closed = "".join("]" if c == "[" else "}" for c in reversed(opening) if c in "[{")
    answer = await raw_body(stack, user, sms('"x","extra":' + opening * depth + "1" + closed * depth))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "json_depth"


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-16", "text/plain", "application/xml", "%%%", ""]
)
async def test_the_content_type_decides_nothing(stack: Stack, content_type):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    answer = await raw_body(stack, user, json.dumps({"contact": [SMS]}), **{"Content-Type": content_type})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "text", ["{{ 7*7 }}", "<img onerror=x>", "%s %(x)s {0}", "'; drop table messages; --", "\U0001f600‮\u200b"]
)
async def test_odd_texts_arrive_as_they_were_given(stack: Stack, text):
    user = await stack.user()
    await stack.gateway(user.id, "whatsapp", "sandbox", {})
    item = await send_one(stack, user, "whatsapp", message=text)
    await stack.final(user, "whatsapp", item["uid"])
    assert [d["body"] for d in await deliveries(stack, item["uid"])] == [text]


@pytest.mark.parametrize(
    "uid",
    [
        "x",
        "%00",
        "%ff",
        "..",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "{0198c7a4-0000-8000-8000-000000000000}",
        "urn:uuid:0198c7a4-0000-8000-8000-000000000000",
        "0198c7a4_0000_8000_8000_000000000000",
        "0198c7a40000800080000000000000_1",
        "%D9%A0198c7a4-0000-8000-8000-000000000000",
        "0198c7a4-0000-8000-8000-000000000000%0a",
        "%F0%9F%98%80",
        "a" * 5000,
    ],
)
async def test_a_uid_that_is_none_is_as_unknown_as_any_other(stack: Stack, uid):
    user = await stack.user()
    unknown = await stack.http.get("/api/get/sms/0198c7a4-0000-8000-8000-000000000001", headers=user.headers)
    for method, path in (
        ("GET", f"/api/get/sms/{uid}"),
        ("POST", f"/api/sms/{uid}/cancel"),
        ("POST", f"/api/sms/{uid}/reschedule"),
    ):
        answer = await stack.http.request(method, path, headers=user.headers, json={"schedule_at": "2020-01-01T00:00Z"})
        if answer.json()["errors"][0]["code"] != "http_404":  # `..` was resolved by the client
            assert (answer.status_code, answer.text) == (404, unknown.text)


async def test_a_uid_is_the_same_in_either_case(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    item = await send_one(stack, user)
    await stack.final(user, "sms", item["uid"])
    assert (await stack.status(user, "sms", item["uid"].upper()))["uid"] == item["uid"]


@pytest.mark.parametrize(
    "query",
    [
        "contacts=14155550123&contacts=x&message=Hi",
        "contacts=14155550123&message=Hi&message=Ho",
        "contacts=14155550123&message=%ff%fe",
        "contacts=14155550123&message=%",
        "contacts=14155550123&message=Hi&" + "&".join(f"a{n}=1" for n in range(2000)),
        "contacts[]=14155550123&contacts=14155550123&message=Hi",
        "contacts=14155550123;message=Hi",
        "&&&===&contacts",
        "%00=%00",
        "contacts=" + ",".join(["14155550123"] * 501) + "&message=Hi",
        "contacts=14155550123&message=" + "x" * 5001,
    ],
    ids=lambda value: value[:60],
)
async def test_odd_query_strings_are_read_or_refused(stack: Stack, query):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    answer = await stack.http.get(f"/api/sms/send?{query}", headers=user.headers)
    assert answer.status_code in (200, 413, 422), answer.text
    assert answer.json()["success"] is (answer.status_code == 200)


async def test_a_million_recipients_are_refused_before_they_are_read(stack: Stack):
    user = await stack.user()
    sent = 0

    async def contacts():
        nonlocal sent
        yield b'{"contact":['
        for _ in range(1000):
            chunk = b'{"number":"+14155550123","body":"Hi"},' * 1000
            sent += len(chunk)
            yield chunk
        yield b"{}]}"

    answer = await stack.http.post("/api/sms/send", content=contacts(), headers=user.headers)
    assert_error(answer, 413, "too_large")


@pytest.mark.parametrize("filler", ["{}", "[]", "0", '""'])
async def test_a_body_full_of_tiny_contacts_is_refused_quickly(stack: Stack, filler):
    user = await stack.user()
    count = (1024 * 1024 - 20) // (len(filler) + 1)
    body = '{"contact":[' + ",".join([filler] * count) + "]}"
    began = time.process_time()
    answer = await raw_body(stack, user, body)
    assert_error(answer, 413, "too_many_contacts")
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/api/sms/{NOWHERE}/reschedule"),
        ("POST", f"/api/batches/{NOWHERE}/switch-gateway"),
        ("POST", "/api/callbacks"),
        ("PATCH", f"/api/callbacks/{NOWHERE}"),
        ("POST", f"/api/callbacks/{NOWHERE}/rotate"),
        ("POST", f"/api/callbacks/{NOWHERE}/replay"),
        ("PUT", "/api/inbound/keywords"),
        ("POST", f"/api/gateways/{NOWHERE}/test"),
        ("POST", f"/api/admin/v1/messages/{NOWHERE}/resolve"),
        ("POST", "/api/admin/v1/codec/decode"),
    ],
)
async def test_requests_that_need_little_may_bring_little(stack: Stack, method, path):
    admin = await stack.admin()
    for content, code in (('{"x":"' + "x" * 2_000_000 + '"}', "too_large"), ("[" + "[]," * 5000, "too_many_values")):
        answer = await stack.http.request(method, path, content=content, headers=admin.headers)
        if answer.status_code != 404:  # of a gateway that is looked up first
            assert_error(answer, 413, code)


async def test_a_query_may_not_multiply_a_text(stack: Stack):
    user = await stack.user()
    query = {"contacts": "1," * 5000, "message": "x" * 5000}
    answer = await stack.http.get("/api/sms/send", params=query, headers=user.headers)
    assert_error(answer, 413, "too_large")


@pytest.mark.parametrize("wrong", ["{}", "0", '{"number":5}', '{"number":"+1","body":5}'])
async def test_a_body_full_of_wrong_contacts_gets_a_short_answer(stack: Stack, wrong):
    user = await stack.user()
    answer = await raw_body(stack, user, '{"contact":[' + ",".join([wrong] * 90_000) + "]}")
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 100
    assert "more: what follows was not checked" in answer.json()["message"]


@pytest.mark.parametrize(
    "contact",
    [
        {"number": "+14155550123", "template": {"name": "t", "components": [{"x": '"\\' * 240_000}]}},
        {"number": "+14155550123", "message": '"\\' * 240_000},
        {"number": "+14155550123", "message": "\x7f" * 490_000},
        {"number": "+14155550123", "message": "\U0001f600" * 200_000},
    ],
    ids=["template", "quotes", "controls", "astral"],
)
async def test_the_largest_contents_fit_through_temporal(stack: Stack, contact):
    user = await stack.user()
    await stack.gateway(user.id, "whatsapp", "sandbox", {})
    body = json.dumps({"contact": [contact]}, ensure_ascii=False)
    assert len(body.encode()) <= 1024 * 1024
    answer = await raw_body(stack, user, body, "whatsapp")
    assert answer.status_code == 200, answer.text
    uid = answer.json()["data"][0]["uid"]
    assert (await stack.final(user, "whatsapp", uid))["status"] == "delivered"


@pytest.mark.parametrize("channel", list(CONTACT))
async def test_nulls_are_what_was_left_out(stack: Stack, channel):
    user = await stack.user()
    await stack.gateway(user.id, channel, "sandbox", {})
    optional = (
        "gateway_identifier",
        "schedule_at",
        "on_unknown",
        "sms_type",
        "sender_id",
        "sender_name",
        "media",
        "url",
    )
    answer = await stack.send(user, channel, dict.fromkeys((*optional, "template", "session_name")) | CONTACT[channel])
    assert answer.status_code == 200, answer.text
