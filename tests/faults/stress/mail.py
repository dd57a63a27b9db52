"""A provider of email that posts signed receipts: once, twice, out of order, before its answer, or none at all."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx

from tests.api.doubles.double import Posting
from tests.api.doubles.email import SendGrid
from tests.faults.stress.providers import Kind, Provider, after, serving
from tests.no_answer import NO_ANSWER

GATEWAY = "mail"
KIND = Kind("email", after(0.0), 0, 0)
PLANS = {
    "none": (),
    "delivered": ("processed", "delivered"),
    "out of order": ("delivered", "deferred", "processed"),
    "bounced": ("deferred", "bounce"),
}
"""What is posted about a message, in this order."""
ENDS = {"delivered": "delivered", "out of order": "delivered", "bounced": "bounced"}
"""The state of a message, once all is posted."""


class MailProvider:
    """A SendGrid of the test's own, and what it reported."""

    def __init__(self, api: str, seed: int) -> None:
        self.provider = Provider(self._answer, reference=_reference)
        self.reported: dict[str, str] = {}
        """The state that the receipts, all of which xsender took over, lead to; by our reference."""
        self.posts = 0
        self._double = SendGrid(api)
        self._dice = random.Random(seed)
        self._posting: set[asyncio.Task[None]] = set()
        self._http = httpx.AsyncClient(timeout=15)

    def config(self) -> dict[str, object]:
        """The configuration of the gateway to this provider."""
        own = {"base_url": self.provider.url, "allow_private_network": True, "timeout": 60.0}
        return {**self._double.config, **own}

    @property
    def waiting(self) -> int:
        """Messages that it still has something to report of."""
        return len(self._posting)

    async def posted(self) -> None:
        """Wait until xsender has taken over everything that was reported."""
        while self._posting:
            await asyncio.wait(set(self._posting))

    async def aclose(self) -> None:
        """Report nothing more."""
        for task in self._posting:
            task.cancel()
        await asyncio.gather(*self._posting, return_exceptions=True)
        await self._http.aclose()

    async def _answer(self, provider: Provider, reference: str, writer: asyncio.StreamWriter) -> None:
        plan = self._dice.choice(list(PLANS))
        early = self._dice.random() < 0.25
        if PLANS[plan]:
            task = asyncio.create_task(self._report(reference, plan, 0.0 if early else self._dice.uniform(0.1, 2.0)))
            self._posting.add(task)
            task.add_done_callback(self._posting.discard)
        await asyncio.sleep(0.5 if early and PLANS[plan] else 0.02)
        writer.write(b"HTTP/1.1 202 X\r\nX-Message-Id: %s\r\nContent-Length: 0\r\n\r\n" % uuid4().hex.encode())

    async def _report(self, reference: str, plan: str, pause: float) -> None:
        await asyncio.sleep(pause)
        for event in PLANS[plan]:
            posting = self._posting_of(reference, event)
            for _ in range(self._dice.choice((1, 1, 2))):
                await self._post(posting)
        self.reported[reference] = ENDS[plan]

    def _posting_of(self, reference: str, event: str) -> Posting:
        told = {"event": event, "timestamp": int(time.time()), "uid": reference, "sg_event_id": uuid4().hex}
        return self._double.signed([told])

    async def _post(self, posting: Posting) -> None:
        """Post until it is taken, as providers do; what was signed too long ago is signed anew."""
        while True:
            try:
                answer = await self._http.post(posting.url, content=posting.body, headers=posting.headers)
            except NO_ANSWER:
                await asyncio.sleep(0.5)
                continue
            if answer.status_code == 200:
                self.posts += 1
                return
            if answer.status_code == 403:
                posting = self._double.signed(json.loads(posting.body))
            await asyncio.sleep(0.5)


def _reference(body: Any) -> str:
    reference: str = body["personalizations"][0]["custom_args"]["uid"]
    return reference


@asynccontextmanager
async def running_mail(api: str, seed: int) -> AsyncIterator[MailProvider]:
    """The provider on a free port, posting to the API at this address."""
    mail = MailProvider(api, seed)
    async with serving(mail.provider) as mail.provider.url:
        try:
            yield mail
        finally:
            await mail.aclose()
