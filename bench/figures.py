"""The figures of DESIGN §10, each beside its floor: warmed up, alternated, the median of three."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

import httpx
import orjson
from httpx_aiohttp import AiohttpTransport

from bench.install import Install
from bench.load import Run, Work, median, run_in_flight
from bench.processes import cpu_seconds, peak_rss_mib
from domain.ids import page_of, send_workflow_id
from workflows.policy import WORKFLOW_QUEUE

ROUNDS = 3
_numbers = itertools.count(4155550000)


@dataclass(frozen=True)
class Figure:
    """A figure and its floor. ``ratio`` is what is promised; ``at_least`` (or ``at_most``) says how much."""

    name: str
    figure: float
    floor: float
    unit: str
    ratio: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the promise is kept; ``None`` where nothing is promised."""
        if self.at_least is not None:
            return self.ratio >= self.at_least
        return None if self.at_most is None else self.ratio <= self.at_most


def _contact(**more: object) -> dict[str, object]:
    return {"number": f"+1{next(_numbers)}", "body": "Your code is 123456", **more}


async def _post(install: Install, contacts: list[dict[str, object]]) -> UUID:
    async with install.api.post("/api/sms/send", data=orjson.dumps({"contact": contacts})) as answer:
        body = await answer.read()
    if answer.status != 200:
        raise RuntimeError(body.decode())
    return UUID(orjson.loads(body)["data"][0]["uid"])


async def _finished(install: Install, uid: UUID) -> None:
    await install.temporal.get_workflow_handle(send_workflow_id(page_of(uid))).result()


async def _pairs(figure: Callable[[], Awaitable[Run]], floor: Callable[[], Awaitable[Run]]) -> tuple[Run, Run]:
    """Floor and figure in turn, after a warm-up of both."""
    await floor()
    await figure()
    floors, figures = [], []
    for _ in range(ROUNDS):
        floors.append(await floor())
        figures.append(await figure())
    return median(figures), median(floors)


async def accepting(install: Install, count: int) -> list[Figure]:
    """One-contact sends until accepted, against bare starts of the floor workflow; workers running in both.

    At 16 connections the workers fall behind, as they would; the p50 is taken with one send at a time, each brought to
    its end before the next, so that it shows what the API adds and not what the workers take away.
    """
    uids: list[UUID] = []
    floors: list[str] = []

    async def send(_: int) -> None:
        uids.append(await _post(install, [_contact()]))

    async def start(_: int) -> None:
        floor_id = f"floor-{uuid4()}"
        await install.temporal.start_workflow("FloorWorkflow", id=floor_id, task_queue=WORKFLOW_QUEUE)
        floors.append(floor_id)

    async def drain() -> None:
        while uids:
            await _finished(install, uids.pop())
        while floors:
            await install.temporal.get_workflow_handle(floors.pop()).result()

    async def flood(work: Work) -> Run:
        run = await run_in_flight(work, count, 16)
        await drain()
        return run

    async def one_by_one(work: Work) -> Run:
        return await run_in_flight(work, count // 2, 1, after=drain)

    rate, rate_floor = await _pairs(lambda: flood(send), lambda: flood(start))
    alone, alone_floor = await _pairs(lambda: one_by_one(send), lambda: one_by_one(start))
    added = alone.p50_ms - alone_floor.p50_ms
    return [
        Figure(
            "accept, 16 connections",
            rate.per_second,
            rate_floor.per_second,
            "sends/s",
            rate.per_second / rate_floor.per_second,
            at_least=0.7,
        ),
        Figure("accept p50 when idle (ratio: ms added)", alone.p50_ms, alone_floor.p50_ms, "ms", added, at_most=5.0),
    ]


async def end_to_end(install: Install, count: int) -> list[Figure]:
    """One-contact sends until recorded, against floor workflows until complete, 32 in flight."""

    async def send(_: int) -> None:
        await _finished(install, await _post(install, [_contact()]))

    async def floor(_: int) -> None:
        await install.temporal.execute_workflow("FloorWorkflow", id=f"floor-{uuid4()}", task_queue=WORKFLOW_QUEUE)

    run, base = await _pairs(lambda: run_in_flight(send, count, 32), lambda: run_in_flight(floor, count, 32))
    return [
        Figure(
            "end to end, 32 in flight",
            run.per_second,
            base.per_second,
            "sends/s",
            run.per_second / base.per_second,
            at_least=0.6,
        )
    ]


async def pages(install: Install, count: int) -> list[Figure]:
    """Requests of 500 contacts until recorded, against the bare HTTP client with 64 in flight."""

    async def send(_: int) -> None:
        await _finished(install, await _post(install, [_contact() for _ in range(500)]))

    async with httpx.AsyncClient(transport=AiohttpTransport()) as client:

        async def post(_: int) -> None:
            body = orjson.dumps({"to": f"+1{next(_numbers)}", "text": "Your code is 123456", "ref": str(uuid4())})
            answer = await client.post(install.sink_url, content=body, headers={"content-type": "application/json"})
            orjson.loads(answer.content)

        figures = []
        for in_flight in (1, 4):
            before = _cpu(install)
            run, base = await _pairs(
                partial(run_in_flight, send, count, in_flight), partial(run_in_flight, post, 500 * count, 64)
            )
            rate = run.per_second * 500
            figures.append(
                Figure(
                    f"500 contacts a request, {in_flight} at a time",
                    rate,
                    base.per_second,
                    "messages/s",
                    rate / base.per_second,
                    at_least=0.6,
                )
            )
            spent = {name: seconds - before[name] for name, seconds in _cpu(install).items()}
        sent = 500 * count * (ROUNDS + 1) / 1000
        parts = {name: spent[name] / sent for name in ("api", "worker", "postgres", "temporal")}
    parts["all parts"] = sum(parts.values())
    return figures + [Figure(f"CPU of {name} per 1,000 messages", each, 0, "s", 0) for name, each in parts.items()]


async def memory(install: Install) -> list[Figure]:
    """Peak resident memory of our processes after all of the above."""
    return [Figure(f"peak RSS of {name}", peak_rss_mib(install.pids[name]), 0, "MiB", 0) for name in ("api", "worker")]


async def reading_status(install: Install, count: int) -> list[Figure]:
    """``GET`` of a waiting message's status, against the bare Temporal query that answers it; then of a sent one."""
    waiting = await _post(install, [_contact(schedule_at="2027-01-01T00:00:00Z")])
    handle = install.temporal.get_workflow_handle(send_workflow_id(page_of(waiting)))

    async def read(uid: UUID) -> None:
        async with install.api.get(f"/api/get/sms/{uid}") as answer:
            answer.raise_for_status()
            await answer.read()

    async def query(_: int) -> None:
        await handle.query("status", str(waiting))

    live, bare = await _pairs(
        lambda: run_in_flight(lambda _: read(waiting), count, 1), lambda: run_in_flight(query, count, 1)
    )
    await handle.terminate()
    sent = await _post(install, [_contact()])
    await _finished(install, sent)
    done = await run_in_flight(lambda _: read(sent), count, 1)
    return [
        Figure("status p50, waiting message", live.p50_ms, bare.p50_ms, "ms", live.p50_ms / bare.p50_ms),
        Figure("status p50, sent message", done.p50_ms, bare.p50_ms, "ms", done.p50_ms / bare.p50_ms),
    ]


async def idle(install: Install, seconds: float) -> list[Figure]:
    """CPU of the engine while nothing is sent, workers polling, as a share of one core."""
    before = _cpu(install)
    await asyncio.sleep(seconds)
    after = _cpu(install)
    engine = sum(after[name] - before[name] for name in ("postgres", "temporal")) / seconds
    return [Figure("idle engine, share of one core", engine * 100, 0, "%", engine, at_most=0.05)]


def _cpu(install: Install) -> dict[str, float]:
    return {name: cpu_seconds(pid) for name, pid in install.pids.items()}
