"""The second factor: codes that count once, recovery codes, and who may remove it."""

import asyncio
from collections import Counter
from uuid import uuid4

import pyotp
import pytest

from domain.access.log_in_waits import OF_CODES
from domain.keyring import CREDENTIALS, Keyring
from store.access import second_factors
from tests.api.admin import ADMIN, admin
from tests.api.answers import assert_error
from tests.api.log_in import PASSWORD, Factor, Person, Session, enrol, member, some_address, user
from tests.stack import Stack


async def enrolled(stack: Stack, role: str = "support") -> tuple[Person, Factor, Session]:
    person = await member(await admin(stack), role)
    session = await person.begin()
    return person, await enrol(session), session


async def test_a_code_is_needed_as_well_as_the_password(stack: Stack):
    person, factor, _ = await enrolled(stack)
    assert_error(await person.log_in(), 401, "code_needed")
    assert_error(await person.log_in(code="000000"), 401, "code_wrong")
    assert_error(await person.log_in(password="wrong password", code=factor.code()), 401, "log_in_refused")
    session = await person.begin(code=factor.code())
    assert (await session.data("GET", "/api/auth/me"))["totp"] is True


async def test_a_code_counts_once(stack: Stack):
    person, factor, _ = await enrolled(stack)
    assert_error(await person.log_in(code=factor.code(0)), 401, "code_wrong")  # was used to enrol
    code = factor.code()
    answers = Counter(
        [answer.status_code for answer in await asyncio.gather(*(person.log_in(code=code) for _ in range(5)))]
    )
    assert answers == {200: 1, 401: 4}
    assert_error(await person.log_in(code=factor.code(0)), 401, "code_wrong")  # is older than one that was used


async def test_a_code_of_long_ago_or_hence_is_none(stack: Stack):
    person, factor, _ = await enrolled(stack)
    for later in (-3, 3, 10):
        assert_error(await person.log_in(code=factor.code(later)), 401, "code_wrong")


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34 5x", "-" * 16, "0" * 50])
async def test_codes_that_cannot_be(stack: Stack, code: str):
    person, _, _ = await enrolled(stack)
    assert_error(await person.log_in(code=code), 401, "code_wrong")


async def test_a_code_may_have_a_space(stack: Stack):
    person, factor, _ = await enrolled(stack)
    code = factor.code()
    await person.begin(code=f"{code[:3]} {code[3:]}")


async def test_each_recovery_code_counts_once(stack: Stack):
    person, factor, _ = await enrolled(stack)
    assert len(set(factor.recovery_codes)) == 10
    first, second, *_ = factor.recovery_codes
    await person.begin(code=first)
    assert_error(await person.log_in(code=first), 401, "code_wrong")
    await person.begin(code=second.upper().replace("-", " "))
    other, _, _ = await enrolled(stack)
    assert_error(await other.log_in(code=factor.recovery_codes[2]), 401, "code_wrong")


async def test_guesses_at_codes_wait_whatever_address_they_come_from(stack: Stack):
    """Who guesses knows the password, so the owner ends the waiting by another one."""
    person, factor, session = await enrolled(stack)
    answers = [(await person.log_in(code="000000", address=some_address())).status_code for _ in range(OF_CODES.free)]
    assert answers == [401] * OF_CODES.free
    async with stack.pool.connection() as conn:
        await conn.execute("update log_in_waits set failed = 20 where subject = %s", (f"codes staff:{person.id}",))
    await person.log_in(code="000000", address=some_address())
    delayed = await person.log_in(code=factor.code(), address=some_address())
    assert_error(delayed, 429, "log_in_delayed")
    assert int(delayed.headers["retry-after"]) <= OF_CODES.longest
    new = "a new passphrase"
    await session.data("POST", "/api/auth/password", {"password": PASSWORD, "new_password": new})
    await person.begin(password=new, code=factor.code())


async def test_setting_it_up_needs_the_password_and_the_first_code(stack: Stack):
    person = await member(await admin(stack))
    session, other = await person.begin(), await person.begin()
    assert_error(await session.call("POST", "/api/auth/totp", {"password": "not this one"}), 401, "password_wrong")
    assert_error(await session.call("POST", "/api/auth/totp/confirm", {"code": "000000"}), 409, "totp_not_begun")
    replaced = await session.data("POST", "/api/auth/totp", {"password": PASSWORD})
    begun = await session.data("POST", "/api/auth/totp", {"password": PASSWORD})
    uri = pyotp.parse_uri(begun["uri"])
    assert (uri.secret, uri.name, uri.issuer) == (begun["secret"], person.email, "xsender")
    await person.begin()  # it does not count yet
    wrong = pyotp.TOTP(replaced["secret"]).now()
    assert_error(await session.call("POST", "/api/auth/totp/confirm", {"code": wrong}), 422, "code_wrong", "/code")
    await session.data("POST", "/api/auth/totp/confirm", {"code": pyotp.TOTP(begun["secret"]).now()})
    assert (await other.call("GET", "/api/auth/me")).status_code == 401, "it began without a second factor"
    assert_error(await session.call("POST", "/api/auth/totp", {"password": PASSWORD}), 409, "totp_on")
    again = await session.call("POST", "/api/auth/totp/confirm", {"code": "000000"})
    assert_error(again, 409, "totp_not_begun")


async def test_disabling_it_needs_the_password_and_a_code(stack: Stack):
    person, factor, session = await enrolled(stack)
    path = "/api/auth/totp/disable"
    body = {"password": PASSWORD, "code": factor.code()}
    assert_error(await session.call("POST", path, body | {"password": "not this one"}), 401, "password_wrong")
    assert_error(await session.call("POST", path, body | {"code": "000000"}), 401, "code_wrong")
    await session.data("POST", path, body)
    await person.begin()
    assert_error(await session.call("POST", path, body), 409, "totp_off")


async def test_who_must_have_one_does_nothing_before(stack: Stack):
    owner = await admin(stack)
    person = await member(owner, "owner")
    session = await person.begin()
    assert (await session.call("GET", f"{ADMIN}/users")).status_code == 200
    await owner.data("PATCH", f"/staff/{person.id}", {"totp_required": True})
    assert_error(await session.call("GET", f"{ADMIN}/users"), 403, "totp_required")
    assert (await session.data("GET", "/api/auth/me"))["totp_required"] is True
    own = await session.call("PATCH", f"{ADMIN}/staff/{person.id}", {"totp_required": False})
    assert_error(own, 403, "totp_required")
    factor = await enrol(session)
    assert (await session.call("GET", f"{ADMIN}/users")).status_code == 200
    own = await session.call("PATCH", f"{ADMIN}/staff/{person.id}", {"totp_required": False})
    assert_error(own, 403, "own_role")
    body = {"password": PASSWORD, "code": factor.code()}
    assert_error(await session.call("POST", "/api/auth/totp/disable", body), 409, "totp_required")
    key = await owner.data("POST", "/keys", {"staff": person.id})
    answer = await stack.http.get(f"{ADMIN}/users", headers={"Api-key": key["key"]})
    assert answer.status_code == 200, "keys are for programs"


async def test_staff_removes_the_factor_of_who_lost_it_and_may_do_no_more(stack: Stack):
    owner = await admin(stack)
    person, _, session = await enrolled(stack, "admin")
    role = f"helper-{uuid4().hex[:8]}"
    await owner.data("PUT", f"/roles/{role}", {"permissions": ["staff:read", "staff:write"]})
    helper = await owner.colleague(role)
    assert_error(await helper.call("POST", f"/staff/{person.id}/reset-totp"), 403, "grant_denied")
    assert_error(await helper.call("PATCH", f"/staff/{person.id}", {"totp_required": True}), 403, "grant_denied")
    await owner.data("POST", f"/staff/{person.id}/reset-totp")
    assert (await session.call("GET", "/api/auth/me")).status_code == 401
    await person.begin()
    assert_error(await owner.call("POST", f"/staff/{person.id}/reset-totp"), 409, "totp_off")
    customer = await user(owner)
    await enrol(await customer.begin())
    assert_error(await customer.log_in(), 401, "code_needed")
    await owner.data("POST", f"/users/{customer.id}/reset-totp")
    await customer.begin()


async def test_secrets_are_sealed_and_in_no_log(stack: Stack):
    person, factor, _ = await enrolled(stack)
    code = factor.code()
    session = await person.begin(code=code)
    await person.begin(code=factor.recovery_codes[0])
    secrets = [factor.secret, factor.secret.encode().hex(), *factor.recovery_codes]
    secrets += [one.replace("-", "") for one in factor.recovery_codes]
    async with stack.pool.connection() as conn:
        for rows in ("log_ins", "recovery_codes", "audit_events", "log_in_waits", "request_log"):
            text = str(await (await conn.execute(f"select r::text from {rows} r")).fetchall())  # type: ignore[arg-type]
            assert not [secret for secret in secrets if secret in text], rows
    events = await (await admin(stack)).data("GET", f"/audit?target=staff:{person.id}")
    assert [event["metadata"].get("with") for event in events][:2] == ["recovery_code", "totp"]
    assert [event["action"] for event in events][2:4] == ["totp.enabled", "totp.begun"]
    assert session.token not in str(events)


async def stored(stack: Stack, person: Person) -> object:
    """The sealed secret."""
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select totp_secret from log_ins where kind = 'staff' and person_id = %s", (person.id,)
        )
        return await cursor.fetchone()


async def test_secrets_are_sealed_anew_with_another_key(stack: Stack):
    person, factor, _ = await enrolled(stack)
    old = stack.settings.keys.get_secret_value()
    async with stack.pool.connection() as conn:
        before = await (
            await conn.execute("select totp_secret from log_ins where person_id = %s", (person.id,))
        ).fetchall()
    ring = Keyring.parse(f"{Keyring.generate().replace('k1', 'k2')},{old}", CREDENTIALS)
    assert await second_factors.reseal_all(stack.pool, ring) >= 1
    try:
        assert await stored(stack, person) != before
    finally:
        back = Keyring.parse(old, CREDENTIALS)
        both = Keyring(back.current, {**back.ciphers, **ring.ciphers})
        await second_factors.reseal_all(stack.pool, both)
    await person.begin(code=factor.code())
