"""Messages of another account, followed to their final state while an attack runs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.abuse.felt import LEEWAY
from tests.stack import Stack, User

EVERY = 0.5
"""Seconds between two messages."""


@dataclass
class Followed:
    """How long messages took from the request to ``sent``, in seconds."""

    took: list[float] = field(default_factory=list)

    def check(self, most: float) -> None:
        """Fail if any took longer."""
        assert self.took
        assert max(self.took) <= most * LEEWAY, self.took


@asynccontextmanager
async def followed(stack: Stack) -> AsyncIterator[Followed]:
    """Somebody with a gateway of his own sends a code every so often while the context is open; the last one, too, is
    followed to its end."""
    user = await stack.user(credit=1000)
    await stack.gateway(user.id, "sms", "sandbox", {})
    seen, over = Followed(), asyncio.Event()
    going = asyncio.create_task(_go_on(stack, user, seen, over))
    try:
        yield seen
    finally:
        over.set()
        await going


async def _go_on(stack: Stack, user: User, seen: Followed, over: asyncio.Event) -> None:
    while not over.is_set():
        begun = time.monotonic()
        answer = await stack.send(user, "sms", {"number": "+14155550123", "body": "Your code is 4711"})
        uid = answer.json()["data"][0]["uid"]
        async with asyncio.timeout(60):
            while (await stack.status(user, "sms", uid))["state"] != "sent":
                await asyncio.sleep(0.05)
        seen.took.append(time.monotonic() - begun)
        await asyncio.sleep(EVERY)
