"""The home: one process of all is connected to gateways that listen, also without anything to send."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from temporalio import activity
from temporalio.client import Client

from activities.dependencies import open_gateways
from activities.pacing.gateway_cache import GatewayCache
from domain.channels import Channel
from domain.keyring import CREDENTIALS, Keyring
from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted
from domain.messages.receipts import Event, Inbound
from embedded.engine import Engine
from gateways.conformance.listening import listening
from gateways.sms.smpp import gateway as smpp
from store import leader_lock as roles
from store.gateways import gateways
from store.leader_lock import HOME, is_held, leader_lock
from store.pool import Pool, open_pool
from tests.faults.proxy import running_proxy
from tests.gateways.smsc import smsc
from tests.stack import new_namespace
from worker import home as homes
from worker.home import Home
from worker.table import QueueRow
from workflows.policy import HOME_QUEUE

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


@activity.defn(name="dispatch")
async def nothing() -> None:
    """What these tests have to dispatch."""


ROWS = {HOME_QUEUE: QueueRow([], [nothing], 10, at_home=True)}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(engine: Engine) -> Client:
    """Of a namespace of its own: these homes must not take what others dispatch."""
    return await Client.connect(engine.temporal_address, namespace=await new_namespace(engine.temporal_address))


@asynccontextmanager
async def at_home(pool: Pool, cache: GatewayCache, client: Client) -> AsyncIterator[Home]:
    home = Home(pool, client, ROWS, cache)
    home.start()
    yield home
    await home.aclose()


async def test_a_gateway_that_never_sent_hears_people(fresh_pool, client):
    sink = Sink()
    async with smsc() as peer:
        gateway = await new_gateway(fresh_pool, peer.port)
        cache = open_gateways(fresh_pool, KEYS, sink)
        async with at_home(fresh_pool, cache, client):
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
        await homes.connect_all(fresh_pool, cache)
        assert len(peer.all("bind")) == 1
        await cache.aclose()


async def test_a_gateway_out_of_use_is_left_alone(fresh_pool):
    async with smsc() as peer:
        await gateways.set_enabled(fresh_pool, await new_gateway(fresh_pool, peer.port), False)
        cache = open_gateways(fresh_pool, KEYS, Sink())
        await homes.connect_all(fresh_pool, cache)
        assert peer.all("bind") == []
        await cache.aclose()


async def test_only_one_keeps_and_another_takes_over(fresh_pool):
    async with leader_lock(fresh_pool, HOME) as first:
        assert first is not None
        assert await first()
        async with leader_lock(fresh_pool, HOME) as second:
            assert second is None
    assert not await is_held(fresh_pool, HOME)
    async with leader_lock(fresh_pool, HOME) as third:
        assert third is not None
        assert await is_held(fresh_pool, HOME)


async def test_the_gateways_are_looked_after_again_when_the_database_fell_silent(fresh_pool, client, monkeypatch):
    monkeypatch.setattr(roles, "_SILENCE", "1s")
    monkeypatch.setattr(roles, "_PROOF_SECONDS", 0.5)
    port = int(str(conninfo_to_dict(fresh_pool.conninfo)["port"]))
    async with smsc() as peer, running_proxy("127.0.0.1", port) as proxy:
        far = await open_pool(make_conninfo(fresh_pool.conninfo, port=proxy.port), 2, "far")
        cache = open_gateways(fresh_pool, KEYS, Sink())
        async with at_home(far, cache, client):
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
    monkeypatch.setattr(homes, "EVERY", 0.1)


async def test_gateways_that_hang_keep_no_other_waiting(fresh_pool, monkeypatch):
    monkeypatch.setattr(smpp, "BOUND_WITHIN", 0.5)

    async def keep(reader, writer):
        await reader.read()

    async with listening(keep) as silent, smsc() as peer:
        for port in (silent, silent, peer.port):
            await new_gateway(fresh_pool, port)
        cache = open_gateways(fresh_pool, KEYS, Sink())
        async with asyncio.timeout(2):
            await homes.connect_all(fresh_pool, cache)
        assert len(peer.all("bind")) == 1
        await cache.aclose()


async def test_a_home_that_stops_leaves_each_gateway_when_that_has_answered(fresh_pool, client, monkeypatch):
    monkeypatch.setattr(homes, "HAND_OVER_SECONDS", 0.2)
    monkeypatch.setattr("worker.leader.TAKE_OVER_EVERY", 0.05)
    async with smsc() as slow, smsc() as quick:
        slow_id = await new_gateway(fresh_pool, slow.port)
        await new_gateway(fresh_pool, quick.port)
        old, new = (open_gateways(fresh_pool, KEYS, Sink()) for _ in range(2))
        first, second = (Home(fresh_pool, client, ROWS, cache) for cache in (old, new))
        first.start()
        await asyncio.gather(slow.some("bound"), quick.some("bound"))
        await slow.tell("hang")
        sending = asyncio.create_task((await old.get(slow_id, 1)).send(message()))
        await slow.some("submit_sm")
        second.start()
        await slow.tell("limit", binds=1)
        stopping = asyncio.create_task(first.aclose())
        assert (await quick.some("bound", 2))[1]["now"] == 1, "the first one had left it before"
        await slow.some("refused")
        assert not sending.done()
        await slow.tell("go on")
        assert isinstance(await sending, Accepted), "its answer is not cut off"
        await stopping
        await slow.some("bound", 2)
        await second.aclose()
        assert [await quick.some("closed", 2), await slow.some("unbind", 2)]
        await asyncio.gather(old.aclose(), new.aclose())


async def test_a_changed_gateway_leaves_before_it_binds_again(fresh_pool):
    async with smsc() as peer:
        await peer.tell("limit", binds=1)
        gateway_id = await new_gateway(fresh_pool, peer.port)
        cache = open_gateways(fresh_pool, KEYS, Sink())
        await homes.connect_all(fresh_pool, cache)
        async with fresh_pool.connection() as conn:
            await conn.execute("update gateways set version = version + 1 where id = %s", (gateway_id,))
        await homes.connect_all(fresh_pool, cache)
        assert (await peer.some("bound", 2))[1]["now"] == 1
        assert peer.all("refused") == []
        await cache.aclose()


async def test_a_process_without_its_queue_is_never_the_home(fresh_pool, client):
    cache = open_gateways(fresh_pool, KEYS, Sink())
    home = Home(fresh_pool, client, {}, cache)
    home.start()
    await home.aclose()
    assert not await is_held(fresh_pool, HOME)


def message() -> Outbound:
    return Outbound(uuid4(), Channel.SMS, "+14155550123", "r", "hi")
