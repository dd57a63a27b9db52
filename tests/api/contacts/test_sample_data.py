"""Sample data: something to look around with, which goes without what its user made."""

import asyncio
from typing import Any

from domain.access.user_scopes import SCOPES
from tests.api.admin import admin
from tests.stack import Stack, User

PATH = "/api/sample-data"
LISTS = ("contacts", "groups", "segments", "templates", "automations")


async def call(stack: Stack, user: User, method: str, path: str = PATH, body: Any = None) -> Any:
    more = {} if body is None else {"json": body}
    answer = await stack.http.request(method, path, headers=user.headers, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def holder(stack: Stack) -> User:
    """A user's key with every scope."""
    user = await stack.user()
    key = await (await admin(stack)).data("POST", "/keys", {"user": user.id, "scopes": list(SCOPES)})
    return User(user.id, key["key"])


async def counts(stack: Stack, user: User) -> list[int]:
    return [len(await call(stack, user, "GET", f"/api/{name}")) for name in LISTS]


async def test_an_account_is_filled_once_and_emptied_again(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    assert await call(stack, user, "GET") == {"contacts": 0, "made_at": None}
    filled = await asyncio.gather(*(call(stack, user, "POST") for _ in range(3)))
    assert filled[0]["contacts"] == 8
    assert filled[0] == filled[1] == filled[2] == await call(stack, user, "GET")
    assert await counts(stack, user) == [8, 1, 1, 1, 1]
    (segment,) = await call(stack, user, "GET", "/api/segments")
    assert len(await call(stack, user, "GET", f"/api/segments/{segment['id']}/contacts")) == 2
    assert await counts(stack, other) == [0] * 5

    assert await call(stack, user, "DELETE") == {"contacts": 0, "made_at": None}
    assert await counts(stack, user) == [0] * 5
    assert await call(stack, user, "DELETE") == {"contacts": 0, "made_at": None}
    assert (await call(stack, user, "POST"))["contacts"] == 8


async def test_what_its_user_made_or_changed_stays(stack: Stack):
    user = await holder(stack)
    own = await call(stack, user, "POST", "/api/contacts", {"email": "ada.lovelace@example.com"})
    assert (await call(stack, user, "POST"))["contacts"] == 7  # one has the address of the user's own
    (group,) = await call(stack, user, "GET", "/api/groups")
    await call(stack, user, "POST", f"/api/groups/{group['key']}/add", {"contacts": [own["id"]]})
    (template,) = await call(stack, user, "GET", "/api/templates")
    await call(stack, user, "POST", f"/api/templates/{template['key']}/publish", {})
    changed = next(one for one in await call(stack, user, "GET", "/api/contacts") if one["first_name"] == "Alan")
    await call(stack, user, "PATCH", f"/api/contacts/{changed['id']}", {"first_name": "Al"})

    await call(stack, user, "DELETE")
    assert await counts(stack, user) == [2, 1, 0, 1, 0]
    assert {one["id"] for one in await call(stack, user, "GET", "/api/contacts")} == {own["id"], changed["id"]}
    await call(stack, user, "POST")
    assert await counts(stack, user) == [8, 2, 1, 2, 1]
    keys = {one["key"] for one in await call(stack, user, "GET", "/api/templates")}
    assert keys == {"sample-welcome", "sample-welcome-2"}


async def test_a_dry_run_fills_nothing(stack: Stack):
    user = await holder(stack)
    assert (await call(stack, user, "POST", f"{PATH}?dry_run=true"))["contacts"] == 8
    assert await counts(stack, user) == [0] * 5


async def test_it_is_in_the_audit_log(stack: Stack):
    user = await holder(stack)
    await call(stack, user, "POST")
    await call(stack, user, "DELETE")
    found = (await (await admin(stack)).call("GET", f"/audit?target=user:{user.id}")).json()["data"]
    assert {"sample_data.added", "sample_data.removed"} <= {event["action"] for event in found}
