"""``/api/auth/sessions``: one's own sessions."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import models
from api.auth.signed_in import SignedIn, answered, signed_in
from api.http.errors import ApiError
from api.http.json_response import json_response
from api.http.query_text import QueryText
from api.http.state import state_of
from api.reference.openapi import answers
from services.access.people import about
from services.changes import change
from store.access import sessions

router = APIRouter(prefix="/api/auth/sessions", tags=["log-in"])

_Me = Annotated[SignedIn, Depends(signed_in)]


@router.get("", summary="Own sessions, newest first", response_model=None, responses=answers(models.SessionPage))
async def list_sessions(request: Request, me: _Me) -> Response:
    """Those that have not ended: 100 at most."""
    found = await sessions.of_person(state_of(request).pool, me.known.person)
    shown = [{name: value for name, value in asdict(one).items() if name not in ("kind", "person_id")} for one in found]
    data = [{**one, "current": one["id"] == me.session_id} for one in shown]
    return json_response({"data": data, "next_cursor": None})


@router.delete("", summary="End all other sessions", response_model=None, responses=answers(models.EndedAnswer))
async def end_sessions(request: Request, me: _Me) -> Response:
    """This one stays."""
    async with change(state_of(request).pool, me.actor, "session.ended") as made:
        about(made, me.known)
        ended = await sessions.end_all(made.store, me.known.person, but=me.session_id)
        made.metadata["sessions_ended"] = ended
    return answered("ended", {"ended": ended})


@router.delete("/{session}", summary="End a session", response_model=None, responses=answers(models.EndedAnswer))
async def end_session(request: Request, session: QueryText, me: _Me) -> Response:
    """One of one's own, in every process at once."""
    async with change(state_of(request).pool, me.actor, "session.ended") as made:
        about(made, me.known)
        made.metadata["session_id"] = session
        if await sessions.end(made.store, session, me.known.person) is None:
            raise ApiError(404, "session_not_found", "you have no session of this id")
    return answered("ended", {"ended": 1})
