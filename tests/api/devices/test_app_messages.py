"""Phones with the open-source app: messages, reports, the stream of events, settings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.devices.waiting.stream import Stream
from api.devices.waiting.streams import Streams
from services.devices import sessions
from store.devices.pokes import poke_devices
from tests.api.answers import assert_error
from tests.api.devices.looks import Looks
from tests.api.devices.queued import APP, NUMBER, App, enqueue, row, with_app
from tests.devices.made import eventually, move_back
from tests.stack import Stack, serve_api


@pytest.fixture
def stack(alone: Stack) -> Stack:
    return alone


class Events:
    """What a stream sends."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self, within: float = 10.0) -> tuple[str, str]:
        """The next event and its data; comments are left out."""
        name = ""
        async with asyncio.timeout(within):
            async for line in self._lines:
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    return name, line.removeprefix("data: ")
        return "", ""


@asynccontextmanager
async def listening(app: App, url: str = "") -> AsyncIterator[Events]:
    """A stream that has begun, of a phone that has its settings."""
    await app.call("GET", "/settings")
    async with app.stack.http.stream("GET", f"{url}{APP}/events", headers=app.headers, timeout=60) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert await anext(lines) == ":begun"
        yield Events(lines)


async def test_a_message_has_the_form_that_the_app_reads(stack: Stack):
    app = await with_app(stack, await stack.user(), sims=2)
    (uid,) = await enqueue(stack, app.gateway_id, body="Hi")
    (message,) = await app.messages()
    assert datetime.fromisoformat(message.pop("createdAt")) < datetime.fromisoformat(message.pop("validUntil"))
    assert message.pop("simNumber") in (1, 2)
    assert message == {
        "id": str(uid),
        "textMessage": {"text": "Hi"},
        "phoneNumbers": [NUMBER],
        "withDeliveryReport": True,
        "priority": 0,
        "isEncrypted": False,
        "state": "Pending",
    }


async def test_only_transactional_messages_pass_the_limits_of_the_app(stack: Stack):
    app = await with_app(stack, await stack.user())
    for priority in (-1, 0, 5, 300):
        await enqueue(stack, app.gateway_id, priority=priority)
    assert [message["priority"] for message in await app.messages()] == [100, 0, -5, -128]


async def test_a_later_attempt_has_an_id_that_the_app_never_had(stack: Stack):
    app = await with_app(stack, await stack.user())
    (uid,) = await enqueue(stack, app.gateway_id, attempt=3)
    (message,) = await app.messages()
    assert message["id"] == f"{uid.hex}-3"
    assert (await app.report(message["id"], "Sent")).status_code == 204
    assert (await row(stack, uid, 3))["outcome"] == "accepted"


@pytest.mark.parametrize(
    ("state", "error", "outcome", "code"),
    [
        ("Sent", None, "accepted", None),
        ("Delivered", None, "accepted", None),
        ("Failed", "Send result: RESULT_ERROR_NO_SERVICE (no service)", "retry_later", "android_no_service"),
        ("Failed", "Send result: RESULT_ERROR_NULL_PDU (null pdu)", "refused", "android_null_pdu"),
        ("Failed", "TTL expired", "expired", "android_expired"),
    ],
)
async def test_the_app_reports_what_became_of_a_message(
    stack: Stack, state: str, error: str | None, outcome: str, code: str | None
):
    app = await with_app(stack, await stack.user())
    (uid,) = await enqueue(stack, app.gateway_id)
    await app.messages()
    answer = await app.report(str(uid), state, error)
    assert (answer.status_code, answer.content) == (204, b"")
    stored = await row(stack, uid)
    assert (stored["outcome"], stored["code"]) == (outcome, code)


async def test_a_message_that_the_app_has_taken_is_not_sent_yet(stack: Stack):
    app = await with_app(stack, await stack.user())
    (uid,) = await enqueue(stack, app.gateway_id)
    await app.messages()
    await app.report(str(uid), "Processed")
    stored = await row(stack, uid)
    assert (stored["state"], stored["taken_at"] is None) == ("handed", False)


async def test_reports_of_what_is_not_the_phones_are_taken_and_change_nothing(stack: Stack):
    user = await stack.user()
    app, other = await with_app(stack, user), await with_app(stack, await stack.user())
    (uid,) = await enqueue(stack, app.gateway_id)
    await app.messages()
    for phone, name in ((other, str(uid)), (app, str(uuid4())), (app, "PyDmBQZZXYmyxMwED8Fzy")):
        assert (await phone.report(name, "Sent")).status_code == 204
    assert (await app.call("PATCH", "/message", {"odd": True})).status_code == 204
    assert (await row(stack, uid))["outcome"] is None


async def test_both_spellings_of_the_address_are_the_same(stack: Stack):
    app = await with_app(stack, await stack.user())
    (uid,) = await enqueue(stack, app.gateway_id)
    (message,) = (await app.call("GET", "/messages", params={"order": "lifo"})).json()
    assert message["id"] == str(uid)
    assert (await app.call("PATCH", "/messages", [{"id": str(uid), "state": "Sent"}])).status_code == 204
    assert (await row(stack, uid))["outcome"] == "accepted"


async def test_settings_make_the_app_listen_and_keep_the_order(stack: Stack):
    app = await with_app(stack, await stack.user())
    settings = (await app.call("GET", "/settings")).json()
    assert settings["gateway"] == {"notification_channel": "SSE_ONLY"}
    assert settings["messages"]["processing_order"] == "FIFO"
    assert settings["ping"] == {"interval_seconds": 300}
    assert len(settings["webhooks"]["signing_key"]) >= 32


async def test_a_message_calls_the_phone_that_listens(stack: Stack):
    app = await with_app(stack, await stack.user())
    async with listening(app) as events:
        (uid,) = await enqueue(stack, app.gateway_id)
        assert await events.next() == ("MessageEnqueued", "{}")
        assert [message["id"] for message in await app.messages()] == [str(uid)]


async def test_one_message_calls_one_phone_and_another_only_if_that_does_not_come(stack: Stack):
    user = await stack.user()
    one, other = await with_app(stack, user), await with_app(stack, user)
    async with listening(one) as first, listening(other) as second:
        await enqueue(stack, one.gateway_id)
        called = [asyncio.create_task(events.next()) for events in (first, second)]
        done, waiting = await asyncio.wait(called, return_when=asyncio.FIRST_COMPLETED)
        assert len(done) == 1
        (late,) = waiting
        assert await late == ("MessageEnqueued", "{}")


async def test_a_cancelled_message_is_told_at_once_and_shown_as_cancelling(stack: Stack):
    app = await with_app(stack, await stack.user())
    (uid,) = await enqueue(stack, app.gateway_id)
    await app.messages()
    async with listening(app) as events:
        async with stack.pool.connection() as conn, conn.transaction():
            await conn.execute("update device_messages set is_cancelling = true where uid = %s", (uid,))
            await poke_devices(conn, [app.id])
        assert await events.next() == ("MessageCancelled", f'{{"messageId":"{uid}"}}')
    (message,) = await app.messages()
    assert (message["id"], message["state"]) == (str(uid), "Cancelling")
    await app.report(str(uid), "Cancelled")
    assert (await row(stack, uid))["outcome"] == "cancelled"


async def test_changed_settings_are_told_until_they_are_fetched(stack: Stack):
    app = await with_app(stack, await stack.user())
    async with listening(app) as events:
        async with stack.pool.connection() as conn, conn.transaction():
            await conn.execute("update devices set settings = settings + 1 where id = %s", (app.id,))
            await poke_devices(conn, [app.id])
        assert await events.next() == ("SettingsUpdated", "{}")
        assert await events.next() == ("WebhooksUpdated", "{}")


async def test_a_phone_that_was_paired_again_is_told_to_fetch_its_settings(stack: Stack):
    app = await with_app(stack, await stack.user())
    async with stack.http.stream("GET", APP + "/events", headers=app.headers, timeout=60) as answer:
        events = Events(answer.aiter_lines())
        assert [(await events.next())[0] for _ in range(2)] == ["SettingsUpdated", "WebhooksUpdated"]


async def test_a_stream_ends_with_its_session_in_every_process(stack: Stack):
    app = await with_app(stack, await stack.user())
    async with serve_api(stack.settings) as url, listening(app, url) as events:
        session = await sessions.authenticate(stack.pool, app.token, "smsgate")
        assert session is not None
        await sessions.log_out(stack.pool, session)
        assert await events.next() == ("", "")
    for method, path, body in (
        ("GET", "/message", None),
        ("PATCH", "/message", []),
        ("GET", "/settings", None),
        ("GET", "/webhooks", None),
        ("GET", "/events", None),
    ):
        assert_error(await app.call(method, path, body), 401, "unauthorized")


async def test_a_second_stream_of_a_phone_ends_the_first(stack: Stack):
    app = await with_app(stack, await stack.user())
    async with listening(app) as first, listening(app) as second:
        assert await first.next() == ("", "")
        await enqueue(stack, app.gateway_id)
        assert await second.next() == ("MessageEnqueued", "{}")


async def test_a_phone_that_hangs_up_is_forgotten(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    app, closed = await with_app(stack, await stack.user()), asyncio.Event()
    close = Streams.close

    def noted(self: Streams, stream: Stream) -> None:
        close(self, stream)
        if stream.session.device_id == app.id:
            closed.set()

    monkeypatch.setattr(Streams, "close", noted)
    async with listening(app):
        assert not closed.is_set()
    async with asyncio.timeout(5):
        await closed.wait()


async def test_a_process_that_ends_closes_its_streams(stack: Stack):
    app = await with_app(stack, await stack.user())
    ended: asyncio.Task[Any]
    async with httpx.AsyncClient(timeout=60) as http:
        async with serve_api(stack.settings) as url:
            answer = await http.send(http.build_request("GET", f"{url}{APP}/events", headers=app.headers), stream=True)
            ended = asyncio.create_task(answer.aread())
        async with asyncio.timeout(20):
            await ended


async def test_a_phone_that_only_listens_counts_as_online(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.devices.waiting.streams._LOOK_EVERY", 0.05)
    app = await with_app(stack, await stack.user())
    async with serve_api(stack.settings) as url, listening(app, url):
        async with stack.pool.connection() as conn:
            await conn.execute("update devices set seen_at = now() - interval '1 hour' where id = %s", (app.id,))
        query = "select seen_at > now() - interval '1 minute' from devices where id = %s"
        await eventually(stack.pool, lambda rows: rows[0][0], query, (app.id,))


async def test_a_phone_that_says_nothing_of_a_message_is_asked_again(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.devices.waiting.streams._LOOK_EVERY", 0.05)
    app = await with_app(stack, await stack.user())
    (uid,) = await enqueue(stack, app.gateway_id)
    await app.messages()  # and the answer is lost
    async with serve_api(stack.settings) as url, listening(app, url) as events:
        await move_back(stack.pool, "device_messages", "offered_at", "uid = %s", timedelta(minutes=2), uid)
        assert await events.next() == ("MessageEnqueued", "{}")
        assert [message["id"] for message in await app.messages()] == [str(uid)]


async def test_messages_whose_notice_was_lost_are_found(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.devices.waiting.streams._LOOK_EVERY", 0.05)
    monkeypatch.setattr("api.devices.waiting.hub.WaitingDevices._heard", lambda *_: None)
    app = await with_app(stack, await stack.user())
    async with serve_api(stack.settings) as url, listening(app, url) as events:
        await enqueue(stack, app.gateway_id)
        assert await events.next() == ("MessageEnqueued", "{}")


async def test_pulls_at_once_share_a_look(stack: Stack, looks: Looks):
    user = await stack.user()
    apps = [await with_app(stack, user) for _ in range(20)]
    await asyncio.gather(*(app.messages() for app in apps))
    assert looks.most_running <= 1
    assert len(looks.sizes) < 20


async def test_what_a_later_version_of_the_app_says_in_its_query_is_no_fault(stack: Stack):
    app = await with_app(stack, await stack.user())
    for path in ("/message?order=fifo&limit=20", "/settings?since=1"):
        assert (await app.call("GET", path)).status_code == 200, path
