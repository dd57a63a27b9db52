"""The log of requests: what is in it, for whom, and what it costs when the database is slow."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import orjson
import pytest

from api.requests import log as request_log_module
from api.requests.entry import MOST_BODY, Noted
from api.requests.log import MOST_BYTES, MOST_ENTRIES, OTHERS_A_MINUTE, RequestLog
from api.requests.redacting import redacted_errors
from store.accounts.api_keys import Principal
from store.pool import Pool, open_pool
from store.reports import request_log
from store.reports.request_log import Filter
from tests.api.admin import admin
from tests.api.answers import CONTACT, send_one
from tests.stack import Stack, User

LARGEST = 2**63 - 1


async def logged(stack: Stack, request_id: str) -> dict[str, Any]:
    """The entry of a request, once it is written, as staff reads it."""
    boss = await admin(stack)
    async with asyncio.timeout(20):
        while True:
            found = (await boss.call("GET", f"/requests?request_id={request_id}")).json()["data"]
            if found:
                return found[0]
            await asyncio.sleep(0.05)


async def post(stack: Stack, user: User | None, path: str, body: Any, **headers: str) -> httpx.Response:
    return await stack.http.post(path, json=body, headers={**(user.headers if user else {}), **headers})


async def test_every_answer_has_an_id_of_ours(stack: Stack):
    answers = [
        await stack.http.get(path, headers={"X-Request-Id": "theirs"}) for path in ("/health", "/none", "/api/usage")
    ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == 3
    assert "theirs" not in ids


async def test_a_failed_request_is_logged_with_its_redacted_body(stack: Stack):
    user = await stack.user()
    body = {"contact": [{"number": "+4915112345678", "body": "my secret text", "schedule_at": "never"}]}
    answer = await post(stack, user, "/api/sms/send?contacts=+4915112345678", body)
    entry = await logged(stack, answer.headers["x-request-id"])
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/api/sms/send", answer.status_code)
    assert answer.status_code == 422
    assert entry["code"] == answer.json()["errors"][0]["code"]
    assert (entry["user_id"], entry["ip"], entry["ids"]) == (user.id, "127.0.0.1", [])
    assert entry["key_id"] is not None
    assert entry["milliseconds"] > 0
    assert json.loads(entry["body"])["contact"][0] == {
        "number": "+49•••78",
        "body": "••• 14 characters",
        "schedule_at": "never",
    }
    assert [(error["code"], error["pointer"]) for error in entry["errors"]] == [
        (error["code"], error["pointer"]) for error in answer.json()["errors"]
    ]
    assert "15112345678" not in str(entry)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("no such number can exist: +49 151 12345678", "no such number can exist: •••"),
        ("ada@example.com is on the list", "••• is on the list"),
        ("the template says 'Dear Ada, your code' and 'name'", "the template says ••• and 'name'"),
        (f"the key {'k' * 41} is of no use", "the key ••• is of no use"),
        ("it doesn't fit, isn't it", "it doesn't fit, isn't it"),
        ("x " * 200, "x " * 150),
    ],
)
def test_of_an_error_is_kept_what_is_wrong_and_not_whom_it_is_about(told: str, kept: str):
    error = {"pointer": "/contact/0/number", "code": "number_invalid", "message": told}
    answer = orjson.dumps({"success": False, "message": told, "errors": [error] * 20})
    (first, *others) = redacted_errors(answer) or []
    assert (first["message"], len(others)) == (kept, 9)


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b'{"errors": []}', b'{"errors": ["x"]}', b'{"errors": [{"code": 1}]}']
)
def test_an_answer_without_errors_of_ours_has_none(answer: bytes):
    assert redacted_errors(answer) is None


def test_of_an_answer_that_is_cut_whole_errors_are_kept():
    error = {"pointer": "/a", "code": "b", "message": "c"}
    answer = orjson.dumps({"errors": [error] * 3})
    assert redacted_errors(answer[:-10]) == [error] * 2


async def test_a_send_is_logged_with_its_uid_and_without_its_body(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    answer = await post(stack, user, "/api/sms/send", {"contact": [CONTACT["sms"]]})
    entry = await logged(stack, answer.headers["x-request-id"])
    assert (entry["status"], entry["body"], entry["code"]) == (200, None, None)
    assert len(entry["ids"]) == 1
    UUID(entry["ids"][0])
    assert entry["ids"][0] in answer.text


async def test_a_new_key_is_not_in_the_log(stack: Stack):
    boss, user = await admin(stack), await stack.user()
    answer = await boss.call("POST", "/keys", {"user": user.id})
    key = answer.json()["data"]
    entry = await logged(stack, answer.headers["x-request-id"])
    assert entry["ids"] == [key["id"]]
    assert key["key"] not in str(entry)


async def test_secrets_in_addresses_are_hidden(stack: Stack):
    answer = await stack.http.get(f"/api/{'x' * 43}/jane%40example.com?token=abc")
    entry = await logged(stack, answer.headers["x-request-id"])
    assert (entry["path"], entry["user_id"], entry["key_id"], entry["status"]) == ("/api/•••/•••", None, None, 404)


async def test_a_body_that_is_too_long_to_be_shown_is_not(stack: Stack):
    user = await stack.user()
    answer = await post(stack, user, "/api/sms/send", {"contact": "x" * MOST_BODY})
    assert answer.status_code == 422
    assert (await logged(stack, answer.headers["x-request-id"]))["body"] is None


async def test_a_user_reads_its_own_requests_alone(stack: Stack):
    user, other = await stack.user(), await stack.user()
    theirs = (await post(stack, other, "/api/sms/send", {})).headers["x-request-id"]
    own = [
        (await post(stack, user, f"/api/{channel}/send", {})).headers["x-request-id"] for channel in ("sms", "email")
    ]
    for request_id in (theirs, *own):
        await logged(stack, request_id)

    async def listed(query: str) -> list[str]:
        answer = await stack.http.get(f"/api/requests?{query}", headers=user.headers)
        assert answer.status_code == 200, answer.text
        return [entry["request_id"] for entry in answer.json()["data"]]

    assert await listed("status=4xx") == own[::-1]
    assert await listed("path=/api/email&method=POST") == own[1:]
    assert await listed("path=/api/%25") == []
    assert await listed("method=DELETE") == []
    assert await listed("occurred_before=2020-01-01T00:00:00Z") == []
    assert await listed(f"request_id={theirs}") == []
    refused = await stack.http.get("/api/requests?user=1", headers=user.headers)
    assert refused.status_code == 422


async def test_a_revoked_key_is_logged_as_whose_it_was(stack: Stack):
    boss, user = await admin(stack), await stack.user()
    key = await boss.data("POST", "/keys", {"user": user.id})
    await boss.data("POST", f"/keys/{key['id']}/revoke")
    answer = await stack.http.get("/api/usage", headers={"Api-key": key["key"]})
    entry = await logged(stack, answer.headers["x-request-id"])
    assert (entry["status"], entry["key_id"], entry["user_id"]) == (401, key["id"], user.id)
    assert (await boss.data("GET", f"/keys/{key['id']}"))["last_used_at"] is None


async def test_a_key_tells_when_it_was_last_used_and_from_where(stack: Stack):
    boss, user = await admin(stack), await stack.user()
    key = await boss.data("POST", "/keys", {"user": user.id})
    assert (key["last_used_at"], key["last_used_ip"]) == (None, None)
    await stack.http.get("/api/usage", headers={"Api-key": key["key"]})
    async with asyncio.timeout(20):
        while (used := await boss.data("GET", f"/keys/{key['id']}"))["last_used_at"] is None:
            await asyncio.sleep(0.05)
    assert used["last_used_at"] > key["created_at"]
    assert used["last_used_ip"] == "127.0.0.1"


async def test_the_audit_log_names_the_request(stack: Stack):
    boss = await admin(stack)
    answer = await boss.call("POST", "/users", {"email": f"{uuid4().hex}@example.com", "name": "Ann"})
    user = answer.json()["data"]["id"]
    (event,) = (await boss.call("GET", f"/audit?target=user:{user}")).json()["data"]
    assert event["context"]["request_id"] == answer.headers["x-request-id"]


async def test_the_log_needs_its_permission(stack: Stack):
    colleague = await (await admin(stack)).colleague("developer", ["users:read"])
    assert (await colleague.call("GET", "/requests")).status_code == 403


def noted(key: Principal | None = None, status: int = 404, body: bytes = b"") -> Noted:
    one = Noted(uuid4().hex, {"method": "POST", "raw_path": b"/api/x", "client": ("192.0.2.1", 7)})
    one.key, one.status = key, status
    one.receive(body)
    one.end()
    return one


def principal(key_id: str) -> Principal:
    return cast(Principal, SimpleNamespace(key_id=key_id, account_id=1))


async def rows(pool: Pool) -> int:
    return len(await request_log.page(pool, Filter(), LARGEST, 100_000))


async def test_what_waits_is_written_at_the_stop(fresh_pool: Pool):
    log = RequestLog(fresh_pool)
    for _ in range(3):
        log.add(noted())
    assert await rows(fresh_pool) == 0
    await log.aclose()
    assert await rows(fresh_pool) == 3


async def test_of_a_busy_client_a_sample_is_logged(fresh_pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(request_log_module, "FAILED_A_MINUTE", 90)
    log = RequestLog(fresh_pool)
    at = noted().at
    for key in ("k1", "k2"):
        for status in (200, 404):
            for _ in range(200):
                one = noted(principal(key), status)
                one.at = at
                log.add(one)
    await log.aclose()
    assert await rows(fresh_pool) == 2 * (OTHERS_A_MINUTE + 90)


async def test_memory_is_bounded_while_the_database_is_away(engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(request_log_module, "FAILED_A_MINUTE", 10**9)
    pool = await open_pool("postgresql://nobody@127.0.0.1:1/none", 1, "away")
    log = RequestLog(pool)
    for _ in range(MOST_ENTRIES + 10):
        log.add(noted())
    assert (len(log._entries), log._dropped) == (
        min(MOST_ENTRIES, MOST_BYTES // 1000),
        10 + max(0, MOST_ENTRIES - MOST_BYTES // 1000),
    )
    for _ in range(1000):
        log.add(noted(body=b"x" * MOST_BODY))
    assert log._bytes <= MOST_BYTES
    monkeypatch.setattr(request_log_module, "_AT_STOP", 0.1)
    await log.aclose()
    await pool.close()


async def test_what_could_not_be_written_is_written_later(fresh_pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(request_log_module, "WRITE_EVERY", 0.01)
    away = await open_pool("postgresql://nobody@127.0.0.1:1/none", 1, "away")
    monkeypatch.setattr(away, "timeout", 0.05)
    log = RequestLog(away)
    log.add(noted())
    while log._writing is None or not log._writing.done():
        await asyncio.sleep(0.01)
    assert len(log._entries) == 1
    log._pool = fresh_pool
    while await rows(fresh_pool) == 0:
        await asyncio.sleep(0.01)
    assert (log._entries, log._bytes) == ([], 0)
    await log.aclose()
    await away.close()


async def test_sends_are_logged_by_their_id_when_they_share_a_page(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    uids = {(await send_one(stack, user, "sms"))["uid"] for _ in range(3)}
    found: set[str] = set()
    async with asyncio.timeout(20):
        while found != uids:
            answer = await stack.http.get("/api/requests?path=/api/sms/send", headers=user.headers)
            found = {id_ for entry in answer.json()["data"] for id_ in entry["ids"]}
            await asyncio.sleep(0.05)
