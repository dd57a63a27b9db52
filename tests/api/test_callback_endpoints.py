"""``/api/callbacks``: endpoints are registered, changed and removed, by whom and to where that is allowed."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.access.api_keys import KeyKind
from store.accounts import api_keys
from tests.api.answers import assert_error
from tests.api.callbacks import ask, data, delivery
from tests.receiver import Registered, is_signed, receiving, register
from tests.stack import Stack, User


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
