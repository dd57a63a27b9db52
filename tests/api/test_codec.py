"""Temporal's payloads are sealed; the codec endpoint decodes them for admins only."""

import base64
from uuid import uuid4

import httpx
import pytest
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.client import Client

from domain.ids import send_workflow_id
from domain.messages.page import ChangeRequest
from services.workflow_calls import change_workflow
from tests.api import log_in
from tests.api.admin import admin
from tests.api.answers import assert_error, send_one
from tests.stack import Stack, User, serve_api

DECODE = "/api/admin/v1/codec/decode"
ENCODE = "/api/admin/v1/codec/encode"
UI = "http://127.0.0.1:8233"


async def history(stack: Stack, uid: str) -> bytes:
    """The serialized history of a page, as read without the key ring."""
    settings = stack.settings
    raw = await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)
    fetched = await raw.get_workflow_handle(f"send-{uid}").fetch_history()
    return b"".join(event.SerializeToString() for event in fetched.events)


@pytest.mark.parametrize("number", ["+14155550123", "+15005550001", "+15005550004"])
async def test_a_history_tells_nothing_of_a_message(stack: Stack, number):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    item = await send_one(stack, user, number=number, body="A very secret text", sender_id="SECRETCO")
    await stack.final(user, "sms", item["uid"])
    kept = await history(stack, item["uid"])
    assert send_workflow_id(item["uid"]).encode() in kept or b"xsender" in kept
    for secret in (number.encode(), number[1:].encode(), b"very secret", b"SECRETCO"):
        assert secret not in kept


async def test_a_failure_in_a_history_tells_nothing_either(stack: Stack):
    user = await stack.user()
    item = await send_one(stack, user, schedule_at="2027-01-01T00:00:00Z")
    handle = stack.temporal.get_workflow_handle(f"send-{item['uid']}")
    await change_workflow(stack.temporal, handle.id, ChangeRequest(str(uuid4()), item["uid"], "cancel"))
    await handle.result()
    kept = await history(stack, item["uid"])
    assert b"cancelled by the sender" not in kept
    assert b"+14155550123" not in kept


async def sealed(stack: Stack, uid: str) -> list[dict]:
    """The input of a page's workflow, in protobuf JSON."""
    raw = await Client.connect(stack.settings.temporal_address)
    fetched = await raw.get_workflow_handle(f"send-{uid}").fetch_history()
    started = fetched.events[0].workflow_execution_started_event_attributes.input
    return json_format.MessageToDict(started)["payloads"]


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return "".join(base64.b64decode(payload["data"]).decode() for payload in answer.json()["payloads"])


async def test_an_admin_key_opens_payloads_by_any_way_of_showing_it(stack: Stack):
    admin = await stack.admin()
    item = await send_one(stack, admin, schedule_at="2027-01-01T00:00:00Z", body="A very secret text")
    payloads = await sealed(stack, item["uid"])
    assert "secret" not in "".join(base64.b64decode(p["data"]).decode("latin-1") for p in payloads)
    basic = base64.b64encode(f"anyone:{admin.key}".encode()).decode()
    for headers in (admin.headers, {"Authorization": f"Bearer {admin.key}"}, {"Authorization": f"Basic {basic}"}):
        answer = await stack.http.post(DECODE, json={"payloads": payloads}, headers=headers)
        assert "A very secret text" in text_of(answer)


async def test_the_log_says_that_staff_opened_payloads(stack: Stack):
    owner = await admin(stack)
    one = await log_in.member(owner, "owner")
    session = await one.begin()
    for _ in range(3):  # as somebody who looks at workflows in Temporal's UI
        assert (await session.call("POST", DECODE, {"payloads": []})).status_code == 200
    (event,) = await owner.data("GET", f"/audit?action=message.revealed&actor=staff:{one.id}")
    assert (event["targets"][0]["type"], event["outcome"]) == ("payloads", "ok")


async def test_what_is_encoded_is_sealed_and_opens_again(stack: Stack):
    admin = await stack.admin()
    plain = Payload(metadata={"encoding": b"json/plain"}, data=b'"hello"')
    body = json_format.MessageToDict(Payloads(payloads=[plain]))
    closed = await stack.http.post(ENCODE, json=body, headers=admin.headers)
    assert "hello" not in text_of_raw(closed)
    opened = await stack.http.post(DECODE, content=closed.content, headers=admin.headers)
    assert opened.json() == body


def text_of_raw(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return base64.b64decode(answer.json()["payloads"][0]["data"]).decode("latin-1")


async def test_what_is_not_sealed_comes_back_as_it_is(stack: Stack):
    admin = await stack.admin()
    body = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "ImhlbGxvIg=="}]}
    assert (await stack.http.post(DECODE, json=body, headers=admin.headers)).json() == body


@pytest.mark.parametrize("direction", ["decode", "encode"])
async def test_nobody_else_opens_or_seals(stack: Stack, direction):
    user = await stack.user()
    path = f"/api/admin/v1/codec/{direction}"
    answer = await stack.http.post(path, json={"payloads": []}, headers=user.headers)
    assert_error(answer, 403, "scope_missing")
    assert_error(await stack.http.post(path, json={"payloads": []}), 401, "unauthorized")


ENCODING = base64.b64encode(b"binary/xsender-aes256gcm").decode()


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x01\x02k1", b"\x01\x02k1short", b"\x01\x02k1" + b"x" * 40, b"\x01\x02k9" * 20]
)
async def test_what_is_no_payload_of_ours_is_refused(stack: Stack, data):
    admin = await stack.admin()
    payload = {"metadata": {"encoding": ENCODING}, "data": base64.b64encode(data).decode()}
    answer = await stack.http.post(DECODE, json={"payloads": [payload]}, headers=admin.headers)
    assert_error(answer, 422, "undecodable")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ("\xff", 400),
        ("[]", 422),
        ('{"payloads": 5}', 422),
        ('{"other": []}', 422),
        ('{"payloads":[{"metadata":5}]}', 422),
        ('{"payloads":[{"data":"x"}]}', 422),
        ('{"payloads":' + "[" * 500 + "]" * 500 + "}", 422),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_not_the_codec_protocol_is_refused(stack: Stack, body, status):
    admin = await stack.admin()
    answer = await stack.http.post(DECODE, content=body.encode("latin-1"), headers=admin.headers)
    assert_error(answer, status, answer.json()["errors"][0]["code"], answer.json()["errors"][0]["pointer"])


async def test_a_browser_is_asked_for_the_key(stack: Stack):
    answer = await stack.http.get("/api/admin/v1/codec")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    admin, user = await stack.admin(), await stack.user()
    assert (await stack.http.get("/api/admin/v1/codec", auth=("me", admin.key))).status_code == 200
    assert (await stack.http.get("/api/admin/v1/codec", auth=("me", user.key))).status_code == 403


async def test_what_a_browser_keeps_for_the_codec_opens_nothing_else(stack: Stack):
    """A foreign page can make a browser post with the Basic credentials that it remembers."""
    admin = await stack.admin()
    auth = ("me", admin.key)
    body = {"contact": [{"number": "+14155550123", "body": "Hi"}]}
    assert_error(await stack.http.post("/api/sms/send", json=body, auth=auth), 401, "unauthorized")
    assert_error(await stack.http.get("/api/admin/v1/sandbox/messages", auth=auth), 401, "unauthorized")


async def test_only_the_temporal_ui_may_call_from_a_browser(stack: Stack):
    admin: User = await stack.admin()
    asks = {"Origin": UI, "Access-Control-Request-Method": "POST"}
    without = await stack.http.options(DECODE, headers=asks)
    assert "access-control-allow-origin" not in without.headers
    settings = stack.settings.model_copy(update={"temporal_ui": UI + "/"})
    async with serve_api(settings) as url, httpx.AsyncClient(base_url=url) as http:
        for origin in (UI, "https://evil.example"):
            preflight = await http.options(DECODE, headers=asks | {"Origin": origin})
            assert preflight.status_code == 204
            assert preflight.headers["access-control-allow-origin"] == UI
            assert "x-namespace" in preflight.headers["access-control-allow-headers"]
            assert preflight.headers["vary"] == "Origin"
        answer = await http.post(DECODE, json={"payloads": []}, headers=admin.headers | {"Origin": UI})
        assert answer.headers["access-control-allow-origin"] == UI
        assert answer.headers["access-control-allow-credentials"] == "true"
