from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from certificates import write_certificate

from domain.channels import Channel
from domain.outbound import Outbound
from domain.receipts import Event
from gateways.base import Outside
from gateways.net.http import HttpClient


class MemoryInbox:
    """The inbox protocol in memory."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, Outbound]] = []
        self._tries: Counter[UUID] = Counter()

    async def put(self, gateway: str, message: Outbound) -> str:
        self.rows.append((gateway, message))
        return str(len(self.rows))

    async def tries(self, uid: UUID) -> int:
        self._tries[uid] += 1
        return self._tries[uid]


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    outside = Outside(public=HttpClient(), private=HttpClient(private=True), inbox=MemoryInbox())
    yield outside
    await outside.aclose()


@pytest.fixture
def listening_outside(outside: Outside) -> Outside:
    """An outside that takes what comes."""

    async def take(events: Sequence[Event]) -> None:
        pass

    return replace(outside, events=take)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_certificate(tmp_path_factory.mktemp("tls"))


Make = Callable[..., Outbound]


@pytest.fixture
def make() -> Make:
    """Make a message; what is not said is an ordinary text message."""

    def make(**fields: Any) -> Outbound:
        defaults = {"uid": uuid4(), "channel": Channel.SMS, "to": "+15005550006", "reference": "ref-1", "body": "hello"}
        return Outbound(**(defaults | fields))

    return make
