"""What the checks look at: a type of gateway, with a provider that answers whatever a check wants."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from domain.channels import Channel
from domain.messages.outbound import Outbound
from domain.messages.outcomes import Outcome
from gateways.base import Gateway, GatewayConfig, GatewayConnections, GatewayType
from gateways.conformance.fake_provider import Reply, Request, serve
from gateways.provider import ProviderConfig
from gateways.registry import read_config
from gateways.webhooks.webhook import Webhook

SECONDS = 0.5
"""How long the gateway waits for an answer that does not come."""


def speaks_http(entry: GatewayType) -> bool:
    """Whether the checks can stand in for a type's provider."""
    return issubclass(entry.config, ProviderConfig)


@dataclass(frozen=True)
class Subject:
    """One type of gateway on one channel."""

    entry: GatewayType
    channel: Channel
    config: Mapping[str, Any]
    """All that the type needs, as an admin would write it. Nothing in it needs to be genuine."""
    outside: GatewayConnections

    def parsed(self, **changes: Any) -> GatewayConfig:
        """The configuration with some fields changed."""
        return read_config(self.entry, self.channel, {**self.config, **changes})

    def webhook(self) -> Webhook:
        """The gateway's end of its provider's webhook, for a type that has one."""
        assert self.entry.webhook is not None
        return self.entry.webhook(self.parsed(), self.outside)

    @asynccontextmanager
    async def gateway(self, base_url: str) -> AsyncIterator[Gateway]:
        """A gateway whose provider is there."""
        config = self.parsed(base_url=base_url, allow_private_network=True, timeout=SECONDS)
        gateway = self.entry.build(config, self.outside)
        try:
            yield gateway
        finally:
            await gateway.aclose()

    async def send(self, reply: Reply | bytes, body: str = "hello") -> tuple[Outcome, list[Request]]:
        """Send one message to a provider with this answer. The outcome, and the provider's requests."""
        async with serve(reply) as provider, self.gateway(provider.url) as gateway:
            return await gateway.send(self.message(body)), provider.requests

    def message(self, body: str = "hello") -> Outbound:
        """An ordinary message."""
        uid = uuid4()
        if self.channel is Channel.EMAIL:
            return Outbound(uid, self.channel, "ann@example.com", str(uid), body, subject="Hello")
        return Outbound(uid, self.channel, "+15551234567", str(uid), body)
