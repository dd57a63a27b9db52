"""``/api/callbacks``: customers hear what becomes of their messages, signed, once each, and whoever they are."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.api_keys import KeyKind
from gateways.conformance.fake_provider import Request, answer
from store.accounts import api_keys
from tests.api.answers import SMS, assert_error, send_one
from tests.api.batches import ended, send_batch, steer, until
from tests.receiver import Receiver, Registered, is_signed, receiving, register
from tests.stack import Stack, User

REFUSED = "+15005550001"
LOST = "+15005550004"


async def ask(stack: Stack, user: User, method: str, path: str = "", **more: Any) -> httpx.Response:
    """A request below ``/api/callbacks``."""
    headers = user.headers | more.pop("headers", {})
    return await stack.http.request(method, f"/api/callbacks{path}", headers=headers, **more)


async def data(stack: Stack, user: User, method: str, path: str = "", **more: Any) -> Any:
    """The ``data`` of a request that goes well."""
    response = await ask(stack, user, method, path, **more)
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def hear(stack: Stack, user: User, receiver: Receiver, *events: str) -> Registered:
    """Register a receiver for a user who can send."""
    await stack.gateway(user.id, "sms", "sandbox", {})
    return await register(stack.pool, stack.keyring, user.id, receiver.url, *events)


async def delivery(
    stack: Stack, user: User, endpoint: Registered, holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The newest delivery of an endpoint once it is as wanted."""
    async with asyncio.timeout(20):
        while True:
            listed = await data(stack, user, "GET", f"/{endpoint.id}/deliveries")
            if listed and holds(listed[0]):
                return listed[0]
            await asyncio.sleep(0.02)


async def test_a_customer_hears_of_a_message_that_was_sent(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        endpoint = await hear(stack, user, receiver)
        uid = (await send_one(stack, user))["uid"]
        (event,) = await receiver.hears(1)
        told = await delivery(stack, user, endpoint, lambda entry: entry["state"] == "delivered")
    request = receiver.requests[0]
    assert (request.method, request.target) == ("POST", "/hook")
    assert request.headers["content-type"] == "application/json"
    assert is_signed(request, endpoint.secret)
    status = await stack.status(user, "sms", uid)
    assert (event["type"], event["timestamp"]) == ("message.sent", event["data"]["at"])
    assert event["data"] == {
        "uid": uid,
        "channel": "sms",
        "to": SMS["number"],
        "state": "sent",
        "status": status["status"],
        "code": None,
        "reason": None,
        "user_id": user.id,
        "by_admin": False,
        "gateway": status["gateway"],
        "provider_id": status["provider_id"],
        "at": status["updated_at"],
    }
    assert told["id"] == request.headers["webhook-id"]
    assert (told["type"], told["uid"], told["tries"], told["last_status"]) == ("message.sent", uid, 1, 200)
    assert told["data"] == event["data"]
    assert (told["next_at"], told["last_error"]) == (None, None)


async def test_what_an_admin_key_sends_is_told_to_the_admins_endpoints(stack: Stack):
    admin, user = await stack.admin(), await stack.user()
    async with receiving() as receiver, receiving() as users:
        await hear(stack, user, users)
        body = {"url": receiver.url, "allow_private_network": True, "events": ["message.sent"]}
        registered = await data(stack, admin, "POST", json=body)
        await stack.gateway(0, "sms", "sandbox", {}, identifier=(name := uuid4().hex))
        uid = (await send_one(stack, admin, gateway_identifier=name))["uid"]
        (event,) = await receiver.hears(1)
        assert (event["data"]["uid"], event["data"]["user_id"], event["data"]["by_admin"]) == (uid, None, True)
        assert is_signed(receiver.requests[0], registered["secret"])
        assert users.requests == []
    assert (await ask(stack, admin, "DELETE", f"/{registered['id']}")).status_code == 200


async def test_every_way_a_message_can_end_is_told(stack: Stack):
    user = await stack.user(credit=3)
    async with receiving() as receiver:
        await hear(stack, user, receiver)
        contacts = [SMS, SMS | {"number": REFUSED}, SMS | {"number": LOST}, SMS]
        answered = (await stack.send(user, "sms", *contacts)).json()["data"]
        sent, refused, lost, unpaid = (item["uid"] for item in answered)
        await stack.final(user, "sms", refused)  # its credit is free again
        late = (await stack.send(user, "sms", SMS | {"schedule_at": in_an_hour()})).json()["data"][0]["uid"]
        cancelled = await stack.http.post(f"/api/sms/{late}/cancel", headers=user.headers)
        assert cancelled.status_code == 200, cancelled.text
        await receiver.hears(5)
    assert receiver.types() == sorted(
        [
            (sent, "message.sent"),
            (refused, "message.rejected"),
            (lost, "message.unknown"),
            (unpaid, "message.rejected"),
            (late, "message.cancelled"),
        ]
    )
    assert {event["data"]["code"] for event in receiver.events if event["data"]["uid"] == unpaid} == {"no_credit"}
    assert len(set(receiver.ids)) == 5


async def test_a_page_that_is_refused_as_a_whole_is_told(stack: Stack):
    user = await stack.user(credit=1)
    async with receiving() as receiver:
        await hear(stack, user, receiver, "message.rejected")
        long = SMS | {"body": "x" * 161}
        uid = (await stack.send(user, "sms", long)).json()["data"][0]["uid"]
        (event,) = await receiver.hears(1)
    assert (event["data"]["uid"], event["data"]["code"], event["data"]["status"]) == (uid, "no_credit", "fail")


async def test_a_batch_is_told_message_by_message(stack: Stack):
    user = await stack.user(credit=1200)
    async with receiving() as receiver:
        await hear(stack, user, receiver)
        uid = (await send_batch(stack, user, 1200))["batch"]
        await ended(stack, user, uid)
        await receiver.hears(1200, seconds=60)
    assert len(set(receiver.ids)) == 1200
    assert {event["type"] for event in receiver.events} == {"message.sent"}


async def test_a_batch_that_is_cancelled_is_told_message_by_message(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        await hear(stack, user, receiver)
        answered = await send_batch(stack, user, 501, schedule_at=in_an_hour())
        first = answered["data"][0]["uid"]
        await until(stack, user, answered["batch"], lambda shown: shown["state"] == "scheduled")
        alone = await stack.http.post(f"/api/sms/{first}/cancel", headers=user.headers)
        assert alone.status_code == 200, alone.text
        (event,) = await receiver.hears(1)
        assert (event["data"]["uid"], event["type"]) == (first, "message.cancelled")
        await steer(stack, user, answered["batch"], "cancel")
        await receiver.hears(501, seconds=60)
    assert {event["type"] for event in receiver.events} == {"message.cancelled"}
    assert len(set(receiver.ids)) == 501


async def test_an_endpoint_hears_only_what_it_asked_for(stack: Stack):
    user = await stack.user()
    async with receiving() as some, receiving() as all_:
        await hear(stack, user, some, "message.rejected", "message.delivered")
        await register(stack.pool, stack.keyring, user.id, all_.url)
        answered = (await stack.send(user, "sms", SMS, SMS | {"number": REFUSED})).json()["data"]
        await all_.hears(2)
        await some.hears(1)
    assert some.types() == [(answered[1]["uid"], "message.rejected")]
    assert set(some.ids).isdisjoint(all_.ids)


async def test_an_endpoint_can_be_tested_whatever_it_listens_to(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        endpoint = await register(stack.pool, stack.keyring, user.id, receiver.url, "message.read")
        key = {"Idempotency-Key": uuid4().hex}
        first, again = [await ask(stack, user, "POST", f"/{endpoint.id}/test", headers=key) for _ in range(2)]
        (event,) = await receiver.hears(1)
        assert again.content == first.content
        assert receiver.ids == [first.json()["data"]["id"]]
        other = await data(stack, user, "POST", f"/{endpoint.id}/test")
        await receiver.hears(2)
    assert receiver.ids[1] == other["id"] != receiver.ids[0]
    assert event["type"] == "endpoint.test"
    assert event["data"] == {"endpoint_id": str(endpoint.id), "user_id": user.id, "by_admin": False}


async def test_a_new_secret_signs_beside_the_former_one_until_the_overlap_is_over(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        endpoint = await register(stack.pool, stack.keyring, user.id, receiver.url)
        path = f"/{endpoint.id}"
        second = await data(stack, user, "POST", f"{path}/rotate", json={})
        until_ = datetime.fromisoformat(second["former_until"]) - datetime.now(UTC)
        assert timedelta(hours=23, minutes=59) < until_ <= timedelta(hours=24)
        await data(stack, user, "POST", f"{path}/test")
        await receiver.hears(1)
        third = await data(stack, user, "POST", f"{path}/rotate", json={"overlap_hours": 0})
        await data(stack, user, "POST", f"{path}/test")
        await receiver.hears(2)
    during, after = receiver.requests
    assert [is_signed(during, secret) for secret in (endpoint.secret, second["secret"])] == [True, True]
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    secrets = (endpoint.secret, second["secret"], third["secret"])
    assert [is_signed(after, secret) for secret in secrets] == [False, False, True]


async def test_rotating_once_more_does_not_end_the_secret_in_use(stack: Stack):
    """The answer to the first rotation was lost, so its secret is nowhere in use."""
    user = await stack.user()
    async with receiving() as receiver:
        endpoint = await register(stack.pool, stack.keyring, user.id, receiver.url)
        for _ in range(2):
            await data(stack, user, "POST", f"/{endpoint.id}/rotate", json={})
        await data(stack, user, "POST", f"/{endpoint.id}/test")
        await receiver.hears(1)
    assert is_signed(receiver.requests[0], endpoint.secret)


async def test_an_endpoint_is_registered_listed_changed_and_removed(stack: Stack):
    user = await stack.user()
    body = {"url": "https://example.com/hook?x=1", "events": ["message.read", "message.read"], "description": "mine"}
    registered = await data(stack, user, "POST", json=body)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", registered.pop("secret"))
    assert registered | {"id": 0, "created_at": 0} == {
        "id": 0,
        "url": body["url"],
        "description": "mine",
        "events": ["message.read"],
        "enabled": True,
        "disabled_reason": None,
        "disabled_at": None,
        "failing_since": None,
        "allow_private_network": False,
        "created_at": 0,
    }
    path = f"/{registered['id']}"
    assert await data(stack, user, "GET") == [registered]
    assert await data(stack, user, "GET", path) == registered
    changes = {"url": "https://example.org/", "events": None, "description": "", "enabled": False}
    changed = await data(stack, user, "PATCH", path, json=changes)
    assert changed.pop("disabled_at") is not None
    assert {name: changed[name] for name in changes} == changes
    assert changed["disabled_reason"] is None
    assert_error(await ask(stack, user, "POST", f"{path}/test"), 409, "callback_disabled")
    enabled = await data(stack, user, "PATCH", path, json={"enabled": True})
    assert (enabled["enabled"], enabled["disabled_at"], enabled["url"]) == (True, None, changes["url"])
    assert (await ask(stack, user, "DELETE", path)).json() == {"success": True, "message": "removed"}
    assert_error(await ask(stack, user, "DELETE", path), 404, "callback_not_found")
    assert await data(stack, user, "GET") == []


async def test_a_registration_that_is_repeated_gets_the_same_bytes_and_is_made_once(stack: Stack):
    user, key = await stack.user(), {"Idempotency-Key": uuid4().hex}
    body = {"url": "https://example.com/"}
    first, again = [await ask(stack, user, "POST", json=body, headers=key) for _ in range(2)]
    assert first.status_code == 200, first.text
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert len(await data(stack, user, "GET")) == 1
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select response from idempotency_keys where account_id = %s", (user.id,))
        ((kept,),) = await cursor.fetchall()
    assert first.json()["data"]["secret"].encode() not in kept, "a secret lies open in the database"
    assert_error(
        await ask(stack, user, "POST", json={"url": "https://x.com/"}, headers=key), 422, "idempotency_mismatch"
    )


async def test_ten_endpoints_are_the_most(stack: Stack):
    user = await stack.user()
    answers = await asyncio.gather(
        *(ask(stack, user, "POST", json={"url": f"https://example.com/{n}"}) for n in range(12))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [409] * 2
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert_error(refused, 409, "too_many_callbacks")
    assert len(await data(stack, user, "GET")) == 10


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "missing", "/url"),
        ({"url": "http://example.com/"}, "https_required", "/url"),
        ({"url": "ftp://example.com/"}, "value_error", "/url"),
        ({"url": "https://user:secret@example.com/"}, "value_error", "/url"),
        ({"url": "https://example.com/{{ to }}"}, "value_error", "/url"),
        ({"url": "https://exa mple.com/"}, "value_error", "/url"),
        ({"url": "https://example.com/" + "x" * 2000}, "value_error", "/url"),
        ({"url": 5}, "string_type", "/url"),
        ({"url": None}, "string_type", "/url"),
        ({"url": "https://example.com/", "events": []}, "too_short", "/events"),
        ({"url": "https://example.com/", "events": ["message.lost"]}, "enum", "/events/0"),
        ({"url": "https://example.com/", "events": ["endpoint.test"]}, "enum", "/events/0"),
        ({"url": "https://example.com/", "secret": "mine"}, "extra_forbidden", "/secret"),
    ],
)
async def test_what_cannot_be_registered_is_refused_at_its_place(stack: Stack, body, code, pointer):
    user = await stack.user()
    assert_error(await ask(stack, user, "POST", json=body), 422, code, pointer)


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "value_error", ""),
        ({"url": None}, "string_type", "/url"),
        ({"enabled": None}, "bool_type", "/enabled"),
        ({"enabled": 1}, "bool_type", "/enabled"),
        ({"url": "http://example.com/"}, "https_required", "/url"),
        ({"allow_private_network": True}, "extra_forbidden", "/allow_private_network"),
    ],
)
async def test_what_cannot_be_changed_is_refused_at_its_place(stack: Stack, body, code, pointer):
    user = await stack.user()
    endpoint = await register(stack.pool, stack.keyring, user.id, "https://example.com/")
    assert_error(await ask(stack, user, "PATCH", f"/{endpoint.id}", json=body), 422, code, pointer)


@pytest.mark.parametrize(
    ("route", "body", "code", "pointer"),
    [
        ("rotate", {"overlap_hours": -1}, "greater_than_equal", "/overlap_hours"),
        ("rotate", {"overlap_hours": 169}, "less_than_equal", "/overlap_hours"),
        ("rotate", {"overlap_hours": 1.5}, "int_type", "/overlap_hours"),
        ("replay", {}, "missing", "/since"),
        ("replay", {"since": "yesterday"}, "schedule_form", "/since"),
        ("replay", {"since": "2026-01-01T00:00:00Z", "state": "pending"}, "literal_error", "/state"),
    ],
)
async def test_what_cannot_be_done_is_refused_at_its_place(stack: Stack, route, body, code, pointer):
    user = await stack.user()
    endpoint = await register(stack.pool, stack.keyring, user.id, "https://example.com/")
    assert_error(await ask(stack, user, "POST", f"/{endpoint.id}/{route}", json=body), 422, code, pointer)


async def test_a_private_network_is_for_admins_only(stack: Stack):
    user = await stack.user()
    body = {"url": "https://10.0.0.1/", "allow_private_network": True}
    assert_error(await ask(stack, user, "POST", json=body), 403, "private_network")


async def test_an_address_in_a_private_network_is_not_posted_to(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        url = receiver.url.replace("http:", "https:")
        registered = await data(stack, user, "POST", json={"url": url})
        endpoint = Registered(registered["id"], registered["secret"])
        await data(stack, user, "POST", f"/{endpoint.id}/test")
        tried = await delivery(stack, user, endpoint, lambda entry: entry["tries"] == 1)
        assert receiver.server.connections == 0
    assert (tried["state"], tried["last_status"]) == ("pending", None)
    assert "not a public address" in tried["last_error"]
    assert tried["next_at"] is not None


async def test_whom_an_admin_let_into_a_private_network_cannot_take_another_address_there(stack: Stack):
    user = await stack.user()
    endpoint = await register(stack.pool, stack.keyring, user.id, "http://10.0.0.1/")
    changed = await data(stack, user, "PATCH", f"/{endpoint.id}", json={"url": "https://10.0.0.2/"})
    assert changed["allow_private_network"] is False


async def test_a_key_that_may_only_send_registers_nothing_and_one_that_may_only_read_neither(stack: Stack):
    user = await stack.user()
    endpoint = await register(stack.pool, stack.keyring, user.id, "https://example.com/")
    for scope in ("send", "read"):
        key = await api_keys.create(stack.pool, KeyKind.USER, user.id, scopes=[scope])
        limited = User(user.id, key.text)
        for method, path in (("POST", ""), ("DELETE", f"/{endpoint.id}"), ("POST", f"/{endpoint.id}/test")):
            refused = await ask(stack, limited, method, path, json={"url": "https://example.com/"})
            assert_error(refused, 403, "scope_missing")
        assert (await ask(stack, limited, "GET")).status_code == (200 if scope == "read" else 403)


async def test_a_delivery_is_made_again_with_its_id(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        endpoint = await hear(stack, user, receiver)
        await send_one(stack, user)
        await receiver.hears(1)
        told = await delivery(stack, user, endpoint, lambda entry: entry["state"] == "delivered")
        await data(stack, user, "POST", f"/{endpoint.id}/deliveries/{told['id']}/replay")
        await receiver.hears(2)
    assert receiver.ids == [told["id"]] * 2
    assert receiver.events[0] == receiver.events[1]
    missing = await ask(stack, user, "POST", f"/{endpoint.id}/deliveries/{uuid4()}/replay")
    assert_error(missing, 404, "delivery_not_found")


async def test_deliveries_are_made_again_by_when_and_how_they_ended(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        endpoint = await hear(stack, user, receiver)
        for _ in range(3):
            await send_one(stack, user)
        await receiver.hears(3)
        await all_delivered(stack, user, endpoint, 3)
        async with stack.pool.connection() as conn:
            await conn.execute("update callback_deliveries set state = 'failed' where id = %s", (receiver.ids[0],))
        path, since = f"/{endpoint.id}/replay", {"since": "2020-01-01T00:00:00Z"}
        later = {"since": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
        assert await data(stack, user, "POST", path, json=later) == {"count": 0, "next_since": None}
        assert await data(stack, user, "POST", path, json=since) == {"count": 1, "next_since": None}
        await receiver.hears(4)
        assert receiver.ids[3] == receiver.ids[0]
        await all_delivered(stack, user, endpoint, 3)
        assert (await data(stack, user, "POST", path, json=since | {"state": "delivered"}))["count"] == 3
        await receiver.hears(7)
    assert sorted(receiver.ids[4:]) == sorted(receiver.ids[:3])


async def test_what_is_pending_goes_out_when_the_endpoint_is_enabled_again(stack: Stack):
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(410) if len(receiver.requests) == 1 else answer(200))

    user = await stack.user()
    async with receiving(reply) as receiver:
        endpoint = await hear(stack, user, receiver)
        await send_one(stack, user)
        await receiver.hears(1)
        gone = await delivery(stack, user, endpoint, lambda entry: entry["tries"] == 1)
        shown = await data(stack, user, "GET", f"/{endpoint.id}")
        assert (shown["enabled"], shown["disabled_reason"]) == (False, "it answered 410: gone")
        assert shown["disabled_at"] is not None
        unheard = await send_one(stack, user)
        await stack.final(user, "sms", unheard["uid"])
        assert (await data(stack, user, "GET", f"/{endpoint.id}/deliveries")) == [gone]
        again = await data(stack, user, "PATCH", f"/{endpoint.id}", json={"enabled": True})
        assert (again["enabled"], again["disabled_reason"], again["failing_since"]) == (True, None, None)
        await receiver.hears(2, seconds=4)  # sooner than by the ladder
    assert receiver.ids == [gone["id"]] * 2


async def test_deliveries_are_listed_newest_first_each_once(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        endpoint = await hear(stack, user, receiver)
        answered = (await stack.send(user, "sms", *[SMS] * 5)).json()["data"]
        await receiver.hears(5)
        await all_delivered(stack, user, endpoint, 5)
    listed: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = (await ask(stack, user, "GET", f"/{endpoint.id}/deliveries", params={"limit": 2} | cursor)).json()
        listed += page["data"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert [entry["uid"] for entry in listed] == [item["uid"] for item in reversed(answered)]
    failed = await data(stack, user, "GET", f"/{endpoint.id}/deliveries", params={"state": "failed"})
    assert failed == []


async def all_delivered(stack: Stack, user: User, endpoint: Registered, count: int) -> None:
    """Wait until the record says that so many were taken."""
    async with asyncio.timeout(20):
        while True:
            params = {"state": "delivered"}
            if len(await data(stack, user, "GET", f"/{endpoint.id}/deliveries", params=params)) == count:
                return
            await asyncio.sleep(0.02)


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()
