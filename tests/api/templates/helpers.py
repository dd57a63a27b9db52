"""What the tests of templates share."""

from typing import Any

import httpx

from tests.api.test_narrowed_keys import key_with
from tests.stack import Stack, User

EMAIL = {"subject": "Hi {{ name }}", "html": "<p>Hi {{ name }}</p>"}
SMS = {"message": "Hi {{ name }}"}


async def holder(stack: Stack, *channels: str) -> User:
    """A key that sends, reads and keeps templates, of a user whose messages go to sandboxes."""
    user = await stack.user()
    for channel in channels or ("sms",):
        await stack.gateway(user.id, channel, "sandbox", {})
    return await key_with(stack, user, "templates", "read", "send")


async def call(stack: Stack, key: User, method: str, path: str = "", body: object = None, **headers: str):
    """A request to ``/api/templates``."""
    more = {} if body is None else {"json": body}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await stack.http.request(method, f"/api/templates{path}", headers=key.headers | sent, **more)


async def data(stack: Stack, key: User, method: str, path: str = "", body: object = None) -> Any:
    """The ``data`` of an answer, which must be 200."""
    answer = await call(stack, key, method, path, body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def saved(stack: Stack, key: User, name: str = "welcome", **body: Any) -> dict[str, Any]:
    """A template whose draft is saved; with a text message, if nothing else is given."""
    body = body or {"sms": {"en": SMS}}
    return await data(stack, key, "PUT", f"/{name}", {"name": "Welcome", **body})


async def published(stack: Stack, key: User, name: str = "welcome", **body: Any) -> dict[str, Any]:
    """The same, published."""
    await saved(stack, key, name, **body)
    return await data(stack, key, "POST", f"/{name}/publish")


async def send(
    stack: Stack, user: User, *contacts: dict[str, Any], channel: str = "sms", **wide: Any
) -> httpx.Response:
    """A send request."""
    body = {"contact": list(contacts), **wide}
    return await stack.http.post(f"/api/{channel}/send", json=body, headers=user.headers)
