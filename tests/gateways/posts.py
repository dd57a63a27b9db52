"""What providers post, and whether a webhook believes it."""

from dataclasses import replace
from typing import Any

from domain.channels import Channel
from gateways.base import GatewayConnections
from gateways.registry import build_webhook, parse_config
from gateways.webhooks.webhook import Post, Webhook


def webhook_of(name: str, channel: Channel, config: dict[str, Any], outside: GatewayConnections) -> Webhook:
    """A gateway's end of its provider's webhook."""
    webhook = build_webhook(name, parse_config(name, channel, config), outside)
    assert webhook is not None
    return webhook


def post(
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    *,
    url: str = "https://hooks.example.com/api/webhook",
    method: str = "POST",
    now: float = 0.0,
) -> Post:
    """A request as the API hands it to a webhook."""
    return Post(method, url, {name.lower(): value for name, value in (headers or {}).items()}, body, now)


async def changed_bytes_believed(webhook: Webhook, genuine: Post) -> list[int]:
    """Places in a genuine body at which another byte goes unnoticed: there must be none."""
    assert await webhook.verify(genuine)
    believed = []
    for place in range(len(genuine.body)):
        forged = bytearray(genuine.body)
        forged[place] ^= 1
        if await webhook.verify(replace(genuine, body=bytes(forged))):
            believed.append(place)
    return believed
