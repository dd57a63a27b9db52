"""What the users do: singles, pages, fallbacks, scheduled messages; and they look at, move and take back what waits."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from tests.faults.stress.client import Client
from tests.faults.stress.ledger import Accepted
from tests.faults.stress.providers import GATEWAYS

PAGE_SIZES = (2, 3, 5, 10, 20, 50)
FALLBACK_SIZES = (1, 1, 5, 20, 50, 120)
AHEAD = (3.0, 15.0)
"""Seconds until scheduled messages are due."""
WATCHED = 5.0
"""Seconds for which a message is looked at after its time has come."""
WATCHED_OF_EACH = 5
"""Messages of a request that are looked at and changed."""

_MIXED = [name for name, kind in GATEWAYS.items() for _ in range(kind.weight)]
_FAST = ("quick", "quick", "quick", "busy")
"""Gateways of pages, which would be too many for the others."""

Act = Callable[[], Awaitable[None]]


class Traffic:
    """One client's doings. Each method is one act; ``live`` has what all clients have on its way."""

    def __init__(self, client: Client, live: list[tuple[Client, Accepted]]) -> None:
        self._client = client
        self._dice = client.dice
        self._live = live

    async def single(self) -> None:
        """One message, which may share its page with others'."""
        more = {"on_unknown": "resend"} if self._dice.random() < 0.1 else {}
        for message in await self._send("sms", [self._sms(self._dice.choice(_MIXED)) | more]):
            message.resend = bool(more)

    async def burst(self, count: int, gateway: str) -> None:
        """So many single messages at once."""
        await asyncio.gather(*(self._client.send("sms", [self._sms(gateway)]) for _ in range(count)))

    async def page(self) -> None:
        """Some messages, all of them through good gateways."""
        size = self._dice.choice(PAGE_SIZES)
        await self._send("sms", [self._sms(self._dice.choice(_FAST)) for _ in range(size)])

    async def mail(self) -> None:
        """Emails, whose receipts come by webhook."""
        contacts = [self._email() for _ in range(self._dice.choice((1, 1, 3, 8)))]
        await self._send("email", contacts, priority="transactional")

    async def fallbacks(self) -> None:
        """Personal texts, each with a fallback: after a refusal, or when no receipt comes in time."""
        size = self._dice.choice(FALLBACK_SIZES)
        if self._dice.random() < 0.5:
            step = {"channel": "whatsapp", "after": "5s", "gateway_identifier": "chat"}
            contacts = [self._sms("refusing") | {"fallback": [step | self._text()]} for _ in range(size)]
            await self._send("sms", contacts)
        else:
            step = {"channel": "sms", "after": f"{self._dice.randint(2, 6)}s", "gateway_identifier": "quick"}
            contacts = [
                self._email() | {"fallback": [step | self._number() | self._text()]} for _ in range(min(size, 20))
            ]
            await self._send("email", contacts, priority="transactional")

    async def scheduled(self) -> None:
        """Messages for later, each at a time of its own or all at one."""
        size, same = self._dice.choice((1, 5, 20, 40)), self._moment()
        moments = [same if self._dice.random() < 0.5 else self._moment() for _ in range(size)]
        contacts = [self._sms("quick") | {"schedule_at": written(at)} for at in moments]
        for message, at in zip(await self._send("sms", contacts), moments, strict=True):
            message.due = at
            message.not_before = at

    async def change(self) -> None:
        """Move a message that waits, or take it back."""
        client, message = self._pick()
        if message is None or not message.due or message.is_asked:
            await asyncio.sleep(0.1)
            return
        message.is_asked = True
        if self._dice.random() < 0.4:
            await self._cancel(client, message)
        else:
            await self._move(client, message)

    async def poll(self) -> None:
        """Look at a message that is on its way, or waits."""
        client, message = self._pick()
        if message is None:
            await asyncio.sleep(0.1)
            return
        client.ledger.counts["polls"] += 1
        await client.request("GET", f"/api/get/{message.channel}/{message.uid}")

    def _pick(self) -> tuple[Client, Accepted | None]:
        """A message of anybody's that was not due long ago."""
        while self._live:
            place = self._dice.randrange(len(self._live))
            client, message = self._live[place]
            if message.due_at > time.time() - WATCHED:
                return client, message
            self._live[place] = self._live[-1]
            self._live.pop()
        return self._client, None

    async def _send(self, channel: str, contacts: list[dict[str, Any]], **wide: object) -> list[Accepted]:
        """Send, and have what is on its way looked at."""
        messages = await self._client.send(channel, contacts, **wide)
        self._live += [(self._client, message) for message in messages[:WATCHED_OF_EACH]]
        return messages

    async def _cancel(self, client: Client, message: Accepted) -> None:
        client.ledger.counts["cancels"] += 1
        answer = await client.request("POST", f"/api/sms/{message.uid}/cancel")
        message.is_cancelled = answer is not None and answer.status_code == 200

    async def _move(self, client: Client, message: Accepted) -> None:
        at = self._moment() if self._dice.random() < 0.8 else time.time() - 1
        before, message.not_before = message.not_before, min(message.not_before, at)
        message.due = max(message.due, at)
        client.ledger.counts["reschedules"] += 1
        answer = await client.request("POST", f"/api/sms/{message.uid}/reschedule", json={"schedule_at": written(at)})
        if answer is None or answer.status_code not in (200, 409):
            return  # whether it was moved is not known: nobody may ask for anything else
        message.not_before = at if answer.status_code == 200 else before
        message.is_asked = False

    def _moment(self) -> float:
        return time.time() + self._dice.uniform(*AHEAD)

    def _sms(self, gateway: str) -> dict[str, Any]:
        text = {"body": "hi"} if self._dice.random() < 0.5 else self._text()
        return {**self._number(), **text, "gateway_identifier": gateway}

    def _email(self) -> dict[str, Any]:
        address = f"p{self._dice.getrandbits(64):x}@example.com"  # a new one: one that bounces is suppressed
        return {"email": address, "subject": "Hi", "message": "<p>Hi</p>", "gateway_identifier": "mail"}

    def _number(self) -> dict[str, str]:
        return {"number": f"+1415555{self._dice.randrange(10_000):04d}"}

    def _text(self) -> dict[str, str]:
        return {"body": f"{self._dice.getrandbits(64):x} is your own text. ".ljust(100, "x")}


def written(at: float) -> str:
    """A moment, as requests write it."""
    return datetime.fromtimestamp(at, UTC).isoformat()


async def again_and_again(act: Act, pause: float, dice: random.Random, stop: asyncio.Event) -> None:
    """Do something until ``stop``, about every ``pause`` seconds."""
    while not stop.is_set():
        await act()
        await asyncio.sleep(dice.uniform(0.0, 2 * pause))
