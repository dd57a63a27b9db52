"""Requests of phones that may wait."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from api.devices.session import session_ended
from api.devices.waiting.hub import WaitingDevices
from api.devices.waiting.rounds import SessionEnded, Taken
from api.http.state import state_of
from domain.devices.messages import Session

_T = TypeVar("_T")


async def take(request: Request, session: Session, limit: int, sim: str | None = None, seconds: float = 0.0) -> Taken:
    """Messages for the phone that asks.

    Raises:
        ApiError: 401 the session is over.
        ClientDisconnect: it has hung up.
    """
    try:
        asking = state_of(request).part(WaitingDevices).take(session, limit, sim, seconds)
        return await (_while_connected(request, asking) if seconds > 0 else asking)
    except SessionEnded:
        raise session_ended() from None


async def _while_connected(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """The result of ``work``, which is cancelled once the caller hangs up: nothing may be given to who is gone."""
    task = asyncio.ensure_future(work)
    gone = asyncio.create_task(_hung_up(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
