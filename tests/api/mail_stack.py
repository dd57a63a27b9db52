"""An API that knows its public address, and what the emails sent through it look like in the sandbox."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx

from store.pool import Pool
from tests.stack import Stack, User, serve_api

PUBLIC = "https://send.example.com"
HTML = '<p>Hi</p><a href="https://example.com/?a=1&amp;b=2">Look</a>'
EMAIL = {"email": "ada@example.com", "subject": "Hello", "message": HTML}

_RECEIPTS = """
create table if not exists receipts (uid uuid not null, key uuid not null, kind text not null,
    at timestamptz not null, code text, reason text, url text, primary key (uid, key))
"""


@asynccontextmanager
async def public_stack(stack: Stack) -> AsyncIterator[Stack]:
    """The same install, its API reachable from outside."""
    settings = stack.settings.model_copy(update={"public_url": f"{PUBLIC}/"})
    async with serve_api(settings) as url, httpx.AsyncClient(base_url=url, timeout=30) as http:
        yield replace(stack, settings=settings, url=url, http=http)


async def with_receipts(pool: Pool) -> None:
    """The table that links write to."""
    async with pool.connection() as conn:
        await conn.execute(_RECEIPTS)


async def sender(stack: Stack, credit: int = 100) -> User:
    """A user with a sandbox for emails."""
    user = await stack.user(credit=credit)
    await stack.gateway(user.id, "email", "sandbox", {})
    return user


async def post(stack: Stack, user: User, body: dict[str, Any]) -> httpx.Response:
    """A request to send emails."""
    return await stack.http.post("/api/email/send", json=body, headers=user.headers)


async def delivered(stack: Stack, user: User, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Send, and return what arrived for each contact."""
    answer = await post(stack, user, body)
    assert answer.status_code == 200, answer.text
    return [await arrived(stack, user, item["uid"]) for item in answer.json()["data"]]


async def arrived(stack: Stack, user: User, uid: str) -> dict[str, Any]:
    """The one delivery of a message, once it has ended."""
    status = await stack.final(user, "email", uid)
    assert status["state"] == "sent", status
    admin = await stack.admin()
    answer = await stack.http.get("/api/admin/v1/sandbox/messages", params={"uid": uid}, headers=admin.headers)
    (found,) = answer.json()["data"]
    return found


async def one(stack: Stack, **fields: Any) -> tuple[User, dict[str, Any]]:
    """Somebody new sends one email; returns him and what arrived."""
    user = await sender(stack)
    (mail,) = await delivered(stack, user, {"contact": [EMAIL | fields]})
    return user, mail


def file(raw: bytes = b"%PDF", **more: str) -> dict[str, str]:
    """An attachment of a request."""
    encoded = {"filename": "a.pdf", "content_type": "application/pdf", "content": b64encode(raw).decode()}
    return encoded | more


def links(html: str, kind: str) -> list[str]:
    """Paths of our own links in an email."""
    return re.findall(rf"{re.escape(PUBLIC)}(/{kind}/[\w-]+(?:\.gif)?)", html)


async def events(pool: Pool, uid: str) -> list[tuple[str, str | None]]:
    """What the links of a message recorded: kind and URL."""
    async with pool.connection() as conn:
        cursor = await conn.execute("select kind, url from receipts where uid = %s order by kind, url", (uid,))
        return [(kind, url) for kind, url in await cursor.fetchall()]


async def suppressed(pool: Pool, user: User) -> list[tuple[str, str, str]]:
    """Who gets no more of a user's messages."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select channel, recipient, reason from suppressions where account_id = %s", (user.id,)
        )
        return [(channel, recipient, reason) for channel, recipient, reason in await cursor.fetchall()]
