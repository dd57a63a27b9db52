"""Requests below ``/api/callbacks``, and waiting for what comes of them."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from tests.looks import Looks
from tests.receiver import Receiver, Registered, register
from tests.stack import Stack, User


async def ask(stack: Stack, user: User, method: str, path: str = "", **more: Any) -> httpx.Response:
    """A request below ``/api/callbacks``."""
    headers = user.headers | more.pop("headers", {})
    return await stack.http.request(method, f"/api/callbacks{path}", headers=headers, **more)


async def data(stack: Stack, user: User, method: str, path: str = "", **more: Any) -> Any:
    """The ``data`` of a request that goes well."""
    response = await ask(stack, user, method, path, **more)
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def hear(stack: Stack, user: User, receiver: Receiver, *events: str) -> Registered:
    """Register a receiver for a user who can send."""
    await stack.gateway(user.id, "sms", "sandbox", {})
    return await register(stack.pool, stack.keyring, user.id, receiver.url, *events)


async def delivery(
    stack: Stack, user: User, endpoint: Registered, holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The newest delivery of an endpoint once it is as wanted."""
    async with asyncio.timeout(20):
        looks = Looks()
        while True:
            listed = await data(stack, user, "GET", f"/{endpoint.id}/deliveries")
            if listed and holds(listed[0]):
                return listed[0]
            await looks.pause()


async def all_delivered(stack: Stack, user: User, endpoint: Registered, count: int) -> None:
    """Wait until the record says that so many were taken."""
    async with asyncio.timeout(20):
        looks = Looks()
        while True:
            params = {"state": "delivered"}
            if len(await data(stack, user, "GET", f"/{endpoint.id}/deliveries", params=params)) == count:
                return
            await looks.pause()
