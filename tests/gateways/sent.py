"""What a gateway sends for one message, and what it makes of the answer."""

from typing import Any

from domain.channels import Channel
from domain.messages.outbound import Outbound
from domain.messages.outcomes import Outcome
from gateways.base import GatewayConnections
from gateways.conformance.fake_provider import Reply, Request, serve
from gateways.registry import build, parse_config


async def sent(
    name: str, config: dict[str, Any], reply: Reply | bytes, message: Outbound, outside: GatewayConnections
) -> tuple[Outcome, Request]:
    """Send one message to a provider that answers ``reply``; return the outcome and the one request it got."""
    async with serve(reply) as server:
        raw = {**config, "base_url": server.url, "allow_private_network": True, "timeout": 1}
        gateway = build(name, parse_config(name, Channel.SMS, raw), outside)
        outcome = await gateway.send(message)
    (request,) = server.requests
    return outcome, request
