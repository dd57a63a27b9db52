from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from certificates import write_certificate

from domain.channels import Channel
from domain.messages.outbound import Outbound
from domain.messages.outcomes import Outcome
from domain.messages.receipts import Event
from gateways.base import GatewayConnections, Take
from gateways.conformance.fake_provider import Reply, Request, serve
from gateways.email.smtp import SmtpGateway
from gateways.net.http import HttpClient
from gateways.registry import build, parse_config
from store.messages.deliveries import Deliveries
from store.pool import Pool


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
async def outside() -> AsyncIterator[GatewayConnections]:
    outside = GatewayConnections(public=HttpClient(), private=HttpClient(private=True), inbox=MemoryInbox())
    yield outside
    await outside.aclose()


@pytest.fixture
async def gateway_to(outside: GatewayConnections) -> AsyncIterator[Callable[[int], SmtpGateway]]:
    """Makes a gateway to a mail server on a port."""
    opened: list[SmtpGateway] = []

    def make(port: int) -> SmtpGateway:
        raw = {"host": "127.0.0.1", "port": port, "security": "none", "from_address": "shop@example.org"}
        config = parse_config("smtp", Channel.EMAIL, raw | {"allow_private_network": True, "timeout": 5})
        gateway = build("smtp", config, outside)
        assert isinstance(gateway, SmtpGateway)
        opened.append(gateway)
        return gateway

    yield make
    for gateway in opened:
        await gateway.aclose()


OutsideOf = Callable[..., GatewayConnections]


@pytest.fixture
def outside_of(outside: GatewayConnections, pool: Pool) -> OutsideOf:
    """The outside of a gateway whose events ``take`` takes: a new gateway's, or one that has the others' id."""

    def outside_of(take: Take, gateway_id: UUID | None = None) -> GatewayConnections:
        return replace(outside, events=take, deliveries=Deliveries(pool, gateway_id or uuid4()))

    return outside_of


@pytest.fixture
def listening_outside(outside_of: OutsideOf) -> GatewayConnections:
    """An outside that takes what comes."""

    async def take(events: Sequence[Event]) -> None:
        pass

    return outside_of(take)


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


SendThrough = Callable[..., Awaitable[tuple[Outcome, Request | None]]]


@pytest.fixture
def send_through(outside: GatewayConnections, make: Make) -> SendThrough:
    """Send one message to a provider that answers ``reply``; return the outcome and the one request it got."""

    async def send_through(
        name: str,
        channel: Channel,
        required: Mapping[str, Any],
        reply: Reply | bytes,
        config: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> tuple[Outcome, Request | None]:
        to = "ann@example.com" if channel is Channel.EMAIL else "+15551234567"
        async with serve(reply) as server:
            own = {"base_url": server.url, "allow_private_network": True, "timeout": 1}
            gateway = build(name, parse_config(name, channel, {**required, **own, **(config or {})}), outside)
            got = await gateway.send(make(**({"channel": channel, "to": to} | fields)))
        assert len(server.requests) <= 1
        return got, server.requests[0] if server.requests else None

    return send_through
