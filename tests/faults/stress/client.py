"""A client that repeats a request with its key until it is answered, and notes what is answered wrongly."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import httpx

from tests.faults.stress.ledger import Accepted, Ledger
from tests.no_answer import NO_ANSWER
from tests.stack import User

PATIENCE = 15.0
"""Seconds that a client waits for an answer before it makes the request again."""
REPEATED = 0.1
"""How many of the accepted requests are made once more, to be answered with the same bytes."""
AGAIN = (409, 429, 503)
"""Answers after which the same request, with the same key, is made again."""


class Client:
    """One of a user's programs."""

    def __init__(self, http: httpx.AsyncClient, user: User, ledger: Ledger, dice: random.Random) -> None:
        self.user = user
        self.dice = dice
        self.ledger = ledger
        self._http = http

    async def send(self, channel: str, contacts: list[dict[str, Any]], **wide: object) -> list[Accepted]:
        """Send, however long it takes. Returns the messages, in the order of the contacts."""
        key, body = str(uuid4()), {"contact": contacts, **wide}
        answer = await self._accepted(channel, body, key)
        if self.dice.random() < REPEATED:
            self.ledger.counts["repeated requests"] += 1
            if (await self._accepted(channel, body, key)).content != answer.content:
                self.ledger.wrong.append(f"the repeat of a request was answered differently: {answer.json()}")
        said = answer.json()
        lane = wide.get("priority") or ("transactional" if len(contacts) <= 10 else "bulk")
        messages = [
            Accepted(item["uid"], channel, contact["gateway_identifier"], str(lane))
            for item, contact in zip(said["data"], contacts, strict=True)
        ]
        for message in messages:
            message.batch = said.get("batch", "")
            self.ledger.accept(message)
        return messages

    async def _accepted(self, channel: str, body: dict[str, object], key: str) -> httpx.Response:
        while True:
            answer = await self.request("POST", f"/api/{channel}/send", json=body, headers={"Idempotency-Key": key})
            if answer is not None and answer.status_code == 200:
                return answer
            if answer is not None and answer.status_code not in AGAIN:
                raise AssertionError(f"a request was refused: {answer.status_code} {answer.text[:300]}")
            await asyncio.sleep(float(answer.headers.get("Retry-After", "0.3")) if answer is not None else 0.3)

    async def request(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        """One request; ``None``: no answer came. What the contract does not allow is noted."""
        headers = self.user.headers | more.pop("headers", {})
        self.ledger.counts["requests"] += 1
        try:
            answer = await self._http.request(method, path, headers=headers, **more)
        except NO_ANSWER:
            self.ledger.counts["requests without an answer"] += 1
            return None
        if answer.status_code in (404, 500, 502, 504) or (
            answer.status_code == 503 and not answer.headers.get("Retry-After")
        ):
            self.ledger.wrong.append(f"{method} {path} was answered {answer.status_code}: {answer.text[:200]}")
        return answer
