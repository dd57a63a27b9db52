"""All promises at once: mixed traffic, good and bad gateways, and every part killed, stopped and silenced meanwhile.

``FAULT_MINUTES=30 FAULT_REPORT=figures.json pytest -s tests/faults/test_stress.py`` is the long run of
docs/reliability.md.
"""

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.faults.size import MINUTES, REPORT, SEED, STRESS
from tests.faults.stress import histories, mail, providers, record
from tests.faults.stress.audit import Audit
from tests.faults.stress.batches import send_and_steer
from tests.faults.stress.chaos import Chaos
from tests.faults.stress.client import PATIENCE, Client
from tests.faults.stress.install import Install, running_install
from tests.faults.stress.ledger import Accepted, Ledger
from tests.faults.stress.mail import MailProvider, running_mail
from tests.faults.stress.providers import GATEWAYS, Provider, running_providers
from tests.faults.stress.report import figures, line, report_to
from tests.faults.stress.traffic import Act, Traffic, again_and_again
from tests.stack import User

USERS = 3
CREDIT = 5_000_000
BURST_EVERY = 600.0
RECOVERY = 60.0
"""Seconds after the last fault, and after the last request was answered, in which everything works again."""


@dataclass(frozen=True)
class Size:
    """How much is done."""

    seconds: float
    settles: float
    """Seconds within which all that was accepted has an outcome, once nothing is disturbed any more."""
    longest: float
    """As in ``Chaos``; and so are ``pause`` and ``rest``."""
    pause: float
    rest: float
    burst: int
    """Messages that go to the slow gateway at once, now and then: more than it takes in the time of one dispatch."""


SHORT = Size(seconds=55, settles=120, longest=3, pause=1.5, rest=0, burst=0)
LONG = Size(seconds=MINUTES * 60, settles=900, longest=20, pause=6, rest=90, burst=700)


@dataclass(frozen=True)
class World:
    """The install, and the outside that it sends to."""

    install: Install
    providers: dict[str, Provider]
    mail: MailProvider
    ledger: Ledger
    users: list[User]
    http: httpx.AsyncClient


@pytest.mark.fault
@pytest.mark.skipif(not STRESS, reason="left out by FAULT_STRESS=0")
async def test_under_stress_every_promise_holds(tmp_path: Path) -> None:
    size, dice = LONG if MINUTES else SHORT, random.Random(SEED)
    async with AsyncExitStack() as opened:
        world = await build(opened, tmp_path)
        chaos = Chaos(world.install, dice, size.longest, size.pause, size.rest)
        await make_traffic(world, chaos, size, dice)
        world.providers["never"].mended.set()
        over = time.monotonic()
        audit = await settle(world, chaos, size)
        settled = time.monotonic()
        found = audit.check()
        pool, temporal = world.install.stack.pool, world.install.stack.temporal
        batches, rows = await record.batches(pool), dict(audit.rows)
        still_open = await histories.open_workflows(temporal)
        replayed = await histories.replay_all(temporal)
        found.note("wallet, journal and messages differ", await record.wallets(pool))
        found.note("a batch without an end", [f"{b} {s}" for b, s in batches.items() if s not in record.BATCH_ENDS])
        found.note("an open workflow without work in the record", histories.without_work(still_open, rows, batches))
        found.note("a row without a workflow or an end", histories.orphans(still_open, rows, batches))
        found.note("a workflow whose task fails again and again", histories.wedged(still_open))
        found.note("a workflow that failed", replayed.bad_ends)
        found.note("a history that does not replay", replayed.failures)
        report = figures(audit, replayed, size.seconds, SEED) | {
            "seconds from the last answer until nothing was left to do": round(settled - over),
            "seconds of replaying": round(time.monotonic() - settled),
        }
        print(f"\n{line(report)}")
        report_to(REPORT, report)
        assert not found.told(), f"logs are in {world.install.logs}\n{found.told()}"
        assert replayed.continued, "no workflow went on in a fresh run: nothing of that was tested"


async def build(opened: AsyncExitStack, folder: Path) -> World:
    """An install with users, who share all gateways."""
    install = await opened.enter_async_context(running_install(folder / "install"))
    outside = await opened.enter_async_context(running_providers())
    posting = await opened.enter_async_context(running_mail(install.stack.url, SEED))
    users = [await install.stack.user(CREDIT) for _ in range(USERS)]
    shared = [user.id for user in users]
    for name, kind in GATEWAYS.items():
        more = {"identifier": name, "per_second": kind.per_second, "share_with": shared}
        await install.stack.gateway(0, kind.channel, "http", providers.config(name, outside[name]), **more)
    await install.stack.gateway(0, "email", "sendgrid", posting.config(), identifier=mail.GATEWAY, share_with=shared)
    limits = httpx.Limits(max_connections=None)
    http = httpx.AsyncClient(base_url=install.stack.url, timeout=PATIENCE, limits=limits)
    return World(install, outside, posting, Ledger(), users, await opened.enter_async_context(http))


async def make_traffic(world: World, chaos: Chaos, size: Size, dice: random.Random) -> None:
    """Traffic and chaos for so long; returns when every request has its answer, or does not get one."""
    stop, live = asyncio.Event(), list[tuple[Client, Accepted]]()
    doing = [asyncio.create_task(chaos.run(stop), name="chaos")]
    for user in world.users:
        client = Client(world.http, user, world.ledger, random.Random(dice.getrandbits(64)))
        for name, act, pause in acts_of(client, live, stop):
            doing.append(asyncio.create_task(again_and_again(act, pause, client.dice, stop), name=name))
    if size.burst:
        burst = partial(Traffic(client, live).burst, size.burst, "slow")
        doing.append(asyncio.create_task(again_and_again(burst, BURST_EVERY, dice, stop), name="a burst"))
    failed, _ = await asyncio.wait(doing, timeout=size.seconds, return_when=asyncio.FIRST_EXCEPTION)
    stop.set()
    for task in failed:
        task.result()
    ended, unanswered = await asyncio.wait(doing, timeout=size.settles)
    for task in ended:
        task.result()
    for task in unanswered:
        world.ledger.wrong.append(f"{task.get_name()} still without an answer {size.settles:g} s after the last fault")
        task.cancel()
    await asyncio.gather(*unanswered, return_exceptions=True)
    if said := await world.install.becomes_healthy(RECOVERY):
        world.ledger.wrong.append(f"not healthy {RECOVERY:g} s after the last fault: {said}")


def acts_of(
    client: Client, live: list[tuple[Client, Accepted]], stop: asyncio.Event
) -> Iterator[tuple[str, Act, float]]:
    """What a user's programs do side by side, each with the seconds between two times."""
    traffic = Traffic(client, live)
    for _ in range(3):
        yield "a single send", traffic.single, 0.6
    yield "a send of some", traffic.page, 4.0
    yield "a send of emails", traffic.mail, 3.0
    yield "a send with fallbacks", traffic.fallbacks, 8.0
    yield "a scheduled send", traffic.scheduled, 4.0
    yield "a batch", partial(send_and_steer, client, stop), 15.0
    for _ in range(2):
        yield "a change", traffic.change, 0.1
        yield "a poll", traffic.poll, 0.02


async def settle(world: World, chaos: Chaos, size: Size) -> Audit:
    """Wait until nothing is left to do, but not for ever, and gather what is known then."""
    mended, stack = time.time(), world.install.stack
    with suppress(TimeoutError):
        async with asyncio.timeout(size.settles):
            await world.mail.posted()
            while not (await record.is_settled(stack.pool) and await histories.is_quiet(stack.temporal)):
                await asyncio.sleep(1)
    if world.mail.waiting:
        world.ledger.wrong.append(f"receipts of {world.mail.waiting} messages could not be posted")
    rows, tries = await record.messages(stack.pool), await record.tries(stack.pool)
    return Audit(world.ledger, rows, tries, world.providers, world.mail, chaos.done, mended)
