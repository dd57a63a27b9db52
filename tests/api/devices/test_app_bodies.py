"""Bodies as versions of the open-source app write them (1.6 to 1.75): each is answered as the app expects.

The files hold what is sent, with ``{id}``, ``{device}`` and ``{webhook}`` for what the server had named, and what is
stored then.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import services.devices.received
from domain.devices.tokens import TokenKind
from services.devices import sessions
from tests.api.devices.phones import tokens
from tests.api.devices.queued import APP, App, enqueue, row, with_app
from tests.api.test_inbound import inbox
from tests.devices.made import eventually
from tests.stack import Stack, User

BODIES = Path(__file__).parent / "smsgate_bodies"


def named(pattern: str) -> list[str]:
    return sorted(path.name for path in BODIES.glob(pattern))


def read(name: str, **values: object) -> dict[str, Any]:
    text = (BODIES / name).read_text()
    for place, value in values.items():
        text = text.replace(f"{{{place}}}", str(value))
    return json.loads(text)


@pytest.mark.parametrize("name", named("message_*.json"))
async def test_reports_of_messages_are_taken_without_an_answer(stack: Stack, name: str):
    app = await with_app(stack, await stack.user())
    (uid,) = await enqueue(stack, app.gateway_id)
    (message,) = await app.messages()
    given = read(name, id=message["id"])

    for _ in range(2):  # it repeats them until they are answered
        answer = await app.call("PATCH", "/message", given["body"])
        assert (answer.status_code, answer.content) == (204, b"")
    stored = await row(stack, uid)
    assert {key: stored[key] for key in given["stored"]} == given["stored"]


@pytest.mark.parametrize("name", named("webhook_*.json"))
async def test_events_are_taken(stack: Stack, name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(services.devices.received, "TEXT_COMES_WITHIN", timedelta(0))
    user = await stack.user()
    app = await with_app(stack, user, sims=2)
    (uid,) = await enqueue(stack, app.gateway_id)
    await app.messages()
    given, webhook = read(name, id=uid, device=app.id, webhook="xsender"), await app.webhook()

    for _ in range(2):
        answer = await webhook.post(given["body"])
        assert (answer.status_code, answer.json()) == (200, {})
    await _is_stored(stack, user, app, given["stored"])
    if "outcome" in given["stored"]:
        assert (await row(stack, uid))["outcome"] == given["stored"]["outcome"]


@pytest.mark.parametrize("name", named("device_*.json"))
async def test_the_app_registers_by_a_code_and_again_after_its_session_has_ended(stack: Stack, name: str):
    user = await stack.user()
    for _ in range(2):
        (issued,) = await tokens(stack, user, kind=TokenKind.CODE)
        answer = await stack.http.post(
            f"{APP}/device", json=read(name)["body"], headers={"Authorization": f"Code {issued.text.upper()}"}
        )
        assert answer.status_code == 201, answer.text
        given = answer.json()
        assert {"id", "token", "login"} <= given.keys()
        assert given["login"] is not None
        app = App(stack, UUID(given["id"]), UUID(int=0), given["token"])
        assert await app.messages() == []
        for changed in ({"pushToken": None}, {"pushToken": "fK3", "simCards": read(name)["body"].get("simCards")}):
            answer = await app.call("PATCH", "/device", {"id": given["id"], **changed})
            assert (answer.status_code, answer.content) == (204, b"")
        assert (await app.call("PATCH", "/device", {"id": "another", "pushToken": None})).status_code == 403
        session = await sessions.authenticate(stack.pool, app.token, "smsgate")
        assert session is not None
        await sessions.log_out(stack.pool, session)
        for method, path, body in (
            ("PATCH", "/device", {"id": given["id"], "pushToken": None}),
            ("GET", "/message", None),
        ):
            answer = await app.call(method, path, body)
            assert (answer.status_code, bool(answer.json()["message"])) == (401, True)  # so it registers anew


async def _is_stored(stack: Stack, user: User, app: App, expected: dict[str, Any]) -> None:
    if "health" in expected:
        ((health, skew),) = await eventually(
            stack.pool, bool, "select health, clock_skew from devices where id = %s", (app.id,)
        )
        assert health == expected["health"]
        assert abs(skew) < 5
    if "sender" in expected:
        query = "select count(*) from inbound_messages where account_id = %s"
        await eventually(stack.pool, lambda rows: rows[0][0] > 0, query, (user.id,))
        (message,) = await inbox(stack, user)
        assert {key: message[key] for key in expected} == expected
