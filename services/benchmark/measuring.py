"""Loads an install, stage by stage, with messages that only pretend to be sent."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from domain.ids import minted_at
from domain.messages.statuses import State
from services.benchmark.client import Client, Requests, in_flight
from services.benchmark.stages import BATCH_LEAST, Stage, failed, rate, timed
from store.batches import queries
from store.pool import Pool
from store.reports import stage_times
from store.reports.stage_times import Stages

_SENT = {State.SENT, State.DELIVERED, State.READ}
_PATIENCE = 120.0
"""Seconds without progress after which messages are given up."""
_LOOK_EVERY = 0.2
_SLOW_BATCH = "a worker of xsender-bulk and xsender-bulk-dispatch with a core of its own; then the database"


SMALLEST_BATCH = 1000
"""Fewer would share pages with single messages."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each."""

    alone: int = 30
    loaded: int = 1000
    connections: int = 16
    batch: int = 5000
    """At least ``SMALLEST_BATCH``."""
    reads: int = 200


async def measure(pool: Pool, client: Client, sizes: Sizes, tell: Callable[[str], None]) -> AsyncIterator[Stage]:
    """Each stage as soon as it is known; ``tell`` is told what comes next."""
    await in_flight(partial(client.send, Requests()), 5, 1)  # connections, caches
    tell(f"{sizes.alone} messages, one after the other")
    alone = Requests()
    await in_flight(partial(client.send, alone), sizes.alone, 1)
    for stage in await _way(pool, alone, "alone"):
        yield stage
    tell(f"{sizes.loaded} messages over {sizes.connections} connections")
    loaded = Requests()
    begun = time.perf_counter()
    accepted = await in_flight(partial(client.send, loaded), sizes.loaded, sizes.connections)
    way = await _way(pool, loaded, "under load")
    ended = time.perf_counter() - begun
    if not loaded.refused:
        yield rate("accepted, under load", len(loaded.took), accepted)
        yield rate("accepted and sent, under load", len(loaded.took), ended)
    for stage in way:
        yield stage
    tell(f"a batch of {sizes.batch} messages")
    for stage in await _batch(pool, client, sizes.batch):
        yield stage
    tell("reads")
    for stage in await _reads(client, _uids(loaded), sizes.reads):
        yield stage


async def _way(pool: Pool, sent: Requests, when: str) -> list[Stage]:
    """Where messages spent their time: until they were answered for, until a worker began, until it had ended."""
    if sent.refused:
        return [failed(f"answered, {when}", len(sent.refused), sent.refused[0])]
    uids = _uids(sent)
    ended = await _ended(pool, uids)
    stages = [timed(f"answered, {when}", sent.took)]
    begun = {one.uid: one.begun_at.timestamp() for one in ended if one.begun_at}
    if begun:
        stages.append(timed(f"waited, {when}", [max(0.0, at - minted_at(uid)) for uid, at in begun.items()]))
        took = [one.ended_at.timestamp() - begun[one.uid] for one in ended if one.uid in begun]
        stages.append(timed(f"sent, {when}", took))
    return stages + _wrong(f"sent, {when}", len(uids), Counter(one.state for one in ended))


def _wrong(name: str, count: int, states: Counter[str]) -> list[Stage]:
    """A stage that says what became of those that were not sent, if there are any."""
    others = {state: number for state, number in states.items() if state not in _SENT}
    if missing := count - states.total():
        others["not ended"] = missing
    return [failed(name, sum(others.values()), f"messages that were not sent: {others}")] if others else []


async def _ended(pool: Pool, uids: Sequence[UUID]) -> list[Stages]:
    """Those that have ended: all, unless nothing happens any more."""
    found: list[Stages] = []
    since = time.monotonic()
    while True:
        before, found = len(found), await stage_times.ended(pool, uids)
        if len(found) == len(uids):
            return found
        if len(found) > before:
            since = time.monotonic()
        if time.monotonic() - since > _PATIENCE:
            return found
        await asyncio.sleep(_LOOK_EVERY)


async def _batch(pool: Pool, client: Client, count: int) -> list[Stage]:
    posted = Requests()
    begun = time.time()
    await client.send(posted, count, priority="bulk")
    if posted.refused:
        return [failed("batch", 1, posted.refused[0])]
    return await _until_finished(pool, UUID(posted.answers[0]["batch"]), count, begun)


async def _until_finished(pool: Pool, batch_id: UUID, count: int, begun: float) -> list[Stage]:
    before, since = Counter[str](), time.monotonic()
    while time.monotonic() - since < _PATIENCE:
        batch, counts = await queries.find(pool, batch_id), Counter((await queries.tally(pool, batch_id)).counts)
        if batch is not None and batch.finished_at is not None:
            took = batch.finished_at.timestamp() - begun
            return [rate("batch", count, took, BATCH_LEAST, _SLOW_BATCH), *_wrong("batch", count, counts)]
        if counts != before:
            before, since = counts, time.monotonic()
        await asyncio.sleep(_LOOK_EVERY)
    return [failed("batch", count, f"batch {batch_id} does not go on: {dict(before)}")]


async def _reads(client: Client, uids: Sequence[UUID], count: int) -> list[Stage]:
    statuses, lists = Requests(), Requests()
    for uid in itertools.islice(itertools.cycle(uids), count):
        await client.get(statuses, f"/api/get/sms/{uid}")
    for _ in range(count // 4):
        await client.get(lists, "/api/messages")
    return [_read("status read", statuses), _read("list read", lists)]


def _read(name: str, read: Requests) -> Stage:
    if not read.took:
        read.refused.append("no message was accepted that could be read")
    return failed(name, len(read.refused), read.refused[0]) if read.refused else timed(name, read.took)


def _uids(sent: Requests) -> list[UUID]:
    return [UUID(item["uid"]) for answer in sent.answers for item in answer["data"]]
