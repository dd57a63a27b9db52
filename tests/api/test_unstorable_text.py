"""NUL and half surrogate pairs, which PostgreSQL stores in no text: whatever brings them, they are no error of ours."""

import re
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import httpx
import pytest

from tests.api.answers import assert_error
from tests.api.application import document
from tests.stack import Stack, User

UNSTORABLE = ("a%00b", "%ED%A0%80", "%2B1415%00")
"""Beside a plain NUL: each place has the next one."""
UID = "0198c7a4-0000-8000-8000-000000000000"
TEXT = {"number": "+14155550123", "body": "Hi"}


def routes() -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Method, path and parameters of everything in the OpenAPI document."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation.get("parameters", [])


def filled(path: str, **values: str) -> str:
    names = {"channel": "sms", "uid": UID} | values
    return re.sub(r"{(\w+)}", lambda name: names.get(name[1], UID), path)


async def ask(stack: Stack, user: User, method: str, url: str, **headers: str) -> httpx.Response:
    body = {"json": {}} if method in ("POST", "PUT", "PATCH") else {}
    return await stack.http.request(method, url, headers=user.headers | headers, **body)


async def test_in_no_part_of_any_address_they_are_an_error_of_ours(stack: Stack):
    user, admin, more = await stack.user(), await stack.admin(), cycle(UNSTORABLE)
    for method, path, parameters in routes():
        asker = admin if path.startswith("/api/admin/") else user
        for text in ("%00", next(more)):
            urls = [filled(path) + f"?{p['name']}={text}" for p in parameters if p["in"] == "query"]
            urls += [filled(path, **{name: text}) for name in re.findall(r"{(\w+)}", path)]
            for url in urls:
                answer = await ask(stack, asker, method, url)
                assert answer.status_code < 500, (method, url, answer.text)


@pytest.mark.parametrize("text", ["%00", "%2B1415%00555"])
async def test_a_sender_to_look_for_is_refused_at_its_place(stack: Stack, text: str):
    user = await stack.user()
    answer = await stack.http.get(f"/api/inbound?sender={text}", headers=user.headers)
    assert_error(answer, 422, "query_text", "/sender")
    answer = await stack.http.get("/api/inbound?sender=%ED%A0%80", headers=user.headers)
    assert_error(answer, 422, "query_encoding", "/sender")


@pytest.mark.parametrize("key", [b"a\xffb", b"\xed\xa0\x80", b"\xc3\xa9"])
async def test_in_the_idempotency_key_they_are_refused(stack: Stack, key: bytes):
    user = await stack.user()
    headers = [(b"Api-key", user.key.encode()), (b"Idempotency-Key", key)]
    answer = await stack.http.post("/api/sms/send", json={"contact": [TEXT]}, headers=headers)
    assert_error(answer, 422, "idempotency_key")


@pytest.mark.parametrize("value", ["Basic YToA", "Basic YTrtoIA=", "Bearer a\xffb", "Basic \xff"])
async def test_in_a_key_they_make_it_none(stack: Stack, value: str):
    headers = [(b"Authorization", value.encode("latin-1"))]
    for method, path in (("POST", "/api/admin/v1/codec/decode"), ("GET", f"/api/get/sms/{UID}")):
        answer = await stack.http.request(method, path, headers=headers)
        assert answer.status_code == 401, answer.text
