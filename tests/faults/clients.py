"""Clients that never give up, and what they send."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx

from tests.no_answer import NO_ANSWER
from tests.stack import User

PATIENCE = 60.0
"""Seconds that a client waits for an answer."""


class PersistentClient:
    """Repeats a request with its Idempotency-Key until it is accepted."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.accepted: list[str] = []
        self._http = http

    async def send(self, contacts: list[dict[str, object]], key: str | None = None) -> httpx.Response:
        """``POST /api/sms/send``, again and again; returns the answer that accepted it."""
        answer = await self.post(contacts, key or str(uuid4()))
        self.accepted += [item["uid"] for item in answer.json()["data"]]
        return answer

    async def post(self, contacts: list[dict[str, object]], key: str) -> httpx.Response:
        """The same without counting what was accepted: for a repeat."""
        while True:
            try:
                answer = await self._http.post(
                    "/api/sms/send", json={"contact": contacts}, headers={"Idempotency-Key": key}
                )
            except NO_ANSWER:
                await asyncio.sleep(0.2)
                continue
            if answer.status_code == 200:
                return answer
            assert answer.status_code in (409, 503), answer.text
            await asyncio.sleep(float(answer.headers.get("Retry-After", "0.2")))

    async def status(self, uid: str) -> dict:
        """The ``data`` of a message's status, or why there is none."""
        try:
            answer = await self._http.get(f"/api/get/sms/{uid}")
        except NO_ANSWER as error:
            return {"state": f"no answer: {error!r}"}
        return answer.json().get("data", {"state": answer.text})


@asynccontextmanager
async def persistent_client(url: str, user: User) -> AsyncIterator[PersistentClient]:
    """A client of a user, with a connection of its own."""
    async with httpx.AsyncClient(base_url=url, headers=user.headers, timeout=PATIENCE) as http:
        yield PersistentClient(http)


def contacts(count: int, numbers: random.Random) -> list[dict[str, object]]:
    """So many contacts for the gateway ``sink``."""
    return [
        {"number": f"+1415555{numbers.randrange(10000):04d}", "body": "hi", "gateway_identifier": "sink"}
        for _ in range(count)
    ]
