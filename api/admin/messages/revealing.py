"""Recipients and texts of messages: masked for staff, unless somebody who may see them says so, which is logged.

A page that somebody keeps open asks for the same again and again. That is one reveal, and one entry in the audit log:
another one is written when something else is asked for, from another session or address, or an hour later.
"""

import time
from collections import OrderedDict
from hashlib import sha256
from typing import Annotated

from fastapi import Query, Request

from api.http.state import state_of
from domain.access.actors import Actor
from domain.access.narrowing import allows
from services.changes import change

REVEAL = "messages:reveal"
"""The permission."""
SAME_FOR = 3600.0
"""Seconds within which the same request of the same session reveals nothing more."""
_REMEMBERED = 10_000
"""Requests."""

Reveal = Annotated[
    bool, Query(description="For staff: show recipients and texts. Needs `messages:reveal`, and is logged.")
]


class Reveals:
    """What this process has logged lately. It keeps digests: addresses name recipients."""

    def __init__(self) -> None:
        self._logged: OrderedDict[bytes, float] = OrderedDict()

    def are_logged(self, request: Request, actor: Actor) -> bool:
        """Whether the log says that this actor saw this."""
        at = self._logged.get(_digest(request, actor))
        return at is not None and time.monotonic() - at < SAME_FOR

    def note(self, request: Request, actor: Actor) -> None:
        """It does now."""
        digest = _digest(request, actor)
        self._logged[digest] = time.monotonic()
        self._logged.move_to_end(digest)
        if len(self._logged) > _REMEMBERED:
            self._logged.popitem(last=False)


async def is_revealed(request: Request, actor: Actor, wanted: bool, kind: str, about: object) -> bool:
    """Whether an answer shows personal data. An admin key always sees it.

    Raises:
        ForbiddenError: it was requested by somebody who may not see it.
    """
    if actor.type == "key":
        return True
    if not wanted:
        return False
    await log_reveal(request, actor, REVEAL, kind, about)
    return True


async def log_reveal(request: Request, actor: Actor, permission: str, kind: str, about: object) -> None:
    """Have the audit log say that personal data is shown to staff.

    Raises:
        ForbiddenError: it may not be shown to this actor.
    """
    state = state_of(request)
    reveals = state.part(Reveals)
    if allows(actor.permissions, permission, actor.objects) and reveals.are_logged(request, actor):
        return
    async with change(state.pool, actor, "message.revealed") as made:
        made.about(kind, about)
        actor.check(permission)
    reveals.note(request, actor)


def _digest(request: Request, actor: Actor) -> bytes:
    context = actor.context
    session = context.get("session_id") or context.get("key")
    asked = (context.get("path"), request.scope["query_string"], request.headers.get("accept"))
    return sha256(repr((actor.type, actor.id, session, context.get("ip"), asked)).encode()).digest()
