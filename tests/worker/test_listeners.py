"""Gateways that listen are connected by one process of all, without anything to send."""

import asyncio
from uuid import UUID, uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from activities.dependencies import open_gateways
from domain.keyring import CREDENTIALS, Keyring
from domain.messages.receipts import Event, Inbound
from gateways.conformance.listening import listening
from gateways.sms.smpp import gateway as smpp
from store import leader_lock as roles
from store.gateways import gateways
from store.leader_lock import LISTENERS, leader_lock
from store.pool import Pool, open_pool
from tests.faults.proxy import running_proxy
from tests.gateways.smsc import smsc
from worker import listeners

KEYS = Keyring.generate()


class Sink:
    """Accepts events of gateways."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Event]] = []

    async def take(self, gateway: str, events: list[Event]) -> None:
        self.told += [(gateway, event) for event in events]


async def new_gateway(pool: Pool, port: int) -> UUID:
    config = {
        "host": "127.0.0.1",
        "port": port,
        "system_id": "user",
        "password": "secret",
        "allow_private_network": True,
    }
    ring = Keyring.parse(KEYS, CREDENTIALS)
    return await gateways.add(pool, ring, gateways.NewGateway(0, "sms", uuid4().hex, "smpp", config))


async def test_a_gateway_that_never_sent_hears_people(fresh_pool, monkeypatch):
    sink = Sink()
    async with smsc() as peer:
        gateway = await new_gateway(fresh_pool, peer.port)
        cache = open_gateways(fresh_pool, KEYS, sink)
        async with listeners.keeping_connected(fresh_pool, cache):
            await peer.some("bind")
            await peer.deliver("Hello", source_addr="15005550009")
            async with asyncio.timeout(10):
                while not sink.told:
                    await asyncio.sleep(0.02)
        await cache.aclose()
    ((by, heard),) = sink.told
    assert (by, heard.sender, heard.body) == (str(gateway), "+15005550009", "Hello")
    assert isinstance(heard, Inbound)


async def test_a_gateway_that_cannot_be_connected_keeps_no_other_from_it(fresh_pool):
    async with smsc() as peer:
        await new_gateway(fresh_pool, 1)
        await new_gateway(fresh_pool, peer.port)
        await new_gateway(fresh_pool, 1)
        cache = open_gateways(fresh_pool, KEYS, Sink())
        await listeners.connect_all(fresh_pool, cache)
        assert len(peer.all("bind")) == 1
        await cache.aclose()


async def test_a_gateway_out_of_use_is_left_alone(fresh_pool):
    async with smsc() as peer:
        await gateways.set_enabled(fresh_pool, await new_gateway(fresh_pool, peer.port), False)
        cache = open_gateways(fresh_pool, KEYS, Sink())
        await listeners.connect_all(fresh_pool, cache)
        assert peer.all("bind") == []
        await cache.aclose()


async def test_only_one_keeps_and_another_takes_over(fresh_pool):
    async with leader_lock(fresh_pool, LISTENERS) as first:
        assert first is not None
        assert await first()
        async with leader_lock(fresh_pool, LISTENERS) as second:
            assert second is None
    async with leader_lock(fresh_pool, LISTENERS) as third:
        assert third is not None


async def test_the_gateways_are_looked_after_again_when_the_database_fell_silent(fresh_pool, monkeypatch):
    monkeypatch.setattr(roles, "_SILENCE", "1s")
    monkeypatch.setattr(roles, "_PROOF_SECONDS", 0.5)
    port = int(str(conninfo_to_dict(fresh_pool.conninfo)["port"]))
    async with smsc() as peer, running_proxy("127.0.0.1", port) as proxy:
        far = await open_pool(make_conninfo(fresh_pool.conninfo, port=proxy.port), 2, "far")
        cache = open_gateways(fresh_pool, KEYS, Sink())
        async with listeners.keeping_connected(far, cache):
            await new_gateway(fresh_pool, peer.port)
            await peer.some("bind")
            proxy.silence_old()
            await new_gateway(fresh_pool, peer.port)
            async with asyncio.timeout(30):
                while len(peer.all("bind")) < 2:
                    await asyncio.sleep(0.05)
        await cache.aclose()
        await far.close()


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr(listeners, "EVERY", 0.1)


async def test_gateways_that_hang_keep_no_other_waiting(fresh_pool, monkeypatch):
    monkeypatch.setattr(smpp, "BOUND_WITHIN", 0.5)

    async def keep(reader, writer):
        await reader.read()

    async with listening(keep) as silent, smsc() as peer:
        for port in (silent, silent, peer.port):
            await new_gateway(fresh_pool, port)
        cache = open_gateways(fresh_pool, KEYS, Sink())
        async with asyncio.timeout(2):
            await listeners.connect_all(fresh_pool, cache)
        assert len(peer.all("bind")) == 1
        await cache.aclose()
