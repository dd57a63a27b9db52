"""Phones with the open-source app register by a code, or a pairing token, once."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from domain.devices.tokens import TokenKind
from tests.api.answers import assert_error
from tests.api.devices.phones import tokens
from tests.api.devices.queued import APP, App, with_app
from tests.devices.made import eventually
from tests.stack import Stack

SIMS = "select uid, slot, number, iccid_end from device_sims where device_id = %s and deleted_at is null order by slot"
BODY = {
    "name": "Google/panther",
    "pushToken": None,
    "simCards": [{"slotIndex": 0, "simNumber": 1, "phoneNumber": "+********0000", "iccid": "***************4711"}],
}


@pytest.fixture
def stack(alone: Stack) -> Stack:
    return alone


async def register(stack: Stack, authorization: str, body: Any = BODY) -> httpx.Response:
    return await stack.http.post(f"{APP}/device", json=body, headers={"Authorization": authorization})


async def test_a_code_pairs_one_phone_of_many_that_try_at_once(stack: Stack):
    (issued,) = await tokens(stack, await stack.user(), kind=TokenKind.CODE)
    answers = await asyncio.gather(*(register(stack, f"Code {issued.text}") for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] + [401] * 9


async def test_a_pairing_token_may_be_the_private_token_of_the_app(stack: Stack):
    (issued,) = await tokens(stack, await stack.user())
    answer = await register(stack, f"Bearer {issued.text}")
    assert answer.status_code == 201, answer.text
    given = answer.json()
    app = App(stack, UUID(given["id"]), UUID(int=0), given["token"])
    assert await app.messages() == []
    rows = await eventually(stack.pool, bool, SIMS, (app.id,))
    assert rows == [("sim-1", 0, None, "4711")]
    assert_error(await register(stack, f"Bearer {issued.text}"), 401, "pairing_refused")


@pytest.mark.parametrize(
    "authorization", ["", "Basic eDp5", "Code", "Code 234567", "Bearer none", f"Bearer xsd_{'0' * 43}"]
)
async def test_whoever_has_neither_is_refused(stack: Stack, authorization: str):
    assert_error(await register(stack, authorization), 401, "pairing_refused")


async def test_the_app_sees_its_address_and_with_a_session_its_device(stack: Stack):
    app = await with_app(stack, await stack.user())
    assert (await stack.http.get(f"{APP}/device")).json() == {"externalIp": "127.0.0.1"}
    shown = (await app.call("GET", "/device")).json()
    assert shown == {"externalIp": "127.0.0.1", "device": {"id": str(app.id), "name": "Google/panther"}}
    answer = await stack.http.get(f"{APP}/device", headers={"Authorization": f"Bearer xsd_{'0' * 43}"})
    assert_error(answer, 401, "unauthorized")


async def test_a_phone_that_starts_again_tells_its_cards(stack: Stack):
    app = await with_app(stack, await stack.user())
    card = {"slotIndex": 1, "simNumber": 2, "phoneNumber": None, "iccid": "***************0099"}
    answer = await app.call("PATCH", "/device", {"id": str(app.id), "pushToken": None, "simCards": [card]})
    assert (answer.status_code, answer.content) == (204, b"")
    assert await eventually(stack.pool, bool, SIMS, (app.id,)) == [("sim-2", 1, None, "0099")]
    assert_error(await app.call("PATCH", "/device", {"id": "another"}), 403, "device_foreign")


async def test_there_are_no_accounts_with_passwords(stack: Stack):
    app = await with_app(stack, await stack.user())
    for method, path in (("GET", "/user/code"), ("PATCH", "/user/password")):
        assert_error(await app.call(method, path), 403, "no_phone_accounts")
