"""The setting ``require_second_factor``: whose sessions do nothing but set one up."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api.admin import ADMIN, Staff, admin
from tests.api.answers import assert_error
from tests.api.log_in import PASSWORD, enrol, member, user
from tests.stack import Stack, serve_api

CODE = "second_factor_required"


@pytest_asyncio.fixture
async def owner(stack: Stack) -> AsyncIterator[Staff]:
    """The admin, who resets the setting afterwards."""
    staff = await admin(stack)
    yield staff
    await require(staff, None)


async def require(owner: Staff, whom: str | None) -> None:
    await owner.data("PATCH", "/settings", {"require_second_factor": whom})


async def test_who_has_none_can_do_nothing_but_set_one_up(stack: Stack, owner: Staff):
    person = await member(owner, "owner")
    session, other = await person.begin(), await person.begin()
    assert (await session.call("GET", f"{ADMIN}/users")).status_code == 200
    await require(owner, "staff")
    refused = assert_error(await session.call("GET", f"{ADMIN}/users"), 403, CODE)
    assert "POST /api/auth/totp" in refused["message"]
    for method, path, body in (
        ("GET", f"{ADMIN}/settings", None),
        ("PATCH", f"{ADMIN}/settings", {"require_second_factor": "none"}),
        ("POST", "/api/auth/password", {"password": PASSWORD, "new_password": "another passphrase"}),
        ("GET", "/api/auth/sessions", None),
        ("DELETE", "/api/auth/sessions", None),
        ("POST", "/api/auth/totp/disable", {"password": PASSWORD, "code": "000000"}),
    ):
        assert_error(await session.call(method, path, body), 403, CODE)
    again = (await person.log_in()).json()
    assert "second factor" in again["message"]
    assert (again["data"]["totp"], again["data"]["totp_required"]) == (False, True)
    assert (await session.data("GET", "/api/auth/me"))["totp_required"] is True
    assert (await other.call("POST", "/api/auth/logout")).status_code == 200
    await enrol(session)
    assert (await session.call("GET", f"{ADMIN}/users")).status_code == 200


async def test_who_has_one_cannot_do_without_it(stack: Stack, owner: Staff):
    person = await member(owner)
    session = await person.begin()
    factor = await enrol(session)
    await require(owner, "all")
    assert (await session.call("GET", f"{ADMIN}/users")).status_code == 200
    body = {"password": PASSWORD, "code": factor.code()}
    assert_error(await session.call("POST", "/api/auth/totp/disable", body), 409, CODE)
    assert_error(await person.log_in(), 401, "code_needed")


async def test_users_need_one_where_all_do(stack: Stack, owner: Staff):
    person = await user(owner)
    session = await person.begin()
    await require(owner, "staff")
    assert (await session.call("GET", "/api/credits")).status_code == 200
    await require(owner, "all")
    assert_error(await session.call("GET", "/api/credits"), 403, CODE)
    assert_error(await session.call("POST", "/api/sms/send", {"contact": []}), 403, CODE)
    key = await owner.data("POST", "/keys", {"user": person.id})
    by_key = await stack.http.get("/api/credits", headers={"Api-key": key["key"]})
    assert by_key.status_code == 200, "keys are for programs"
    await enrol(session)
    assert (await session.call("GET", "/api/credits")).status_code == 200


async def test_a_provider_of_identities_sees_to_the_second_factor(stack: Stack, owner: Staff):
    person = await member(owner)
    session = await person.begin()
    await require(owner, "all")
    assert_error(await session.call("GET", f"{ADMIN}/users"), 403, CODE)
    async with stack.pool.connection() as conn:
        await conn.execute("update sessions set proof = 'oidc' where id = %s", (session.id,))
    assert (await session.call("GET", f"{ADMIN}/users")).status_code == 200


async def test_it_counts_from_the_next_request_on_in_every_process(stack: Stack, owner: Staff):
    person = await member(owner)
    session = await person.begin()
    async with serve_api(stack.settings) as second:
        for _ in range(3):
            for whom, status in (("staff", 403), ("none", 200)):
                await require(owner, whom)
                for url in (stack.url, second):
                    answer = await stack.http.get(f"{url}{ADMIN}/users", headers=session.headers)
                    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("wrong", ["users", "", True, 1, ["staff"]])
async def test_other_values_are_refused(owner: Staff, wrong: object):
    answer = await owner.call("PATCH", "/settings", {"require_second_factor": wrong})
    assert answer.status_code == 422, answer.text
