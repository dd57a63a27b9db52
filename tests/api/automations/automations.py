"""Automations for tests: an account with a sandbox, a contact, and calls."""

import asyncio
from typing import Any

from tests.api.test_narrowed_keys import key_with
from tests.looks import Looks
from tests.segments import new_contact
from tests.stack import Stack, User

NUMBER = "+14155550123"
ENDED = ("completed", "exited", "failed", "cancelled")


async def holder(stack: Stack, *channels: str, credit: int = 1000) -> User:
    """A user whose key may do all that automations need, with sandbox gateways."""
    user = await key_with(stack, await stack.user(credit), "contacts", "templates", "send", "read")
    for channel in channels or ("sms", "email"):
        await stack.gateway(user.id, channel, "sandbox", {})
    return user


async def ada(stack: Stack, user: User, **values: Any) -> str:
    """A contact."""
    return await new_contact(stack.pool, user.id, **{"phone": NUMBER, "first_name": "Ada"} | values)


def flow(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A definition with an id for each step that lacks one."""
    named = [{"id": f"s{number}"} | step for number, step in enumerate(steps)]
    return {
        "schema": "xsender.flow/1",
        "key": "welcome",
        "name": "Welcome",
        "trigger": {"kind": "manual"},
        "steps": named,
        **more,
    }


def sms(text: str = "Hi {{ contact.first_name }}", **more: Any) -> dict[str, Any]:
    return {"kind": "send", "channel": "sms", "content": {"body": text}, **more}


async def call(stack: Stack, user: User, method: str, path: str, body: object = None):
    more = {} if body is None else {"json": body}
    return await stack.http.request(method, f"/api{path}", headers=user.headers, **more)


async def data(stack: Stack, user: User, method: str, path: str, body: object = None) -> Any:
    answer = await call(stack, user, method, path, body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def published(stack: Stack, user: User, definition: dict[str, Any]) -> None:
    await data(stack, user, "POST", "/automations", definition)
    await data(stack, user, "POST", f"/automations/{definition['key']}/publish")


async def entered(stack: Stack, user: User, contact: str, key: str = "welcome", **event: Any) -> str:
    """The id of a run that has begun."""
    made = await data(stack, user, "POST", f"/automations/{key}/runs", {"contact": contact, "data": event})
    assert made["outcome"] == "admitted", made
    return made["run"]


async def reaches(stack: Stack, user: User, run: str, *states: str, step: str | None = None) -> dict[str, Any]:
    """The run, once it is in one of these states (else: has ended)."""
    async with asyncio.timeout(30):
        looks = Looks()
        while True:
            found = await data(stack, user, "GET", f"/runs/{run}")
            if found["state"] in (states or ENDED) and (step is None or found["step"] == step):
                return found
            assert found["state"] not in ENDED, found
            await looks.pause()


async def texts(stack: Stack, user: User, found: dict[str, Any]) -> list[str]:
    """What a run sent, as it arrived, in the order of its steps."""
    admin, arrived = await stack.admin(), []
    for one in found["steps"]:
        if one["message"] is None:
            continue
        async with asyncio.timeout(30):
            looks = Looks()
            while True:
                now = (await data(stack, user, "GET", f"/runs/{found['id']}"))["steps"][one["number"] - 1]["message"]
                if now["uid"] and now["state"] == "sent":
                    break
                assert now["state"] in ("queued", "processing", "scheduled"), now
                await looks.pause()
        inbox = await stack.http.get(
            "/api/admin/v1/sandbox/messages", params={"uid": now["uid"], "reveal": True}, headers=admin.headers
        )
        arrived += [message["body"] for message in inbox.json()["data"]]
    return arrived
