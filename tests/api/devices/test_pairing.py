"""Pairing of phones by the contract's protocol, their sessions, and what ends them."""

import asyncio
from uuid import UUID, uuid4

import pytest

from domain.access.actors import COMMAND_LINE
from domain.devices.tokens import OF_CODES, TokenKind
from services.changes import change
from services.devices.sessions import authenticate
from services.devices.tokens import revoke
from store.accounts import accounts
from store.devices.pokes import CHANNEL
from tests.api.answers import assert_error
from tests.api.devices.phones import DOOR, Phone, android_gateway, paired, register, tokens
from tests.stack import Stack


@pytest.fixture
def stack(alone: Stack) -> Stack:
    return alone


async def test_a_phone_is_paired_as_the_contract_says(stack: Stack):
    user = await stack.user()
    (issued,) = await tokens(stack, user)
    answer = await register(stack, issued.text, "d-1", android_version="14", app_version="1.4.0")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["success"] is True
    token = body["data"].pop("session_token")
    assert body["data"] == {
        "gateway_uid": str(await android_gateway(stack, user)),
        "user": {"id": user.id, "name": "Test"},
        "sims": [{"uid": "sim-1", "slot": 0, "label": None, "active": True}],
    }
    session = await authenticate(stack.pool, token, "xsender")
    assert session is not None
    assert (session.account_id, session.name) == (user.id, "Pixel")
    assert await authenticate(stack.pool, token, "smsgate") is None
    assert await authenticate(stack.pool, token[:-1] + ("a" if token[-1] != "a" else "b"), "xsender") is None


async def test_a_token_pairs_one_phone_of_fifty_that_try_at_once(stack: Stack):
    user = await stack.user()
    (issued,) = await tokens(stack, user)
    answers = await asyncio.gather(*(register(stack, issued.text, f"phone-{number}") for number in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 49
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select count(*) from devices where account_id = %s", (user.id,))
        assert await cursor.fetchone() == (1,)


async def test_a_phone_that_is_paired_twice_at_once_is_one_device(stack: Stack):
    user = await stack.user()
    issued = await tokens(stack, user, count=8)
    answers = await asyncio.gather(*(register(stack, one.text, "same-phone") for one in issued))
    assert {answer.status_code for answer in answers} == {200}
    alive = [await authenticate(stack.pool, a.json()["data"]["session_token"], "xsender") for a in answers]
    assert sum(session is not None for session in alive) == 1
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select count(*) from devices where account_id = %s", (user.id,))
        assert await cursor.fetchone() == (1,)


async def test_tokens_that_cannot_be_used_are_refused_alike(stack: Stack):
    user = await stack.user()
    (expired, revoked, used) = await tokens(stack, user, count=3)
    async with stack.pool.connection() as conn:
        await conn.execute("update device_tokens set expires_at = clock_timestamp() where id = %s", (expired.token.id,))
    async with change(stack.pool, COMMAND_LINE, "device_token.revoked") as made:
        await revoke(made, user.id, revoked.token.id)
    assert (await register(stack, used.text, "one")).status_code == 200
    bodies = []
    for text in (expired.text, revoked.text, used.text, "ATKN-" + "0" * 8, "", "é"):
        answer = await register(stack, text, "two")
        assert_error(answer, 401, "pairing_refused")
        bodies.append(answer.content)
    assert len(set(bodies)) == 1


async def test_a_phone_that_is_paired_again_stays_the_same_and_its_former_session_ends(stack: Stack):
    user = await stack.user()
    sims = [{"slot": 0, "label": "Main", "iccid_end": "1111"}]
    first = await paired(stack, user, sims=sims)
    assert (await first.call("POST", "/sim/update", {"uid": "sim-1", "per_day": 50})).status_code == 200
    device = await first.id()
    again = await paired(stack, user, first.device_uuid, sims=sims)
    assert await again.id() == device
    assert (again.gateway_uid, again.sims) == (first.gateway_uid, first.sims)
    assert_error(await first.call("GET", "/sim/list"), 401, "unauthorized")
    (sim,) = (await again.call("GET", "/sim/list")).json()["data"]
    assert sim["per_day"] == 50


async def test_a_phone_of_another_account_is_another_device(stack: Stack):
    first = await paired(stack, await stack.user(), "twin")
    second = await paired(stack, await stack.user(), "twin")
    assert first.gateway_uid != second.gateway_uid
    assert (await first.call("GET", "/sim/list")).status_code == 200


async def test_a_token_for_one_phone_links_it_with_its_new_id(stack: Stack):
    user = await stack.user()
    first, other = await paired(stack, user), await paired(stack, user)
    device = await first.id()
    (issued,) = await tokens(stack, user, device=device)
    assert_error(await register(stack, issued.text, other.device_uuid), 409, "device_known")
    answer = await register(stack, issued.text, "after-a-reset")  # a refused pairing has not used the token
    assert answer.status_code == 200, answer.text
    session = await authenticate(stack.pool, answer.json()["data"]["session_token"], "xsender")
    assert session is not None
    assert session.device_id == device


async def test_a_phone_that_kept_its_log_keeps_its_messages_and_another_one_does_not(stack: Stack):
    user = await stack.user()
    phone = await paired(stack, user, journal="log-1")
    uid = await handed(phone)
    phone = await paired(stack, user, phone.device_uuid, journal="log-1")
    assert await state_of_message(stack, uid) == ("handed", None, None, "text")
    phone = await paired(stack, user, phone.device_uuid, journal="log-2")
    assert await state_of_message(stack, uid) == ("ended", "unknown", "device_relinked", None)
    uid = await handed(phone)
    await paired(stack, user, phone.device_uuid)
    assert await state_of_message(stack, uid) == ("ended", "unknown", "device_relinked", None)


async def test_a_phone_that_logs_out_keeps_its_messages_and_its_session_ends_everywhere(stack: Stack):
    phone = await paired(stack, await stack.user())
    uid, device = await handed(phone), await phone.id()
    async with stack.pool.connection() as conn:
        await conn.execute(f"listen {CHANNEL}")
        assert (await phone.call("POST", "/logout")).json()["success"] is True
        async for notice in conn.notifies(timeout=5, stop_after=1):
            assert notice.payload == f"s {device}"
            break
        else:
            raise AssertionError("nobody was told")
        await conn.execute(f"unlisten {CHANNEL}")
    assert_error(await phone.call("POST", "/logout"), 401, "unauthorized")
    assert await state_of_message(stack, uid) == ("handed", None, None, "text")


async def test_codes_are_guessed_no_faster_than_the_bound_of_an_address(stack: Stack):
    user = await stack.user()
    (code,) = await tokens(stack, user, kind=TokenKind.CODE)
    assert (await register(stack, code.text.upper(), "typed")).status_code == 200
    statuses = [(await register(stack, "222222", "guess")).status_code for _ in range(OF_CODES.free + 2)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    (issued,) = await tokens(stack, user)
    assert (await register(stack, issued.text, "scanned")).status_code == 200  # tokens cannot be guessed


async def test_a_suspended_account_pairs_nothing_and_can_later(stack: Stack):
    user = await stack.user()
    (issued,) = await tokens(stack, user)
    await accounts.suspend(stack.pool, user.id)
    assert_error(await register(stack, issued.text, "one"), 403, "account_suspended")
    await accounts.resume(stack.pool, user.id)
    assert (await register(stack, issued.text, "one")).status_code == 200


async def test_requests_without_a_session_of_the_door_are_refused(stack: Stack):
    user = await stack.user()
    for headers in ({}, user.headers, {"Authorization": f"Bearer {user.key}"}, {"Authorization": "Bearer xsd_é"}):
        raw = {name: value.encode() for name, value in headers.items()}
        answer = await stack.http.get(f"{DOOR}/sim/list", headers=raw)
        assert_error(answer, 401, "unauthorized")


async def test_secrets_are_stored_as_hashes_only(stack: Stack):
    user = await stack.user()
    (issued,) = await tokens(stack, user)
    session = (await register(stack, issued.text, "hashed")).json()["data"]["session_token"]
    async with stack.pool.connection() as conn:
        for table in ("devices", "device_tokens", "audit_events"):
            rows = await (await conn.execute(f"select t::text from {table} t")).fetchall()
            assert not [row for (row,) in rows if session in row or issued.text in row or issued.text[5:] in row]


async def handed(phone: Phone) -> UUID:
    """A message that the phone has."""
    uid = uuid4()
    async with phone.stack.pool.connection() as conn:
        await conn.execute(
            """insert into device_messages (uid, attempt, gateway_id, account_id, recipient, body, parts, is_unicode,
                   state, device_id, sim, handed_at, valid_until)
               values (%s, 1, %s, %s, '+4915123456789', 'text', 1, false, 'handed', %s, 'sim-1', clock_timestamp(),
                   clock_timestamp() + interval '1 hour')""",
            (uid, phone.gateway_uid, phone.user.id, await phone.id()),
        )
    return uid


async def state_of_message(stack: Stack, uid: UUID) -> tuple[object, ...]:
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select state, outcome, code, body from device_messages where uid = %s", (uid,))
        row = await cursor.fetchone()
    assert row is not None
    return tuple(row)
