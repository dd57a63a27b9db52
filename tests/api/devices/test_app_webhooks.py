"""Messages that phones received and post: signed, taken once, from a phone whose session is alive."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client

import services.devices.received
from services.devices import sessions
from services.receipts import PostPart, start_receipts
from tests.api.answers import assert_error
from tests.api.devices.phones import paired
from tests.api.devices.queued import with_app
from tests.api.test_inbound import inbox
from tests.api.test_request_log import logged
from tests.devices.made import eventually
from tests.stack import Stack, User

NUMBER = "+4915198765432"
PING: dict[str, Any] = {"deviceId": "d", "event": "system:ping", "id": "1", "payload": {}, "webhookId": "w"}


def received(text: str, **more: Any) -> dict[str, Any]:
    payload = {"messageId": "m1", "message": text, "sender": NUMBER, "simNumber": 1, **more}
    payload.setdefault("receivedAt", "2026-11-28T09:30:00.000+01:00")
    return {"deviceId": "d", "event": "sms:received", "id": uuid4().hex[:21], "payload": payload, "webhookId": "w"}


def mms(event: str, **more: Any) -> dict[str, Any]:
    body = received("", simNumber=None, **more)
    return body | {"event": event, "payload": body["payload"] | {"message": None}}


async def texts(stack: Stack, user: User, last: str) -> list[str]:
    """What was received, once this text was."""
    query = "select 1 from inbound_messages where account_id = %s and body = %s"
    await eventually(stack.pool, bool, query, (user.id, last))
    return sorted(message["body"] for message in await inbox(stack, user))


async def test_a_message_that_the_app_posts_twice_is_taken_once(stack: Stack):
    user = await stack.user()
    webhook = await (await with_app(stack, user)).webhook()
    first = received("Hello")
    posts = [first, first, received("Hello"), received("Hello", receivedAt="2026-11-28T09:31:00.000+01:00")]
    answers = [await webhook.post(body) for body in posts]
    assert {answer.status_code for answer in answers} == {200}
    await webhook.post(received("last"))
    assert await texts(stack, user, "last") == ["Hello", "Hello", "last"]


async def test_an_mms_is_one_message_once_it_is_downloaded(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(services.devices.received, "TEXT_COMES_WITHIN", timedelta(0))
    user = await stack.user()
    webhook = await (await with_app(stack, user)).webhook()
    query = "select kind, body from inbound_messages where account_id = %s"
    await webhook.post(mms("mms:received", transactionId="T7", size=125952))
    await eventually(stack.pool, lambda rows: rows == [("mms_announced", "")], query, (user.id,))
    await webhook.post(mms("mms:downloaded", body="Look", attachments=[]))
    await eventually(stack.pool, lambda rows: rows == [("mms", "Look")], query, (user.id,))


async def test_an_announced_mms_waits_for_its_text(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    started: list[PostPart] = []

    async def start(client: Client, parts: Sequence[PostPart], after: timedelta | None) -> None:
        started.extend(parts)
        await start_receipts(client, parts, after)

    monkeypatch.setattr(services.devices.received, "start_receipts", start)
    webhook = await (await with_app(stack, await stack.user())).webhook()
    for event in ("mms:received", "mms:downloaded"):
        assert (await webhook.post(mms(event))).status_code == 200
    waits = []
    for part in started:
        handle = stack.temporal.get_workflow_handle(f"receipts-{part.id}")
        (began, *_) = (await handle.fetch_history()).events
        waits.append(began.workflow_execution_started_event_attributes.first_workflow_task_backoff.ToTimedelta())
        if waits[-1]:
            await handle.terminate()
    assert waits == [timedelta(minutes=15), timedelta(0)]


async def test_the_number_of_the_sim_is_the_recipient_and_its_country_that_of_local_numbers(stack: Stack):
    user = await stack.user()
    app = await with_app(stack, user)
    async with stack.pool.connection() as conn:
        await conn.execute(
            "update device_sims set number = '+4915112340000', country = 'DE' where device_id = %s", (app.id,)
        )
    await (await app.webhook()).post(received("Hello", sender="0151 98765432", recipient="+491511234****"))
    await texts(stack, user, "Hello")
    (message,) = await inbox(stack, user)
    assert (message["sender"], message["recipient"]) == (NUMBER, "+4915112340000")


async def test_posts_that_the_phone_did_not_sign_are_refused(stack: Stack):
    user = await stack.user()
    webhook = await (await with_app(stack, user)).webhook()
    other = await (await with_app(stack, user)).webhook()
    assert_error(await replace(webhook, key=other.key).post(received("forged")), 401, "unauthorized")
    for headers in ({}, {"X-Signature": "é".encode()}, {"X-Signature": "0" * 64, "X-Timestamp": "1"}):
        answer = await stack.http.post(webhook.url, json=received("forged"), headers=headers)
        assert_error(answer, 401, "unauthorized")
    assert await inbox(stack, user) == []


async def test_the_address_and_the_key_end_with_the_session(stack: Stack):
    app = await with_app(stack, await stack.user())
    webhook = await app.webhook()
    assert (await webhook.post(received("Hello"))).status_code == 200
    session = await sessions.authenticate(stack.pool, app.token, "smsgate")
    assert session is not None
    await sessions.log_out(stack.pool, session)
    assert_error(await webhook.post(received("late")), 401, "unauthorized")


async def test_a_phone_with_a_wrong_clock_is_believed_and_its_clock_shown(stack: Stack):
    app = await with_app(stack, await stack.user())
    assert (await (await app.webhook()).post(PING, at=1_000_000)).status_code == 200  # in 1970
    query = "select clock_skew from devices where id = %s"
    ((skew,),) = await eventually(stack.pool, lambda rows: rows[0][0] is not None, query, (app.id,))
    assert skew < -1_000_000_000


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"event": "\\u0000"}', b"1" * 3_000_000])
async def test_bodies_that_are_no_events_are_refused(stack: Stack, body: bytes):
    webhook = await (await with_app(stack, await stack.user())).webhook()
    assert (await webhook.post(body)).status_code in (400, 413, 422)


async def test_an_event_of_a_later_version_changes_nothing(stack: Stack):
    webhook = await (await with_app(stack, await stack.user())).webhook()
    for payload in (None, {"health": [1]}, {"health": {"checks": {"battery:level": 5}}}):
        assert (await webhook.post(PING | {"payload": payload})).status_code == 200
    assert (await webhook.post(PING | {"event": "sms:dreamt"})).status_code == 200


async def test_the_secret_of_an_address_is_in_no_log(stack: Stack, capfd: pytest.CaptureFixture[str]):
    webhook = await (await with_app(stack, await stack.user())).webhook()
    secret = webhook.url.rsplit("/", 1)[-1]
    answer = await stack.http.post(webhook.url, json={})
    entry = await logged(stack, answer.headers["x-request-id"])
    assert entry["path"].endswith("/smsgate/in/•••")
    out, err = capfd.readouterr()
    assert secret not in out + err


async def test_a_phone_of_the_other_protocol_posts_what_it_received_once(stack: Stack):
    user = await stack.user()
    phone = await paired(stack, user, sims=[{"slot": 0, "number": "+4915112340000"}])
    message = {"id": "r1", "number": "0151 98765432", "body": "Hello", "at": "2026-11-28T09:30:00Z", "sim_uid": "sim-1"}
    for body in ([message], [message], [message, message | {"id": "r2", "body": "last"}]):
        answer = await phone.call("POST", "/inbound", {"messages": body})
        assert answer.json() == {"success": True, "data": {"accepted": len(body)}}
    assert await texts(stack, user, "last") == ["Hello", "last"]
    assert {(one["sender"], one["recipient"]) for one in await inbox(stack, user)} == {(NUMBER, "+4915112340000")}
    assert (await phone.call("POST", "/inbound", {"messages": []})).status_code == 422
