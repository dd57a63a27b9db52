"""Webhook receivers of gateways, built once per version of their configuration."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from domain.channels import Channel
from domain.errors import XsenderError
from domain.keyring import CREDENTIALS, Keyring
from gateways.base import GatewayConnections
from gateways.registry import build_webhook, parse_config
from gateways.webhooks.webhook import Webhook
from store.gateways import gateways
from store.pool import Pool

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WebhookReceiver:
    """The receiver of posts about one gateway's messages."""

    gateway_id: UUID
    webhook: Webhook


class WebhookReceivers:
    """The receivers that this process has built. Secrets are decrypted here and stay in memory."""

    def __init__(self, pool: Pool, outside: GatewayConnections, keys: str) -> None:
        self._pool = pool
        self._outside = outside
        self._keys = keys
        self._building = asyncio.Lock()
        self._built: dict[UUID, tuple[int, Webhook | None]] = {}

    async def find(self, channel: Channel, type_name: str, gateway_id: UUID | None) -> Sequence[WebhookReceiver]:
        """The receivers of all gateways of a type, or of one of them, configured or not.

        A gateway with an unusable configuration is left out: the others' posts come to the same address.
        """
        ends = []
        for found, version in await gateways.of_type(self._pool, channel, type_name, gateway_id):
            webhook = await self._of(found, version)
            if webhook is not None:
                ends.append(WebhookReceiver(found, webhook))
        return ends

    async def _of(self, gateway_id: UUID, version: int) -> Webhook | None:
        known = self._built.get(gateway_id)
        if known is None or known[0] < version:
            async with self._building:  # many posts at once build it once
                known = self._built.get(gateway_id)
                if known is None or known[0] < version:
                    known = self._built[gateway_id] = version, await self._build(gateway_id)
        return known[1]

    async def _build(self, gateway_id: UUID) -> Webhook | None:
        try:
            stored = await gateways.load(self._pool, Keyring.parse(self._keys, CREDENTIALS), gateway_id)
            config = parse_config(stored.type, Channel(stored.channel), stored.config)
        except XsenderError as error:
            log.error(
                "a gateway's configuration is unusable: its webhook is disabled",
                gateway=str(gateway_id),
                error=str(error),
            )
            return None
        return build_webhook(stored.type, config, self._outside)
