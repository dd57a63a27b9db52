"""Sending through each type of gateway that carries WhatsApp."""

from collections.abc import Awaitable, Callable
from typing import Any

import configs

from domain.channels import Channel
from domain.messages.outbound import Outbound
from domain.messages.outcomes import Outcome
from gateways.base import GatewayConnections
from gateways.conformance.fake_provider import Reply, Request, serve
from gateways.registry import build, parse_config

CONFIGS = {name: config for name, (channel, config) in configs.CONFIGS.items() if channel is Channel.WHATSAPP}

Exchange = Callable[..., Awaitable[tuple[Outcome, Request | None]]]


async def exchange(
    outside: GatewayConnections,
    name: str,
    reply: Reply | bytes,
    message: Outbound,
    config: dict[str, Any] | None = None,
) -> tuple[Outcome, Request | None]:
    """Send one message to a provider that answers ``reply``: the outcome, and the one request that it got."""
    async with serve(reply) as server:
        raw = {**CONFIGS[name], "base_url": server.url, "allow_private_network": True, "timeout": 1, **(config or {})}
        gateway = build(name, parse_config(name, Channel.WHATSAPP, raw), outside)
        outcome = await gateway.send(message)
    assert len(server.requests) <= 1
    return outcome, server.requests[0] if server.requests else None
