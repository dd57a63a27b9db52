"""What automations take: posts to a hook up to the first message, and waits that end at one time."""

import asyncio
import time
from typing import Any

import orjson

from bench.bare import FLOOR_WORKFLOW, run_floor_workflow, start_floor_workflow
from bench.figure import Figure, listed
from bench.install import Install
from bench.load import Run, median, p50, rate, run_in_flight
from bench.marketer import Marketer
from bench.memory import pss_of_parts
from bench.processes import cpu_of_parts
from bench.record import until_settled
from bench.tenant import new_tenant, number
from domain.audience.contacts.contact import new_contact_id
from store.audience.events import recording
from store.audience.events.recording import ContactEvent

_POSTS = 2_000
_CONNECTIONS = 16
_FLOORS = 300
_WAITS = 10_000
_AHEAD = 60.0
"""Seconds until the waits end: all runs have begun by then."""
_IDLE = 20.0
"""Seconds for which the CPU is measured."""
_TEXT = "Order {{ order }} is yours"


async def measure(install: Install, scale: float) -> list[Figure]:
    """Each run with a tenant of its own."""
    posts, floors = max(200, int(_POSTS * scale)), max(_CONNECTIONS, int(_FLOORS * scale))

    async def floor(_: int) -> None:
        await run_floor_workflow(install)

    async def bare(_: int) -> None:
        await start_floor_workflow(install)

    # Floors come first: workflows of runs that have ended are told of it, and end some minutes later.
    beside = median([await run_in_flight(floor, floors, _CONNECTIONS) for _ in range(3)], rate)
    starts = median([await run_in_flight(bare, floors, _CONNECTIONS) for _ in range(3)], p50)
    waits = max(500, int(_WAITS * scale))
    plain = await _batch(install, waits)
    await asyncio.sleep(_IDLE)
    idle, before = await _cpu(install), await asyncio.to_thread(pss_of_parts, install.pids)
    together, waiting, parts = await _waits(install, waits)
    run = median([await _posts(install, posts) for _ in range(3)], rate)
    return [
        Figure(
            f"{posts:,} posts to a hook, {_CONNECTIONS} connections, up to the messages recorded",
            run.per_second,
            "posts/s",
            "CPU: a contact, an entry, a workflow and some steps for each, and batches of their messages.",
            beside.per_second,
            FLOOR_WORKFLOW,
            at_least=0.5,
        ),
        Figure(
            "a post to a hook, answered (p95)",
            run.spread.p95_ms,
            "ms",
            "The transaction of contact, entry and run, and the start of its workflow.",
            starts.spread.p95_ms,
            "bare start_workflow",
        ),
        Figure(
            f"{waits:,} waits that end at one time, up to the messages recorded",
            together,
            "messages/s",
            "CPU: the steps of two hundred runs at a time, and batches of their messages.",
            plain,
            "a plain batch",
            at_least=0.5,
        ),
        Figure(
            f"CPU of all parts while {waits:,} contacts wait",
            waiting * 100,
            "% of a core",
            "A timer of each in Temporal, and a row.",
            idle * 100,
            "as idle without them",
            at_most=1 + 0.02 / max(idle, 1e-6),
        ),
        Figure(
            f"memory while {waits:,} contacts wait",
            sum(parts.values()),
            "MiB",
            listed(parts, "MiB"),
            sum(before.values()),
            "before they began",
            at_most=1.5,
        ),
    ]


async def _publish(marketer: Marketer, *steps: dict[str, Any], trigger: dict[str, Any]) -> None:
    send = {"id": "send", "kind": "send", "channel": "sms", "content": {"body": _TEXT}}
    named = {"schema": "xsender.flow/1", "key": "bench", "name": "Bench", "trigger": trigger}
    await marketer.call("/automations", named | {"steps": [*steps, send]})
    await marketer.call("/automations/bench/publish")


async def _posts(install: Install, count: int) -> Run:
    marketer = await Marketer.new(install)
    hook = (await marketer.call("/hooks", {"name": "bench"}))["id"]
    await _publish(marketer, trigger={"kind": "webhook", "hook": "bench"})

    async def post(n: int) -> None:
        body = orjson.dumps({"phone": number(), "order": f"A{n}"})
        async with install.http.post(f"/api/automation/webhook/{hook}", data=body) as answer:
            assert answer.status == 200, await answer.text()

    begun = time.perf_counter()
    answered = await run_in_flight(post, count, _CONNECTIONS)
    await until_settled(marketer.tenant, count)
    return Run(count / (time.perf_counter() - begun), answered.spread)


async def _batch(install: Install, count: int) -> float:
    tenant = await new_tenant(install)
    contacts = [{"number": number(), "order": f"A{n}"} for n in range(count)]
    body = orjson.dumps({"message": _TEXT, "contact": contacts})
    begun = time.perf_counter()
    await tenant.post_raw(body)
    await until_settled(tenant, count)
    return count / (time.perf_counter() - begun)


async def _waits(install: Install, count: int) -> tuple[float, float, dict[str, float]]:
    """Messages per second from the moment at which all waits end; and the CPU and memory used while all wait."""
    marketer = await Marketer.new(install)
    ends = time.time() + _AHEAD + count / 50
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))
    wait = {"id": "wait", "kind": "wait", "until": until}
    await _publish(marketer, wait, trigger={"kind": "event", "event": "bench.begun"})
    ids = [new_contact_id() for _ in range(count)]
    async with (
        install.pool.connection() as conn,
        conn.cursor().copy("copy contacts (id, account_id, phone) from stdin") as copy,
    ):
        for one in ids:
            await copy.write_row((one, marketer.tenant.id, number()))
    now = (await _asked(install, "select clock_timestamp()"))[0]
    for first in range(0, count, 500):
        events = [
            ContactEvent(one, "bench.begun", now, new_contact_id(), {"order": "A1"}) for one in ids[first : first + 500]
        ]
        await recording.add(install.pool, marketer.tenant.id, events)
    waiting = """select count(*) from automation_runs
                 where account_id = %s and state = 'waiting' and timer_at is not null"""
    while (await _asked(install, waiting, marketer.tenant.id))[0] < count:
        assert time.time() < ends, "some runs had not begun when the waits ended: give them more time"
        await asyncio.sleep(1.0)
    while_waiting, parts = await _cpu(install), await asyncio.to_thread(pss_of_parts, install.pids)
    await asyncio.sleep(ends - time.time())
    begun = time.perf_counter()
    await until_settled(marketer.tenant, count)
    return count / (time.perf_counter() - begun), while_waiting, parts


async def _cpu(install: Install) -> float:
    """Seconds of CPU of all parts in a second."""
    before = cpu_of_parts(install.pids)
    await asyncio.sleep(_IDLE)
    return sum(seconds - before[name] for name, seconds in cpu_of_parts(install.pids).items()) / _IDLE


async def _asked(install: Install, query: str, *arguments: object) -> tuple[Any, ...]:
    async with install.pool.connection() as conn:
        row = await (await conn.execute(query, arguments)).fetchone()
    assert row is not None
    return row
