"""Whatever is sent to the admin API, it answers with a 4xx that tells why, and changes nothing."""

import base64
import json
from typing import Any

import pytest

from tests.api.admin import ADMIN, admin
from tests.stack import Stack

HUGE = 10**30
TEXTS = ["", " ", "\u202e", "a\nb", "x" * 500, "😀" * 201, "'; drop table accounts; --", "%s", "{{1}}", "‮"]
VALUES: list[Any] = [None, True, 0, -1, 1.5, HUGE, [], {}, [[]], "x" * 1000, *TEXTS]
RAW = [b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b'{"a":NaN}', b'{"a":"\\ud800"}', b'{"a":"\\u0000"}']
BODIES = {
    ("POST", "/users"): {"email": "ok@example.com", "name": "A", "plan": None, "external_id": None, "region": None},
    ("PATCH", "/users/{id}"): {"name": "A", "time_zone": "UTC", "region": None, "external_id": None, "email": "a@b.co"},
    ("PUT", "/users/{id}/plan"): {"plan": "none", "renews": True},
    ("POST", "/users/{id}/credits"): {"channel": "sms", "amount": 1, "reason": ""},
    ("POST", "/users/{id}/suspend"): {"reason": ""},
    ("POST", "/keys"): {"user": 1, "scopes": ["read"], "ip_allow": ["::1"], "expires_at": None, "name": ""},
    ("POST", "/staff"): {"email": "s@example.com", "name": "S", "role": "support", "expires_at": None},
    ("PUT", "/roles/none"): {"permissions": ["users:read"]},
}
PATHS = ["/users/0", "/users/-1", f"/users/{HUGE}", "/users/x", "/users/%00", "/keys/%00", "/keys/%F0%9F", "/staff/0"]
CURSORS = ["0.0", f".{HUGE}", "a.b.c", " ", "9" * 150, "\x00", ".1"]


@pytest.mark.parametrize("route", BODIES, ids=lambda route: " ".join(route))
async def test_values_that_cannot_be(stack: Stack, route: tuple[str, str]):
    staff, (method, path) = await admin(stack), route
    user = await staff.user()
    for name in BODIES[route]:
        for value in VALUES:
            body = BODIES[route] | {name: value}
            answer = await staff.call(method, path.replace("{id}", str(user["id"])) + "?dry_run=true", body)
            assert answer.status_code < 500, (name, value, answer.text)


@pytest.mark.parametrize("route", BODIES, ids=lambda route: " ".join(route))
async def test_bodies_that_are_none(stack: Stack, route: tuple[str, str]):
    staff, (method, path) = await admin(stack), route
    user = await staff.user()
    url = ADMIN + path.replace("{id}", str(user["id"])) + "?dry_run=true"
    for raw in RAW:
        answer = await stack.http.request(method, url, content=raw, headers={"Api-key": staff.key})
        is_nothing = raw == b"" and path.endswith("/suspend")
        assert answer.status_code in ((200,) if is_nothing else (400, 422)), (raw, answer.text)
    deep = json.dumps({"a": 1}).replace("1", "[" * 300 + "]" * 300).encode()
    answer = await stack.http.request(method, url, content=deep, headers={"Api-key": staff.key})
    assert answer.status_code == 422


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_paths_that_lead_nowhere(stack: Stack, method: str, path: str):
    answer = await (await admin(stack)).call(method, path, {} if method == "PATCH" else None)
    assert answer.status_code in (404, 405), answer.text


@pytest.mark.parametrize("path", ["/users/%00/suspend", "/keys/%00/revoke", "/keys/%ED%A0%80/revoke", "/roles/%00x"])
async def test_a_denied_attempt_is_logged_whatever_its_path_holds(stack: Stack, path: str):
    owner = await admin(stack)
    member = await owner.colleague("support")
    method = "DELETE" if path.startswith("/roles") else "POST"
    assert (await member.call(method, path)).status_code == 403
    (event,) = await owner.data("GET", f"/audit?actor=staff:{member.id}")
    assert event["context"]["path"] == ADMIN + path


@pytest.mark.parametrize("cursor", CURSORS)
@pytest.mark.parametrize("path", ["/users", "/keys", "/staff", "/audit", "/users/1/journal"])
async def test_cursors_that_are_forged(stack: Stack, path: str, cursor: str):
    staff = await admin(stack)
    filters = (await staff.call("GET", f"{path}?limit=1")).json().get("next_cursor")
    known = base64.urlsafe_b64decode(filters + "==").decode().partition(".")[0] if filters else ""
    for text in (cursor, f"{known}.{cursor}"):
        forged = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        answer = await staff.call("GET", f"{path}?limit=1&cursor={forged}")
        assert answer.status_code in (200, 404, 422), answer.text


@pytest.mark.parametrize("tag", ["", "x", '"', "W/" + '"x"', ", ,", "*" * 300, '"ü"'])
async def test_tags_that_match_nothing(stack: Stack, tag: str):
    staff = await admin(stack)
    user = await staff.user()
    headers = {b"Api-key": staff.key.encode(), b"If-Match": tag.encode()}
    answer = await stack.http.patch(f"{ADMIN}/users/{user['id']}", json={"name": "B"}, headers=headers)
    assert answer.status_code == 412, answer.text
