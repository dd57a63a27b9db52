"""Gateways ready for use: built once per version of their configuration, shared by all dispatches of a process."""

import asyncio
from dataclasses import replace
from functools import partial
from uuid import UUID

from activities.dispatching.sender_keys import GatewaySends
from domain.channels import Channel
from domain.keyring import Keyring
from gateways.base import EventSink, Gateway, GatewayConnections, Listening
from gateways.registry import build, parse_config
from store.devices.device_queue import DeviceQueue
from store.gateways import gateways as stored_gateways
from store.gateways.gateways import StoredGateway
from store.gateways.senders import note_from_address
from store.messages.deliveries import Deliveries
from store.pool import Pool


class GatewayCache:
    """Builds a gateway at its first use and again when its version has grown."""

    def __init__(
        self, pool: Pool, keyring: Keyring, outside: GatewayConnections, sink: EventSink | None = None
    ) -> None:
        """``sink`` takes events that providers send over the gateways' own connections."""
        self._pool = pool
        self._keyring = keyring
        self._outside = outside
        self._sink = sink
        self._built: dict[UUID, tuple[int, Gateway]] = {}
        self._owners: dict[UUID, str] = {}
        self._sends: dict[UUID, GatewaySends] = {}
        self._types: dict[UUID, str] = {}
        self._building = asyncio.Lock()

    async def get(self, gateway_id: UUID, version: int) -> Gateway:
        """The gateway, at least as new as ``version``.

        Raises:
            NotFoundError: it was deleted.
            KeyringError: its configuration cannot be opened.
            InvalidGatewayConfig: this version of xsender does not understand its configuration.
        """
        known = self._built.get(gateway_id)
        if known is not None and known[0] >= version:
            return known[1]
        async with self._building:  # of two gateways built at once, one would never be closed
            return await self._build(gateway_id, version)

    async def _build(self, gateway_id: UUID, version: int) -> Gateway:
        known = self._built.get(gateway_id)
        if known is not None and known[0] >= version:
            return known[1]
        stored = await stored_gateways.load(self._pool, self._keyring, gateway_id)
        config = parse_config(stored.type, Channel(stored.channel), stored.config)
        # The admin's gateways are shared by all: each counts as its own owner.
        owner = self._owners[gateway_id] = (
            f"account {stored.account_id}" if stored.account_id else f"gateway {stored.id}"
        )
        self._types[gateway_id] = stored.type
        self._sends[gateway_id] = await self._sends_of(stored)
        gateway = build(stored.type, config, self._outside_of(gateway_id, owner))
        leaves_first = isinstance(gateway, Listening)  # the provider limits how many connections there are
        if known is not None and leaves_first:
            await known[1].aclose()
        self._built[gateway_id] = (stored.version, gateway)
        if known is not None and not leaves_first:
            await known[1].aclose()
        return gateway

    def owner_of(self, gateway_id: UUID) -> str:
        """The owner of a cached gateway, for fair shares of dispatches."""
        return self._owners[gateway_id]

    def type_of(self, gateway_id: UUID) -> str:
        """The type of a cached gateway, such as ``twilio``."""
        return self._types[gateway_id]

    def sends_as(self, gateway_id: UUID) -> GatewaySends:
        """What a cached gateway sends as."""
        return self._sends[gateway_id]

    async def _sends_of(self, stored: StoredGateway) -> GatewaySends:
        address = stored_gateways.from_address(stored.config)
        if stored.from_address is None:  # it was configured before these were noted
            await note_from_address(self._pool, stored.id, address)
        return GatewaySends(stored.from_policy == "verified_domains", address, stored.type == "sandbox")

    def _outside_of(self, gateway_id: UUID, owner: str) -> GatewayConnections:
        outside = replace(self._outside.of(owner), devices=DeviceQueue(self._pool, gateway_id))
        if self._sink is None:
            return outside
        events, deliveries = partial(self._sink.take, str(gateway_id)), Deliveries(self._pool, gateway_id)
        return replace(outside, events=events, deliveries=deliveries)

    async def disconnect(self, seconds: float) -> None:
        """Close those that only their home uses, side by side: this process is that no more.

        ``seconds``: for each, at most, until what is under way has its answers.
        """
        closing = {id_: gateway for id_, (_, gateway) in self._built.items() if isinstance(gateway, Listening)}
        for gateway_id in closing:
            del self._built[gateway_id]
        await asyncio.gather(*(gateway.disconnect(seconds) for gateway in closing.values()))

    async def aclose(self) -> None:
        """Close all gateways and their connections."""
        await asyncio.gather(*(gateway.aclose() for _, gateway in self._built.values()))
        self._built.clear()
        await self._outside.aclose()
