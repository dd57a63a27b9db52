"""``GET /health``: whether the install works, ``/ready``: whether this process can, ``/live``: whether it is alive."""

import asyncio
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from temporalio.service import RPCError

from api.http.state import AppState, state_of
from api.http.temporal_link import TemporalUnavailable
from api.limits.shared_checks import SharedChecks
from api.messages.models import Alive, Health
from api.reference.openapi import PUBLIC
from store.pool import DB_UNAVAILABLE, ping
from store.workers import queues_served
from workflows.policy import QUEUES

router = APIRouter()

_PROBE = 2.0
"""Seconds that a part has for its answer."""


@router.get(
    "/health",
    summary="Whether everything works",
    tags=["operations"],
    response_model=None,
    openapi_extra=PUBLIC,
    responses={200: {"model": Health}, 503: {"model": Health, "description": "`failing` names what does not work"}},
)
async def get_health(request: Request) -> JSONResponse:
    """200 once API, worker, Postgres and Temporal all work; 503 names the part that does not."""
    state = state_of(request)
    checks = state.part(SharedChecks)
    served, temporal = await asyncio.gather(checks.result(_queues_served, state), checks.result(_temporal, state))
    worker = served is not None and served.issuperset(QUEUES)
    return _answer({"api": True, "postgres": served is not None, "temporal": temporal, "worker": worker})


@router.get(
    "/health/live",
    summary="Whether this process works",
    tags=["operations"],
    response_model=None,
    openapi_extra=PUBLIC,
    responses={200: {"model": Alive}},
)
async def get_liveness() -> JSONResponse:
    """Always 200. A process that does not answer is to be restarted; failures of other parts are no reason for that."""
    return JSONResponse({"status": "ok"})


@router.get(
    "/health/ready",
    summary="Whether this process can accept requests",
    tags=["operations"],
    response_model=None,
    openapi_extra=PUBLIC,
    responses={200: {"model": Health}, 503: {"model": Health, "description": "`failing` names what it cannot reach"}},
)
async def get_readiness(request: Request) -> JSONResponse:
    """200 while it reaches Postgres and Temporal: for load balancers. Workers do not matter: accepted messages wait."""
    state = state_of(request)
    checks = state.part(SharedChecks)
    postgres, temporal = await asyncio.gather(checks.result(_postgres, state), checks.result(_temporal, state))
    return _answer({"api": True, "postgres": postgres, "temporal": temporal})


def _answer(parts: dict[str, bool]) -> JSONResponse:
    failing = [name for name, works in parts.items() if not works]
    body = {
        "status": "failing" if failing else "ok",
        "failing": failing,
        "parts": {name: "ok" if works else "failing" for name, works in parts.items()},
    }
    return JSONResponse(body, 503 if failing else 200, {"Retry-After": "1"} if failing else None)


async def _postgres(state: AppState) -> bool:
    try:
        async with asyncio.timeout(_PROBE):
            await ping(state.pool)
    except (TimeoutError, *DB_UNAVAILABLE):
        return False
    return True


async def _temporal(state: AppState) -> bool:
    try:
        async with asyncio.timeout(_PROBE):
            return await state.temporal.service_client.check_health(timeout=timedelta(seconds=_PROBE))
    except (TimeoutError, RPCError, TemporalUnavailable):
        return False


async def _queues_served(state: AppState) -> set[str] | None:
    """The queues that have a worker; ``None`` if the database, where workers register, does not answer."""
    try:
        async with asyncio.timeout(_PROBE):
            return await queues_served(state.pool)
    except (TimeoutError, *DB_UNAVAILABLE):
        return None
