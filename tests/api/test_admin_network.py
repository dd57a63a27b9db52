"""From where the admin API may be used: the setting ``admin_network``, right behind proxies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.api.admin import Staff, admin
from tests.stack import Stack

HOME, ELSEWHERE, DENIED = "203.0.113.7", "198.51.100.9", "203.0.113.66"


@asynccontextmanager
async def only_from(staff: Staff, allow: list[str], deny: list[str] = []) -> AsyncIterator[None]:  # noqa: B006
    """The setting for a while: others share the install."""
    await staff.data("PATCH", "/settings", {"admin_network": {"allow": allow, "deny": deny}})
    await counts(staff, 403)
    try:
        yield
    finally:
        await staff.data("PATCH", "/settings", {"admin_network": None})
        await counts(staff, 200)


async def counts(staff: Staff, status: int) -> None:
    """The setting counts within a second."""
    async with asyncio.timeout(5):
        while (await staff.call("GET", "/users", X_Forwarded_For=ELSEWHERE)).status_code != status:
            await asyncio.sleep(0.05)


async def test_the_admin_api_answers_only_where_it_is_allowed(stack: Stack):
    staff = await admin(stack)
    async with only_from(staff, ["127.0.0.0/8", "203.0.113.0/24"], [DENIED]):
        assert (await staff.call("GET", "/users")).status_code == 200
        for address, status in ((HOME, 200), (ELSEWHERE, 403), (DENIED, 403), (f"::ffff:{HOME}", 200), ("unix", 403)):
            answer = await staff.call("GET", "/users", X_Forwarded_For=address)
            assert answer.status_code == status, address
        nobody = Staff(stack, "no key at all")
        assert (await nobody.call("GET", "/users", X_Forwarded_For=ELSEWHERE)).status_code == 403
        denied = await staff.call("GET", "/users", X_Forwarded_For=f"{HOME}, {ELSEWHERE}")
        assert denied.status_code == 403, "what the client claims itself does not count"
        user = await stack.user()
        own = await stack.http.get("/api/gateways", headers=user.headers | {"X-Forwarded-For": ELSEWHERE})
        assert own.status_code == 200
    assert (await staff.call("GET", "/users", X_Forwarded_For=ELSEWHERE)).status_code == 200


async def test_nobody_locks_themselves_out(stack: Stack):
    staff = await admin(stack)
    for network in ({"allow": ["203.0.113.0/24"]}, {"deny": ["127.0.0.1"]}, {"allow": ["::1"]}):
        answer = await staff.call("PATCH", "/settings", {"admin_network": network})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "address_excluded"), network
    assert (await staff.data("GET", "/settings"))["admin_network"] == {"allow": [], "deny": []}


@pytest.mark.parametrize(
    "entry", ["", "all", "10.0.0.1/8", "300.1.1.1", "10.0.0.0/33", "10.0.0.0 /8", "fe80::1%eth0/64"]
)
async def test_what_is_no_network_is_refused(stack: Stack, entry: str):
    staff = await admin(stack)
    answer = await staff.call("PATCH", "/settings", {"admin_network": {"deny": [entry]}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/admin_network/deny")
