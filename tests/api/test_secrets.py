"""Secrets never come back: each kind is made, used and listed over HTTP, and then searched for everywhere."""

import base64
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi.routing import APIRoute

from api.routers import ROUTERS
from domain.access.one_time import new_token
from domain.ids import page_of, send_workflow_id
from runtime.codec import encryption_codec
from tests.api.admin import ADMIN, Staff, admin
from tests.api.answers import EMAIL, SMS
from tests.api.leaks import leaked, leaks_in_histories, leaks_in_history, leaks_in_tables, tables_with_secrets
from tests.api.marked_secrets import Made, Recorder, make_secrets, marked
from tests.api.operations import ended
from tests.api.processes import api_process
from tests.stack import Stack


async def use_them(staff: Staff, made: Made) -> None:
    """Requests in which secrets stand where they do not belong, and the messages of the user."""
    stack = staff.stack
    for channel, contact in (("sms", SMS), ("email", EMAIL)):
        sent = await stack.http.post(f"/api/{channel}/send", json={"contact": [contact]}, headers=made.headers)
        assert sent.status_code == 200, sent.text
    for secret in made.secrets.values():
        await staff.call("POST", "/gateways", {"channel": "sms", "type": "nowhere", "config": {"token": secret}})
        await stack.http.get("/api/gateways", headers={"Api-key": f"xs_user_nobody_{secret}"})
        await stack.http.post(
            "/api/auth/reset", json={"token": secret, "password": "short"}, headers={"Cookie": f"x={secret}"}
        )
    wrong = {"email": "nobody@example.com", "password": made.secrets["a password of user"]}
    await stack.http.post("/api/auth/login", json=wrong)
    for session in made.sessions:
        await session.data("GET", "/api/auth/me")
    await staff.data("POST", f"/users/{made.user}/suspend", {"reason": "a test"})
    await staff.data("POST", f"/users/{made.user}/resume")


async def read_export(staff: Staff, user: int) -> str:
    """All that is exported of the user."""
    begun = await staff.data("POST", f"/users/{user}/export")
    await ended(staff.stack.pool, begun["id"])
    answer = await staff.call("GET", f"/operations/{begun['id']}/result")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {"gateways.ndjson", "messages.ndjson"} <= set(archive.namelist())
        return "".join(archive.read(name).decode() for name in archive.namelist())


async def read_everything(staff: Staff, headers: dict[str, str]) -> None:
    """Each list and each document there is, and as files."""
    paths = sorted(
        route.path
        for router in ROUTERS
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


async def test_no_secret_comes_back(own_stack: Stack, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    answers, log = Recorder(), tmp_path / "log"
    async with api_process(own_stack.settings, log) as http:
        http.event_hooks["response"].append(answers.note)
        staff = await admin(replace(own_stack, http=http, url=str(http.base_url)))
        try:
            made = await make_secrets(staff, answers)
            await use_them(staff, made)
            await read_everything(staff, made.headers)
            exported = await read_export(staff, made.user)
        finally:
            await staff.data("PATCH", "/settings", {"system_mail": None})
    secrets = list(made.secrets.values())
    names = {secret: name for name, secret in made.secrets.items()}
    assert len(answers.answers) > 200
    assert [(names[found], answer) for answer in answers.answers for found in leaked(answer, secrets)] == []
    assert leaked(exported, secrets) == []
    assert await leaks_in_tables(own_stack.pool, secrets) == []
    codec = encryption_codec(own_stack.settings.keys.get_secret_value())
    assert await leaks_in_histories(own_stack.temporal, codec, secrets, 50) == []
    assert leaked(log.read_text() + "".join(capfd.readouterr()), secrets) == []
    assert "started" in log.read_text().lower()


async def test_a_planted_leak_is_found(own_stack: Stack):
    secret, other = marked(), marked()
    key, token = (await own_stack.user()).key, new_token()
    async with own_stack.pool.connection() as conn:
        await conn.execute("create table leaky (said text, raw bytea)")
        try:
            for said, raw in ((key, b""), (None, key.encode()), (f"?token={token}", b"")):
                await conn.execute("insert into leaky values (%s, %s)", (said, raw))
                assert await tables_with_secrets(conn) == ["leaky"], said
                await conn.execute("delete from leaky")
            await conn.execute("insert into leaky values (%s, %s)", (f"key={secret}!", other.encode()))
            assert sorted(await leaks_in_tables(own_stack.pool, [secret, other])) == sorted(
                [f"leaky: {secret}", f"leaky: {other}"]
            )
        finally:
            await conn.execute("drop table leaky")
    assert leaked(f"https://example.com/?k={base64.b64encode(secret.encode()).decode()}", [secret]) == [secret]
    user = await own_stack.user()
    await own_stack.gateway(user.id, "sms", "sandbox", {})
    answer = await own_stack.send(user, "sms", SMS | {"body": secret})
    uid = answer.json()["data"][0]["uid"]
    await own_stack.final(user, "sms", uid)
    codec = encryption_codec(own_stack.settings.keys.get_secret_value())
    workflow_id = send_workflow_id(page_of(UUID(uid)))
    assert await leaks_in_history(own_stack.temporal, codec, [secret], workflow_id) == [secret]
