"""What leads take: posts of Google Ads up to their contacts, and how long the provider waits for an answer."""

import time
from functools import partial
from uuid import UUID, uuid4

import orjson

from bench.bare import FLOOR_WORKFLOW, run_floor_workflow, start_floor_workflow
from bench.figure import Figure
from bench.install import Install
from bench.load import ROUNDS, Run, Spread, Work, in_turn, median, p50, rate, run_at, run_in_flight
from bench.marketer import Marketer
from bench.record import until_counted
from bench.tenant import number

_LEADS = 2_000
_CONNECTIONS = 16
_FLOORS = 300
_PER_SECOND = 20
_SECONDS = 30.0
_BARE_START = "bare start_workflow"


async def measure(install: Install, scale: float) -> list[Figure]:
    """Each run with an account and a source of its own."""
    leads, floors = max(200, int(_LEADS * scale)), max(_CONNECTIONS, int(_FLOORS * scale))
    seconds = max(5.0, _SECONDS * scale)

    async def floor(_: int) -> None:
        await run_floor_workflow(install)

    async def bare(_: int) -> None:
        await start_floor_workflow(install)

    run, beside = await in_turn(
        partial(_end_to_end, install, leads), partial(run_in_flight, floor, floors, _CONNECTIONS), rate
    )
    starts = median([await run_in_flight(bare, floors, _CONNECTIONS) for _ in range(ROUNDS)], p50)
    steady_starts = await _steadily(bare, seconds)
    steady = await _posted_steadily(install, seconds)
    return [
        Figure(
            f"{leads:,} leads of Google Ads, {_CONNECTIONS} connections, up to their contacts",
            run.per_second,
            "leads/s",
            "CPU: a workflow, its activity and the transaction of lead and contact for each.",
            beside.per_second,
            FLOOR_WORKFLOW,
            at_least=0.5,
        ),
        Figure(
            f"a lead posted over {_CONNECTIONS} connections, answered (p95)",
            run.spread.p95_ms,
            "ms",
            "The transaction of the lead, and the start of its workflow, while workers take those before it.",
            starts.spread.p95_ms,
            _BARE_START,
        ),
        Figure(
            f"a lead posted at a steady {_PER_SECOND} per second, answered (p95)",
            steady.p95_ms,
            "ms",
            "The same, with time between the posts.",
            steady_starts.p95_ms,
            f"{_BARE_START}, as many per second",
        ),
    ]


class _Source:
    """A source of Google Ads, and what is posted to it."""

    def __init__(self, install: Install, id_: UUID, key: str) -> None:
        self._install = install
        self._id = id_
        self._key = key

    @classmethod
    async def new(cls, install: Install) -> "_Source":
        marketer = await Marketer.new(install)
        made = await marketer.call("/lead-sources", {"kind": "google", "name": "Bench"})
        return cls(install, UUID(made["id"]), made["once"]["key"])

    async def post(self, _: int) -> None:
        columns = [{"column_id": "PHONE_NUMBER", "string_value": number()}]
        body = {"lead_id": str(uuid4()), "form_id": 1, "user_column_data": columns, "google_key": self._key}
        async with self._install.http.post("/api/webhook/google-ads-lead", data=orjson.dumps(body)) as answer:
            assert answer.status == 200, await answer.text()

    async def until_done(self, count: int) -> None:
        """Wait until so many leads have their contacts."""

        async def done() -> int:
            return (await self._states()).get("done", 0)

        await until_counted(done, count, self._states)

    async def _states(self) -> dict[str, int]:
        query = "select state, count(*) from leads where source_id = %s group by 1"
        async with self._install.pool.connection() as conn:
            return dict(await (await conn.execute(query, (self._id,))).fetchall())


async def _end_to_end(install: Install, count: int) -> Run:
    """Its spread is that of the answers."""
    source = await _Source.new(install)
    begun = time.perf_counter()
    answered = await run_in_flight(source.post, count, _CONNECTIONS)
    await source.until_done(count)
    return Run(count / (time.perf_counter() - begun), answered.spread)


async def _posted_steadily(install: Install, seconds: float) -> Spread:
    source = await _Source.new(install)
    spread = await _steadily(source.post, seconds)
    await source.until_done(int(seconds * _PER_SECOND))
    return spread


async def _steadily(work: Work, seconds: float) -> Spread:
    """How long it takes, begun at fixed times, whether or not earlier ones have ended."""
    times: list[float] = []

    async def timed(n: int) -> None:
        begun = time.perf_counter()
        await work(n)
        times.append(time.perf_counter() - begun)

    await run_at(timed, [n / _PER_SECOND for n in range(int(seconds * _PER_SECOND))])
    return Spread.of(times)
