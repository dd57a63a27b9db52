"""Pairing tokens: who makes them, for which gateway, how many, and for how long."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from store.gateways import gateways
from tests.api.answers import assert_error
from tests.api.devices.phones import android_gateway, gateway_keeper, paired, register
from tests.stack import Stack, User


@pytest.fixture
def stack(alone: Stack) -> Stack:
    return alone


async def holder(stack: Stack) -> User:
    """A user with a gateway for phones, and a key that may manage it."""
    user = await gateway_keeper(stack)
    await android_gateway(stack, user)
    return user


async def test_tokens_are_shown_once_and_pair_phones(stack: Stack):
    user = await holder(stack)
    body = {"count": 2, "label": "Shop"}
    keyed = {"Idempotency-Key": uuid4().hex}
    made = await post(stack, user, body, **keyed)
    assert made.status_code == 200, made.text
    assert (await post(stack, user, body, **keyed)).content == made.content
    first, second = made.json()["data"]
    assert first["token"] != second["token"]
    assert first["url"] == f"{stack.url}/api/gateway/sms/android"
    assert (await register(stack, first["token"], "one")).status_code == 200
    listed = (await call(stack, user, "GET", "")).json()["data"]
    assert {(one["id"], one["state"], one["label"]) for one in listed} == {
        (first["id"], "used", "Shop"),
        (second["id"], "usable", "Shop"),
    }
    assert not any("token" in one for one in listed)
    assert (await call(stack, user, "DELETE", f"/{second['id']}")).status_code == 200
    assert_error(await register(stack, second["token"], "two"), 401, "pairing_refused")
    assert_error(await call(stack, user, "DELETE", f"/{second['id']}"), 404, "device_token_not_found")


async def test_one_lives_for_minutes_and_many_for_days_unless_it_is_said(stack: Stack):
    user = await holder(stack)
    for body, seconds in (
        ({}, 900),
        ({"count": 20}, 900),
        ({"count": 21}, 7 * 86_400),
        ({"expires_in": 60}, 60),
        ({"kind": "code"}, 900),
    ):
        expires = datetime.fromisoformat((await post(stack, user, body)).json()["data"][0]["expires_at"])
        assert abs(expires - datetime.now(UTC) - timedelta(seconds=seconds)) < timedelta(seconds=30), body


async def test_the_first_token_makes_the_gateway_of_the_phones(stack: Stack):
    user = await gateway_keeper(stack)
    answers = await asyncio.gather(*(post(stack, user, {}) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    (made,) = {answer.json()["data"][0]["gateway_id"] for answer in answers}
    found = await gateways.get(stack.pool, UUID(made))
    assert (found.type, found.channel, found.identifier, found.account_id) == ("android", "sms", "android", user.id)


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"count": 1001}, "less_than_equal", "/count"),
        ({"kind": "code", "count": 51}, "token_count", "/count"),
        ({"kind": "code", "expires_in": 901}, "token_life", "/expires_in"),
        ({"expires_in": 59}, "greater_than_equal", "/expires_in"),
        ({"gateway": "sandbox"}, "gateway_not_android", "/gateway"),
    ],
)
async def test_what_makes_no_sense_is_refused(stack: Stack, body: dict[str, Any], code: str, pointer: str):
    user = await holder(stack)
    await stack.gateway(user.id, "sms", "sandbox", {}, identifier="sandbox")
    assert_error(await post(stack, user, body), 422, code, pointer)


async def test_a_thousand_are_made_at_once(stack: Stack):
    user = await holder(stack)
    made = (await post(stack, user, {"count": 1000})).json()["data"]
    assert len({one["token"] for one in made}) == 1000
    page = (await call(stack, user, "GET", "?limit=200")).json()
    assert len(page["data"]) == 200
    assert page["next_cursor"]


async def test_a_token_is_drawn_if_that_is_wanted(stack: Stack):
    user = await holder(stack)
    (drawn,) = (await post(stack, user, {}, "?qr=svg")).json()["data"]
    assert drawn["qr"].startswith("<svg")
    assert_error(await post(stack, user, {"count": 101}, "?qr=svg"), 422, "token_count", "/count")


async def test_anothers_gateway_device_and_tokens_are_unknown(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    phone = await paired(stack, other)
    gateway = str(await android_gateway(stack, other))
    assert_error(await post(stack, user, {"gateway": gateway}), 404, "gateway_not_found")
    for device in (str(await phone.id()), "none"):
        assert_error(await post(stack, user, {"device": device}), 404, "device_not_found")
    token = (await post(stack, other, {})).json()["data"][0]["id"]
    assert_error(await call(stack, user, "DELETE", f"/{token}"), 404, "device_token_not_found")
    assert (await call(stack, user, "GET", "")).json()["data"] == []


async def test_a_key_without_the_scope_makes_none(stack: Stack):
    assert_error(await post(stack, await stack.user(), {}), 403, "scope_missing")


async def post(stack: Stack, user: User, body: dict[str, Any], query: str = "", **headers: str) -> httpx.Response:
    return await call(stack, user, "POST", query, body, **headers)


async def call(stack: Stack, user: User, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    url = f"/api/devices/tokens{path}"
    return await stack.http.request(method, url, json=body, headers=user.headers | headers)
