"""Sending batches and following them."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx

from domain.batches.batch import BatchStatus
from domain.ids import batch_workflow_id
from store.accounts import credits
from tests.faults.sink import Sink
from tests.looks import Looks
from tests.stack import Stack, User


async def send_batch(stack: Stack, user: User, count: int, **fields: object) -> dict[str, Any]:
    """Send a list of SMS, all alike; returns the answer, with the batch's uid as ``batch``."""
    contacts = [{"number": f"+1415555{n:04}", "body": "Hi"} | fields for n in range(count)]
    answer = await stack.send(user, "sms", *contacts)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def waiting_batch(stack: Stack, user: User) -> str:
    """The uid of a batch whose messages wait for a time that is long to come."""
    batch: str = (await send_batch(stack, user, 501, schedule_at="2027-01-01T00:00:00Z"))["batch"]
    await until(stack, user, batch, lambda data: data["state"] == "scheduled")
    return batch


async def get(stack: Stack, user: User, path: str, **params: object) -> dict[str, Any]:
    """The answer of a route below ``/api/batches``."""
    answer = await stack.http.get(f"/api/batches{path}", headers=user.headers, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def steer(stack: Stack, user: User, uid: str, what: str, **body: object) -> httpx.Response:
    """Ask a batch to do something."""
    return await stack.http.post(f"/api/batches/{uid}/{what}", headers=user.headers, json=body)


async def until(stack: Stack, user: User, uid: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Look at a batch until it is as wanted."""
    async with asyncio.timeout(60):
        looks = Looks()
        while True:
            data: dict[str, Any] = (await get(stack, user, f"/{uid}"))["data"]
            if holds(data):
                return data
            await looks.pause()


async def ended(stack: Stack, user: User, uid: str) -> dict[str, Any]:
    """A batch after its end."""
    return await until(stack, user, uid, lambda data: data["state"] in ("completed", "cancelled"))


async def nothing_in_flight(stack: Stack, uid: str) -> None:
    """Wait until no page of a paused batch is under way."""
    handle = stack.temporal.get_workflow_handle(batch_workflow_id(UUID(uid)))
    async with asyncio.timeout(60):
        looks = Looks()
        while (await handle.query("status", result_type=BatchStatus)).in_flight:
            await looks.pause()


async def all_messages(stack: Stack, user: User, uid: str, **params: object) -> list[dict[str, Any]]:
    """What the listing of a batch's messages has, over all its pages."""
    found: list[dict[str, Any]] = []
    page = await get(stack, user, f"/{uid}/messages", **params)
    while page["next_cursor"]:
        found += page["data"]
        page = await get(stack, user, f"/{uid}/messages", **params, cursor=page["next_cursor"])
    return found + page["data"]


async def sink_gateway(stack: Stack, user: User, sink: Sink, **more: object) -> str:
    """A gateway to a sink."""
    config = {"url": sink.url, "body": {"ref": "{{ reference }}"}, "id_path": "id", "allow_private_network": True}
    return await stack.gateway(user.id, "sms", "http", config, **more)


async def wallet(stack: Stack, user: User) -> tuple[int, int, int]:
    """The user's SMS credits: available, held, spent."""
    now = (await credits.show(stack.pool, user.id))["sms"]
    return now.available, now.held, now.spent
