"""``/api/admin/v1/system``: how the parts of an install that work unseen stand, and what is wrong with it."""

import base64
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.admin.install import system_models as models
from api.admin.install.looks import LEFT_OUT, Looks
from api.http.state import state_of
from api.reference.openapi import answers
from api.resources.access import Allows
from api.resources.changing import answer_one
from api.resources.listing import Cursor, Limit, Partial, listed, no_cursor, place_in_time, read_place
from domain.access.actors import Actor
from domain.errors import NotFoundError
from services.deploys import builds
from services.doctor.findings import Finding
from services.system import schedules
from services.system.schedules import Schedule
from store.automations import clocks
from store.automations.clocks import Clock

router = APIRouter(prefix="/api/admin/v1/system", tags=["admin: install"])

_Reader = Annotated[Actor, Depends(Allows("overview:read"))]

_KEPT, _FRESH = 60.0, 5.0
"""Seconds for which one look is answered to all; and if a fresh one is asked for."""
_QUEUES_KEPT = 3.0


@router.get("/doctor", summary="Check the install", response_model=None, responses=answers(models.ExaminedAnswer))
async def examine_install(
    request: Request,
    _: _Reader,
    fresh: Annotated[bool, Query(description="Look again, if the last look is 5 seconds old.")] = False,
) -> Response:
    """What `xsender doctor` checks, but for what takes too long. One look is answered for a minute."""
    found = await state_of(request).part(Looks).doctor.get(_FRESH if fresh else _KEPT)
    fails = any(one.level == "failure" for one in found.value)
    data = {
        "ok": not fails,
        "examined_at": found.at,
        "findings": [_finding(one) for one in found.value],
        "left_out": LEFT_OUT,
    }
    return answer_one(data, "something does not work" if fails else "nothing fails")


@router.get("/builds", summary="Builds of the workers", response_model=None, responses=answers(models.BuildsAnswer))
async def list_builds(request: Request, _: _Reader) -> Response:
    """Which gets new work, what each has open, and which may go. `xsender deploy` changes it."""
    state = state_of(request)
    name = state.settings.deployment
    try:
        found = (await builds.read(state.temporal, name)).builds
    except NotFoundError:
        found = []
    return answer_one({"deployment": name, "builds": [asdict(one) for one in found]}, "found")


@router.get("/queues", summary="What waits, and where", response_model=None, responses=answers(models.QueuesAnswer))
async def list_queues(request: Request, _: _Reader) -> Response:
    """Task queues with their workers and backlogs, and due messages by lane and by what they wait for."""
    found = await state_of(request).part(Looks).queues.get(_QUEUES_KEPT)
    return answer_one({"looked_at": found.at, **asdict(found.value)}, "found")


@router.get("/schedules", summary="Schedules", response_model=None, responses=answers(models.SchedulePage))
async def list_schedules(
    request: Request,
    _: _Reader,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=4000, description="`next_cursor` of the page before.")] = None,
) -> Response:
    """Campaigns that repeat, as Temporal has them: when each begins next, and has begun last."""
    state = state_of(request)

    async def fetch(place: str | None, most: int) -> list[Schedule]:
        rows, token = await schedules.page(state.pool, state.temporal, most - 1, _token(place))
        return Partial(rows, base64.urlsafe_b64encode(token).decode()) if token else rows

    return await listed(request, limit, cursor, "json", fetch, asdict)


@router.get("/clocks", summary="Clocks of automations", response_model=None, responses=answers(models.ClockPage))
async def list_clocks(request: Request, _: _Reader, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """For contacts whose date has come, or as a schedule says. Who looks next is first."""
    pool = state_of(request).pool

    async def fetch(place: str | None, most: int) -> Sequence[Clock]:
        return await clocks.page(pool, read_place(place, UUID, int), most)

    return await listed(request, limit, cursor, "json", fetch, _clock, _place)


def _place(one: Clock) -> str:
    return place_in_time(one.next_at, one.automation_id, one.place)


def _clock(one: Clock) -> dict[str, object]:
    return {
        "user_id": one.account_id,
        "automation": one.automation_id,
        "trigger": one.place,
        "next_at": one.next_at,
        "looks": one.round_at is not None,
        "done_until": one.done_until,
    }


def _finding(one: Finding) -> dict[str, object]:
    shown = {name: getattr(one, name) for name in ("check", "level", "message", "remedy")}
    return shown | {"fixable": one.fix is not None}


def _token(place: str | None) -> bytes | None:
    if place is None:
        return None
    try:
        return base64.urlsafe_b64decode(place)
    except ValueError:
        raise no_cursor() from None
