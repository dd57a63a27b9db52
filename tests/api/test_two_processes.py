"""Two real processes of the API on one install: what is taken away in one is gone with the next request in both."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest_asyncio

from tests.api import log_in
from tests.api.admin import ADMIN, Staff, admin
from tests.api.answers import SMS
from tests.api.processes import api_process
from tests.stack import Stack

USERS = f"{ADMIN}/users"


class Both:
    """Both processes; what changes something goes to one, then to the other."""

    def __init__(self, processes: list[httpx.AsyncClient]) -> None:
        self._processes = processes
        self._changes = 0

    async def change(self, staff: Staff, method: str, path: str, body: object = None) -> None:
        """A change in one process; the next one is in the other."""
        http = self._processes[self._changes % 2]
        self._changes += 1
        answer = await http.request(method, ADMIN + path, json=body, headers={"Api-key": staff.key})
        assert answer.status_code == 200, answer.text

    async def statuses(self, path: str, headers: dict[str, str], body: object = None) -> list[int]:
        """What they answer, the one that did not make the last change first."""
        order = [self._processes[self._changes % 2], self._processes[(self._changes + 1) % 2]]
        method = "GET" if body is None else "POST"
        return [(await http.request(method, path, json=body, headers=headers)).status_code for http in order]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def both(stack: Stack) -> AsyncIterator[Both]:
    async with api_process(stack.settings) as one, api_process(stack.settings) as other:
        yield Both([one, other])


async def test_a_revoked_key(stack: Stack, both: Both):
    owner = await admin(stack)
    member, user = await owner.colleague("support"), await stack.user()
    for key, path in ((member.key, USERS), (user.key, "/api/gateways")):
        assert await both.statuses(path, {"Api-key": key}) == [200, 200]
        await both.change(owner, "POST", f"/keys/{key.split('_')[2]}/revoke")
        assert await both.statuses(path, {"Api-key": key}) == [401, 401]


async def test_a_changed_role_and_rights_of_a_member(stack: Stack, both: Both):
    owner, role = await admin(stack), f"helper-{uuid4().hex[:8]}"
    await owner.data("PUT", f"/roles/{role}", {"permissions": ["users:read"]})
    member = await owner.colleague(role)
    headers = {"Api-key": member.key}
    for method, path, body, wanted in (
        ("PUT", f"/roles/{role}", {"permissions": ["plans:read"]}, 403),
        ("PUT", f"/roles/{role}", {"permissions": ["users:read"]}, 200),
        ("PATCH", f"/staff/{member.id}", {"role": "finance"}, 200),
        ("DELETE", f"/roles/{role}", None, 200),
        ("DELETE", f"/staff/{member.id}", None, 401),
    ):
        await both.change(owner, method, path, body)
        assert await both.statuses(USERS, headers) == [wanted] * 2, path


async def test_ended_sessions(stack: Stack, both: Both):
    owner = await admin(stack)
    person = await log_in.member(owner)
    ended, other = await person.begin(), await person.begin()
    assert await both.statuses(USERS, ended.headers) == [200, 200]
    await other.data("DELETE", f"/api/auth/sessions/{ended.id}")
    assert await both.statuses(USERS, ended.headers) == [401, 401]
    assert await both.statuses(USERS, other.headers) == [200, 200]


async def test_a_suspended_user(stack: Stack, both: Both):
    owner = await admin(stack)
    person = await log_in.user(owner)
    key = (await owner.data("POST", "/keys", {"user": person.id}))["key"]
    callers = ({"Api-key": key}, (await person.begin()).headers)
    for change, wanted in (("suspend", 403), ("resume", 200)):
        await both.change(owner, "POST", f"/users/{person.id}/{change}")
        for headers in callers:
            assert await both.statuses("/api/messages", headers) == [wanted] * 2
    await both.change(owner, "DELETE", f"/users/{person.id}")
    for headers in callers:
        assert set(await both.statuses("/api/messages", headers)) <= {401, 403}


async def test_changed_settings(stack: Stack, both: Both):
    owner, user = await admin(stack), await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    message = {"contact": [SMS | {"schedule_at": "2027-01-01T00:00:00Z"}]}
    try:
        for countries, wanted in ((["DE"], 422), (None, 200), (["US"], 200), (["FR"], 422)):
            await both.change(owner, "PATCH", "/settings", {"allowed_countries": countries})
            assert await both.statuses("/api/sms/send", user.headers, message) == [wanted] * 2, countries
    finally:
        await owner.data("PATCH", "/settings", {"allowed_countries": None})
