"""Campaigns for tests: an account with contacts and a template, and calls."""

import asyncio
from typing import Any
from uuid import uuid4

from psycopg.types.json import Jsonb

from tests.api.test_narrowed_keys import key_with
from tests.looks import Looks
from tests.segments import new_contact
from tests.stack import Stack, User

ENDED = ("completed", "cancelled", "failed")


async def holder(stack: Stack, channel: str = "sms", credit: int = 1000) -> tuple[User, str]:
    """A user whose key may do all that campaigns need, and a sandbox gateway."""
    user = await key_with(stack, await stack.user(credit), "contacts", "templates", "send", "read")
    return user, await stack.gateway(user.id, channel, "sandbox", {})


async def template(stack: Stack, user: User, key: str = "spring", **texts: Any) -> None:
    """A published template."""
    draft = {"name": key, **(texts or {"sms": {"en": {"message": "Hi {{ first_name }}"}}})}
    for method, path, body in (("PUT", "", draft), ("POST", "/publish", {})):
        answer = await stack.http.request(method, f"/api/templates/{key}{path}", headers=user.headers, json=body)
        assert answer.status_code == 200, answer.text


async def people(stack: Stack, user: User, count: int, **values: Any) -> list[str]:
    """Contacts with telephone numbers, in the group of tags ``spring``."""
    start = int(values.pop("start", 0))
    return [
        await new_contact(
            stack.pool,
            user.id,
            **{"phone": f"+1415555{start + n:04}", "first_name": f"P{n}", "tags": ["spring"]} | values,
        )
        for n in range(count)
    ]


def plan(**more: Any) -> dict[str, Any]:
    return {
        "name": "Spring",
        "channel": "sms",
        "template": "spring",
        "audience": {"tags": ["spring"]},
        "send_window": "always",
    } | more


async def call(stack: Stack, user: User, method: str, path: str = "", body: object = None, **headers: str):
    sent = user.headers | {name.replace("_", "-"): value for name, value in headers.items()}
    more = {} if body is None else {"json": body}
    return await stack.http.request(method, f"/api/campaigns{path}", headers=sent, **more)


async def data(stack: Stack, user: User, method: str, path: str = "", body: object = None) -> Any:
    answer = await call(stack, user, method, path, body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def launched(stack: Stack, user: User, **more: Any) -> str:
    """The id of a campaign that was saved and launched."""
    made = await data(stack, user, "POST", "", plan(**more))
    await data(stack, user, "POST", f"/{made['id']}/start")
    return made["id"]


async def reaches(stack: Stack, user: User, campaign: str, *states: str, timeout: float = 30) -> dict[str, Any]:
    """The campaign, once it is in one of these states."""
    async with asyncio.timeout(timeout):
        looks = Looks()
        while True:
            found = await data(stack, user, "GET", f"/{campaign}")
            if found["state"] in states:
                return found
            assert found["state"] not in ENDED, found
            await looks.pause()


async def texts_of(stack: Stack, user: User) -> dict[str, str]:
    """What a sandbox gateway was given: by recipient the text."""
    async with stack.pool.connection() as conn:
        rows = await (
            await conn.execute("select recipient, content from sandbox_messages where account_id = %s", (user.id,))
        ).fetchall()
    return dict(rows)


async def recorded_event(stack: Stack, account_id: int, contact: str, name: str) -> None:
    """Note that a contact did something."""
    async with stack.pool.connection() as conn:
        await conn.execute(
            """insert into contact_events (account_id, contact_id, name, at, data, source)
               values (%s, %s, %s, clock_timestamp(), %s, %s)""",
            (account_id, contact, name, Jsonb({}), uuid4()),
        )
