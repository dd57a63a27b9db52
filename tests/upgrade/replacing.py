"""A customer that sends without a pause, and processes that are replaced meanwhile."""

import asyncio
import signal
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psutil

from store.pool import Pool
from tests.faults.sink import Sink
from tests.no_answer import NO_ANSWER
from tests.stack import new_client

STOPS_WITHIN = 45
"""Seconds, as in docker-compose.yml."""


@dataclass
class Client:
    """A customer that sends one message after the other, and takes no answer but 200."""

    user: str
    key: str
    sink: Sink
    url: str = ""
    """The API in use; may change at any time."""
    accepted: list[str] = field(default_factory=list)
    singles: list[str] = field(default_factory=list)
    begun: dict[str, float] = field(default_factory=dict)
    """When the request of each message began, by the loop's clock."""
    is_sending: bool = True
    pause: float = 0.1
    """Seconds between two messages."""
    repeats: bool = False
    """Whether it repeats a request that it is told to, as one without an answer in time."""

    async def send(self, *contacts: dict[str, object]) -> list[str]:
        """Send once. Returns the uids."""
        begun = asyncio.get_running_loop().time()
        uids = [item["uid"] for item in (await self.post("send", {"contact": contacts}))["data"]]
        self.accepted += uids
        self.begun |= dict.fromkeys(uids, begun)
        return uids

    async def post(self, path: str, body: dict[str, object]) -> dict[str, Any]:
        """Post below ``/api/sms``."""
        headers = {"Api-key": self.key} | ({"Idempotency-Key": str(uuid4())} if self.repeats else {})
        while True:
            async with new_client(self.url) as http:
                answer = await http.post(f"/api/sms/{path}", json=body, headers=headers)
            if not self.repeats or answer.status_code not in (409, 503):
                break
            await asyncio.sleep(float(answer.headers["Retry-After"]))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send_on_and_on(self) -> None:
        while self.is_sending:
            self.singles += await self.send(to("sink"))
            await asyncio.sleep(self.pause)

    async def goes_on(self, count: int = 20, seconds: float = 30) -> None:
        """Wait until so many more singles have been accepted, and have arrived."""
        begin = len(self.singles)
        async with asyncio.timeout(seconds):
            while len(self.singles) < begin + count or self.sink.arrived.keys() < set(self.singles[begin:][:count]):
                await asyncio.sleep(0.02)


def to(gateway: str, **more: object) -> dict[str, object]:
    return {"number": "+14155550123", "body": "hi", "gateway_identifier": gateway, **more}


async def healthy(url: str, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds), new_client(url) as http:
        while True:
            try:
                if (await http.get("/health")).status_code == 200:
                    return
            except NO_ANSWER:
                pass
            await asyncio.sleep(0.1)


async def stopped(process: psutil.Popen) -> None:
    """Stop a process and wait until it has finished what it had in hand."""
    process.terminate()
    assert await asyncio.to_thread(process.wait, STOPS_WITHIN) in (0, -signal.SIGTERM)


async def states(pool: Pool, count: int) -> dict[str, str]:
    """The states of so many messages, once all have ended and their credits are settled."""
    async with asyncio.timeout(60), pool.connection() as conn:
        while True:
            rows = await (await conn.execute("select uid::text, state, credit from messages")).fetchall()
            if len(rows) >= count and not any(credit in ("pending", "held") for _, _, credit in rows):
                return {uid: state for uid, state, _ in rows}
            await asyncio.sleep(0.1)
