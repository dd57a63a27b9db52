"""Baselines: the cost of the same work without the product."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import orjson
from httpx_aiohttp import AiohttpTransport

from bench.install import Install
from bench.load import Run, Work, run_in_flight
from bench.tenant import TEXT, number
from workflows.policy import WORKFLOW_QUEUE

BARE_CLIENT = "bare HTTP client, 64 in flight"
FLOOR_WORKFLOW = "floor workflow, as many in flight"


async def run_floor_workflow(install: Install) -> None:
    """Start the floor workflow and wait for its end."""
    await install.temporal.execute_workflow("FloorWorkflow", id=f"floor-{uuid4()}", task_queue=WORKFLOW_QUEUE)


async def start_floor_workflow(install: Install) -> str:
    """Start the floor workflow; returns its id."""
    floor_id = f"floor-{uuid4()}"
    await install.temporal.start_workflow("FloorWorkflow", id=floor_id, task_queue=WORKFLOW_QUEUE)
    return floor_id


@asynccontextmanager
async def bare_client(install: Install) -> AsyncIterator[Work]:
    """httpx over httpx-aiohttp to the sink: each piece of work is one message's request, its answer read."""
    async with httpx.AsyncClient(transport=AiohttpTransport()) as client:

        async def post(_: int) -> None:
            body = orjson.dumps({"to": number(), "text": TEXT, "ref": str(uuid4())})
            answer = await client.post(install.sink_url, content=body, headers={"content-type": "application/json"})
            orjson.loads(answer.content)

        yield post


async def loop_bare_client(install: Install, count: int) -> Run:
    """The bare client looping over ``count`` messages."""
    async with bare_client(install) as post:
        return await run_in_flight(post, count, 64)
