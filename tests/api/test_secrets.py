"""Secrets never come back: each kind is made, used and listed over HTTP, and then searched for everywhere."""

import base64
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.routing import APIRoute

from api.app import _ROUTERS
from domain.ids import page_of, send_workflow_id
from runtime.codec import encryption_codec
from tests.api.admin import ADMIN, Staff, admin
from tests.api.answers import EMAIL, SMS
from tests.api.leaks import leaked, leaks_in_histories, leaks_in_history, leaks_in_tables
from tests.api.log_in import enrol, member
from tests.stack import Stack


def marked() -> str:
    """A secret that stands nowhere else."""
    return f"mark-{uuid4().hex}"


class Recorder:
    """Keeps every answer of the install, but those that are the only place where a secret is shown."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.is_listening = True

    async def note(self, response: httpx.Response) -> None:
        await response.aread()
        if self.is_listening:
            self.answers.append(f"{response.request.method} {response.request.url} {response.headers} {response.text}")


async def make_secrets(staff: Staff, answers: Recorder) -> tuple[list[str], Any, str]:
    """Each kind of secret; returns them, a user's key and the user's id."""
    stack = staff.stack
    answers.is_listening = False
    user = await staff.user()
    key = await staff.data("POST", "/keys", {"user": user["id"]}, Idempotency_Key=uuid4().hex)
    rolled = await staff.data("POST", f"/keys/{key['id']}/roll")
    test_key = await staff.data("POST", "/keys", {"user": user["id"], "test": True})
    person = await member(staff, "owner")
    session = await person.begin()
    factor = await enrol(session)
    invite = await staff.data("POST", f"/users/{user['id']}/invite")
    credential, other, header, password = marked(), marked(), marked(), marked()
    answers.is_listening = True
    config = {"api_key": credential, "from_address": "a@example.com", "webhook_secret": f"whsec_{_base64()}"}
    gateway = await staff.data(
        "POST", "/gateways", {"channel": "email", "type": "resend", "identifier": uuid4().hex, "config": config}
    )
    await staff.data("PATCH", f"/gateways/{gateway['id']}", {"config": {"api_key": other}})
    http = {"url": "https://192.0.2.1/send", "headers": {"Authorization": header}, "body": {"to": "{{ to }}"}}
    http_gateway = {"channel": "sms", "type": "http", "identifier": uuid4().hex, "config": http, "owner": user["id"]}
    await staff.data("POST", "/gateways", http_gateway)
    await staff.data(
        "PATCH",
        "/settings",
        {"system_mail": {"host": "192.0.2.1", "username": "u", "password": password, "from_address": "a@example.com"}},
    )
    answers.is_listening = False
    headers = {"Api-key": rolled["key"]}
    hook = await stack.http.post("/api/callbacks", json={"url": "https://192.0.2.1/hook"}, headers=headers)
    callback = hook.json()["data"]["secret"]
    answers.is_listening = True
    secrets = [
        *(key["key"].split("_")[-1], rolled["key"].split("_")[-1], test_key["key"].split("_")[-1]),
        *(session.token.split("_")[-1], factor.secret, *factor.recovery_codes, person.password, invite["token"]),
        *(credential, other, header, password, config["webhook_secret"], callback, staff.key.split("_")[-1]),
    ]
    return secrets, headers, user["id"]


def _base64() -> str:
    return base64.b64encode(uuid4().bytes + uuid4().bytes).decode()


async def use_them(staff: Staff, headers: dict[str, str], user: int, secrets: list[str]) -> None:
    """Requests in which secrets stand where they do not belong, and the messages of the user."""
    stack = staff.stack
    for channel, contact in (("sms", SMS), ("email", EMAIL)):
        await stack.http.post(f"/api/{channel}/send", json={"contact": [contact]}, headers=headers)
    for secret in secrets:
        await staff.call("POST", "/gateways", {"channel": "sms", "type": "nowhere", "config": {"token": secret}})
        await stack.http.get("/api/gateways", headers={"Api-key": f"xs_user_nobody_{secret}"})
    wrong = {"email": "nobody@example.com", "password": secrets[-3]}
    await stack.http.post("/api/auth/login", json=wrong)
    await staff.data("POST", f"/users/{user}/suspend", {"reason": "a test"})
    await staff.data("POST", f"/users/{user}/resume")


async def read_everything(staff: Staff, headers: dict[str, str]) -> None:
    """Each list and each document there is, and as files."""
    paths = sorted(
        route.path
        for router in _ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in route.methods and "{" not in route.path and route.path != "/docs"
    )
    for path in paths:
        if path.startswith(ADMIN):
            answer = await staff.call("GET", path.removeprefix(ADMIN))
            for row in _rows(answer):
                if isinstance(row, dict) and "id" in row:
                    await staff.call("GET", f"{path.removeprefix(ADMIN)}/{row['id']}")
            for form in ("csv", "ndjson"):
                await staff.call("GET", f"{path.removeprefix(ADMIN)}?format={form}")
        else:
            await staff.stack.http.get(path, headers=headers)


def _rows(answer: httpx.Response) -> list[Any]:
    if answer.status_code != 200 or "json" not in answer.headers.get("content-type", ""):
        return []
    body = answer.json()
    data = body.get("data") if isinstance(body, dict) else None
    return data[:30] if isinstance(data, list) else []


async def test_no_secret_comes_back(stack: Stack, capfd: pytest.CaptureFixture[str]):
    staff, answers = await admin(stack), Recorder()
    stack.http.event_hooks["response"].append(answers.note)
    try:
        secrets, headers, user = await make_secrets(staff, answers)
        assert len(set(secrets)) == len(secrets)
        await use_them(staff, headers, user, secrets)
        await read_everything(staff, headers)
    finally:
        stack.http.event_hooks["response"].remove(answers.note)
        await staff.data("PATCH", "/settings", {"system_mail": None})
    assert len(answers.answers) > 150
    assert [found for answer in answers.answers for found in leaked(answer, secrets)] == []
    assert await leaks_in_tables(stack.pool, secrets) == []
    codec = encryption_codec(stack.settings.keys.get_secret_value())
    assert await leaks_in_histories(stack.temporal, codec, secrets, 50) == []
    assert leaked("".join(capfd.readouterr()), secrets) == []


async def test_a_planted_leak_is_found(stack: Stack):
    secret, other = marked(), marked()
    async with stack.pool.connection() as conn:
        await conn.execute("create table leaky (said text, raw bytea)")
        try:
            await conn.execute("insert into leaky values (%s, %s)", (f"key={secret}!", other.encode()))
            assert sorted(await leaks_in_tables(stack.pool, [secret, other])) == sorted(
                [f"leaky: {secret}", f"leaky: {other}"]
            )
        finally:
            await conn.execute("drop table leaky")
    assert leaked(f"https://example.com/?k={base64.b64encode(secret.encode()).decode()}", [secret]) == [secret]
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    answer = await stack.send(user, "sms", SMS | {"body": secret})
    uid = answer.json()["data"][0]["uid"]
    await stack.final(user, "sms", uid)
    codec = encryption_codec(stack.settings.keys.get_secret_value())
    workflow_id = send_workflow_id(page_of(UUID(uid)))
    assert await leaks_in_history(stack.temporal, codec, [secret], workflow_id) == [secret]
