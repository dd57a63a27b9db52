"""Messages with short links, as they arrive in the sandbox."""

import re
from typing import Any

import httpx

from tests.api.mail_stack import PUBLIC
from tests.stack import Stack, User

NUMBER = "14155550123"
PEOPLE = {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"}


async def sender(stack: Stack, channel: str = "sms") -> User:
    """A user with a sandbox."""
    user = await stack.user()
    await stack.gateway(user.id, channel, "sandbox", {})
    return user


async def texts(stack: Stack, user: User, body: dict[str, Any], channel: str = "sms") -> list[dict[str, Any]]:
    """Send, and return what arrived for each contact, once it has ended."""
    answer = await stack.http.post(f"/api/{channel}/send", json=body, headers=user.headers)
    assert answer.status_code == 200, answer.text
    admin = await stack.admin()
    arrived = []
    for item in answer.json()["data"]:
        status = await stack.final(user, channel, item["uid"])
        assert status["state"] == "sent", status
        found = await stack.http.get(
            "/api/admin/v1/sandbox/messages", params={"uid": item["uid"]}, headers=admin.headers
        )
        (one,) = found.json()["data"]
        arrived.append(one | {"credits": item["credits"]} if "credits" in item else one)
    return arrived


def codes(text: str, base: str = f"{PUBLIC}/l/") -> list[str]:
    """The codes in a text."""
    return re.findall(re.escape(base) + r"([0-9A-Za-z]{8})(?![0-9A-Za-z])", text)


async def long_ago(stack: Stack, uid: str) -> None:
    """As if the message had been handed over a minute ago."""
    async with stack.pool.connection() as conn:
        await conn.execute(
            """update attempts set started_at = started_at - interval '1 minute',
                      ended_at = ended_at - interval '1 minute' where uid = %s""",
            (uid,),
        )


async def click(stack: Stack, path: str, host: str = "send.example.com", **headers: str) -> httpx.Response:
    """Follow a link as a person does."""
    return await stack.http.get(path, headers=PEOPLE | {"host": host} | headers)


async def seen(stack: Stack, uid: str) -> list[tuple[str, str | None, bool]]:
    """What was recorded of a message: kind, URL, and whether a program did it."""
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select kind, url, scanner from receipts where uid = %s order by kind, url, scanner", (uid,)
        )
        return [(kind, url, scanner) for kind, url, scanner in await cursor.fetchall()]
