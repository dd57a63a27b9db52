"""``GET /health``: whether all parts work, and which one does not."""

import asyncio
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from temporalio.service import RPCError

from api.state import State, state_of
from store.pool import AWAY, is_alive
from store.workers import queues_served
from workflows.policy import DISPATCH_QUEUE, WORKFLOW_QUEUE

router = APIRouter()

_PROBE = 2.0


@router.get("/health", summary="Whether everything works", tags=["operations"])
async def health(request: Request) -> JSONResponse:
    """200 once API, worker, Postgres and Temporal all work; 503 names the part that does not."""
    state = state_of(request)
    postgres, temporal = await asyncio.gather(is_alive(state.pool), _temporal(state))
    parts = {"api": True, "postgres": postgres, "temporal": temporal, "worker": await _worker(state)}
    failing = [name for name, works in parts.items() if not works]
    body = {
        "status": "failing" if failing else "ok",
        "failing": failing,
        "parts": {name: "ok" if works else "failing" for name, works in parts.items()},
    }
    return JSONResponse(body, 503 if failing else 200, {"Retry-After": "1"} if failing else None)


async def _temporal(state: State) -> bool:
    try:
        async with asyncio.timeout(_PROBE):
            return await state.temporal.service_client.check_health(timeout=timedelta(seconds=_PROBE))
    except (TimeoutError, RPCError, RuntimeError):
        return False


async def _worker(state: State) -> bool:
    try:
        return {WORKFLOW_QUEUE, DISPATCH_QUEUE} <= await queues_served(state.pool)
    except AWAY:
        return False
