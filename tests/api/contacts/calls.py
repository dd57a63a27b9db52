"""Calls about contacts."""

from typing import Any

import httpx

from tests.api.test_narrowed_keys import key_with
from tests.stack import Stack, User


async def holder(stack: Stack) -> User:
    """A key that may read and change contacts."""
    return await key_with(stack, await stack.user(), "contacts", "read")


async def call(stack: Stack, user: User, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    more: dict[str, Any] = {} if body is None else {"json": body}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await stack.http.request(method, f"/api{path}", headers=user.headers | sent, **more)


async def data(stack: Stack, user: User, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """What a call that succeeds answers."""
    answer = await call(stack, user, method, path, body, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]
