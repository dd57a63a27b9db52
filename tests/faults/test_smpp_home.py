"""SMPP through several worker processes: as many binds as the SMSC allows, and a home that is killed while it sends."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from domain.keyring import Keyring
from domain.messages.page import CONCURRENCY
from embedded.engine import Engine
from runtime.settings import Settings
from tests.databases import new_install
from tests.faults.promise import batch_ends, find
from tests.gateways.smsc import Smsc, smsc
from tests.stack import Stack, User, new_namespace, run_stack
from tests.upgrade.release import ROOT, Release

WORKERS = 3
BINDS = 2
BATCH = 2000
KILLED_AT = 600
"""Messages that have arrived before the home is killed."""
SOON = 60.0
"""Seconds within which another worker is the home, however busy the machine is."""


@pytest.mark.fault
async def test_a_home_is_killed_beside_an_smsc_that_hangs(engine: Engine, tmp_path: Path):
    async with smsc() as good, smsc() as hanging, installed(engine) as stack:
        await good.tell("limit", binds=BINDS)
        await hanging.tell("hang")
        release = Release(ROOT, engine, stack.settings.keys.get_secret_value(), tmp_path / "log", where(stack.settings))
        try:
            workers = [release.start("worker") for _ in range(WORKERS)]
            sender, other = await customer(stack, good, BINDS), await customer(stack, hanging, 1)
            await good.some("bound", BINDS)
            hung = await send(stack, other, 501)
            await hanging.some("submit_sm")
            batch = await send(stack, sender, BATCH)
            await good.some("submit_sm", KILLED_AT)
            home(workers, good).kill()
            urgent = (await stack.send(sender, "sms", {"number": "+14155559999", "body": "code"})).json()["data"][0]
            assert (await stack.final(sender, "sms", urgent["uid"], SOON))["state"] == "sent"
            states = await batch_ends(stack.pool, batch)
            assert (await find(stack.pool, hung)).state != "completed"
            home(workers, good)
        finally:
            release.kill_all()
    check(states, good)


def check(states: dict[str, str], good: Smsc) -> None:
    """Nothing is lost or doubled, and there was never a bind too many."""
    counts = Counter(states.values())
    arrived = Counter(one["destination"][2] for one in good.all("submit_sm"))
    print(f"{dict(counts)}, {len(good.all('bind'))} binds")
    assert set(arrived.values()) == {1}, "a message arrived twice"
    assert counts.total() == BATCH
    assert set(counts) <= {"sent", "unknown"}
    assert counts["sent"] < len(arrived) <= BATCH + 1, "one of them was urgent"
    assert counts["unknown"] <= CONCURRENCY
    assert max(one["now"] for one in good.all("bound")) == BINDS
    assert good.all("refused") == [], "no worker but the home has tried to bind"
    assert len(good.all("bound")) == 2 * BINDS


def home(workers: Sequence[psutil.Popen], peer: Smsc) -> psutil.Process:
    """The worker that is bound to the SMSC."""
    living = [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]
    [found] = [one for one in living if any(to.raddr and to.raddr.port == peer.port for to in one.net_connections())]
    return found


@asynccontextmanager
async def installed(engine: Engine) -> AsyncIterator[Stack]:
    """An install whose workers are processes of their own."""
    settings = Settings(
        database_url=await new_install(engine.database_url),
        temporal_address=engine.temporal_address,
        temporal_namespace=await new_namespace(engine.temporal_address),
        keys=Keyring.generate(),
    )
    async with run_stack(settings, worker=False) as stack:
        yield stack


def where(settings: Settings) -> dict[str, str]:
    return {
        "XSENDER_DATABASE_URL": settings.database_url,
        "XSENDER_TEMPORAL_NAMESPACE": settings.temporal_namespace,
    }


async def customer(stack: Stack, peer: Smsc, binds: int) -> User:
    """One with credit and a gateway at this SMSC."""
    user = await stack.user(BATCH + 1)
    config = {"host": "127.0.0.1", "port": peer.port, "system_id": "u", "password": "p", "binds": binds}
    await stack.gateway(user.id, "sms", "smpp", config | {"allow_private_network": True})
    return user


async def send(stack: Stack, user: User, count: int) -> str:
    """A batch of so many messages, each to a number of its own; returns its id."""
    people = [{"number": f"+1415555{number:04d}", "body": "hi"} for number in range(count)]
    answer = await stack.send(user, "sms", *people)
    assert answer.status_code == 200, answer.text
    return answer.json()["batch"]
