"""One message sent to a double of its provider."""

from typing import Any

from fake_http import Reply, Request, serve

from domain.outbound import Outbound
from domain.outcomes import Outcome
from gateways.base import Outside
from gateways.registry import build, parse_config


async def exchange(
    outside: Outside, name: str, config: dict[str, Any], reply: Reply | bytes, message: Outbound
) -> tuple[Outcome, Request | None]:
    """The outcome, and the one request that the provider got, if any."""
    async with serve(reply) as server:
        raw = {"base_url": server.url, "allow_private_network": True, "timeout": 1, **config}
        gateway = build(name, parse_config(name, message.channel, raw), outside)
        outcome = await gateway.send(message)
        await gateway.aclose()
    assert len(server.requests) <= 1
    return outcome, server.requests[0] if server.requests else None
