"""Staff of a test's own, and what it does over HTTP."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from tests.stack import Stack

ADMIN = "/api/admin/v1"


@dataclass(frozen=True)
class Staff:
    """Somebody who administrates: an admin key, or a member of staff with a key."""

    stack: Stack
    key: str
    id: int | None = None

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A request to the admin API."""
        more = {} if body is None else {"json": body}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.stack.http.request(method, ADMIN + path, headers={"Api-key": self.key, **named}, **more)

    async def data(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The ``data`` of an answer, which must be 200."""
        answer = await self.call(method, path, body, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def colleague(self, role: str, scopes: list[str] | None = None, **more: Any) -> "Staff":
        """A new member of staff with a key."""
        new = {"email": f"{uuid4().hex}@example.com", "name": "Colleague", "role": role, **more}
        member = await self.data("POST", "/staff", new)
        key = await self.data("POST", "/keys", {"staff": member["id"], "scopes": scopes})
        return Staff(self.stack, key["key"], member["id"])

    async def user(self, **more: Any) -> dict[str, Any]:
        """A new user."""
        return await self.data("POST", "/users", {"email": f"{uuid4().hex}@example.com", "name": "Ann", **more})


async def admin(stack: Stack) -> Staff:
    """The holder of an admin key."""
    return Staff(stack, (await stack.admin()).key)
