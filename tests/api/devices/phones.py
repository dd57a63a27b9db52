"""Phones that are paired by tests."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from domain.access.actors import COMMAND_LINE
from domain.access.api_keys import KeyKind
from services.changes import change
from services.devices.tokens import Issued, Wanted, issue
from store.accounts import api_keys
from store.gateways import gateways
from tests.stack import Stack, User

DOOR = "/api/gateway/sms/android"


@dataclass(frozen=True)
class Phone:
    """A paired phone."""

    stack: Stack
    user: User
    device_uuid: str
    session: str
    gateway_uid: str
    sims: list[dict[str, Any]]

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.session}"}
        return await self.stack.http.request(method, DOOR + path, json=body, headers=headers)

    async def id(self) -> UUID:
        async with self.stack.pool.connection() as conn:
            row = await (
                await conn.execute("select id from devices where device_uuid = %s", (self.device_uuid,))
            ).fetchone()
        assert row is not None
        return row[0]


async def android_gateway(stack: Stack, user: User) -> UUID:
    """The gateway of an account's phones."""
    if not (found := await gateways.named(stack.pool, user.id, "android", "sms")):
        await stack.gateway(user.id, "sms", "android", {}, identifier="android")
        found = await gateways.named(stack.pool, user.id, "android", "sms")
    return found[0].id


async def gateway_keeper(stack: Stack) -> User:
    """A user whose key may manage gateways and their phones."""
    user = await stack.user()
    return User(user.id, (await api_keys.create(stack.pool, KeyKind.USER, user.id, scopes=["gateways"])).text)


async def tokens(stack: Stack, user: User, **wanted: Any) -> list[Issued]:
    """New pairing tokens of an account."""
    await android_gateway(stack, user)
    async with change(stack.pool, COMMAND_LINE, "device_tokens.created") as made:
        return list(await issue(made, stack.keyring, user.id, Wanted(**wanted)))


async def register(stack: Stack, token: str, device_uuid: str, **more: Any) -> httpx.Response:
    """``POST …/register-session``."""
    body = {"pairing_token": token, "device_name": "Pixel", "device_uuid": device_uuid, **more}
    return await stack.http.post(f"{DOOR}/register-session", json=body)


async def paired(stack: Stack, user: User, device_uuid: str | None = None, **more: Any) -> Phone:
    """A phone that was paired just now."""
    (issued,) = await tokens(stack, user)
    named = device_uuid or uuid4().hex
    answer = await register(stack, issued.text, named, **more)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    return Phone(stack, user, named, data["session_token"], data["gateway_uid"], data["sims"])
