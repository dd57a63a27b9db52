"""A customer's server: takes callbacks over a real socket, and looks at what they say."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from domain.keyring import Keyring
from gateways.conformance.fake_provider import FakeServer, Reply, Request, answer, serve
from gateways.webhooks.standard_webhooks import verify
from store.callbacks import callback_endpoints
from store.callbacks.callback_endpoints import NewEndpoint
from store.pool import Pool


@dataclass
class Receiver:
    """What has been posted to it."""

    server: FakeServer

    @property
    def url(self) -> str:
        return f"{self.server.url}/hook"

    @property
    def requests(self) -> list[Request]:
        return self.server.requests

    @property
    def ids(self) -> list[str]:
        """The ids of the posts in the order in which they came."""
        return [request.headers["webhook-id"] for request in self.requests]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events in the order in which they came."""
        return [json.loads(request.body) for request in self.requests]

    async def hears(self, count: int, seconds: float = 20) -> list[dict[str, Any]]:
        """The events once so many have come."""
        async with asyncio.timeout(seconds):
            while len(self.requests) < count:
                await asyncio.sleep(0.01)
        assert len(self.requests) == count, self.events
        return self.events

    def types(self) -> list[tuple[str, str]]:
        """Uid and type of each event, sorted."""
        return sorted((event["data"]["uid"], event["type"]) for event in self.events)


def is_signed(request: Request, secret: str) -> bool:
    """Whether a post was signed with the secret."""
    return verify(secret, request.headers, request.body, time.time())


@asynccontextmanager
async def receiving(reply: Reply | bytes | None = None) -> AsyncIterator[Receiver]:
    """A customer's server on a free port; it takes everything, unless it replies otherwise."""
    async with serve(reply or answer(200)) as server:
        yield Receiver(server)


@dataclass(frozen=True)
class Registered:
    """An endpoint."""

    id: UUID
    secret: str


async def register(pool: Pool, keyring: Keyring, account_id: int, url: str, *events: str) -> Registered:
    """Register an address on this machine, as an admin may."""
    new = NewEndpoint(uuid4(), account_id, url, events or None, allow_private_network=True)
    return Registered(new.id, await callback_endpoints.add(pool, keyring, new))
