"""Routes for who is logged in: a session, not a key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from api.http.auth import accept_key, key_of, stored_key_of
from api.http.errors import ApiError
from api.http.json_response import json_response
from api.http.query_text import check_query
from api.http.state import state_of
from api.limits.own_page import comes_from_elsewhere
from api.resources.context import request_context
from domain.access.actors import Actor
from domain.access.api_keys import KeyKind
from domain.access.people import Person, PersonKind
from services.access.people import actor_of
from store.access import people
from store.access.people import Known


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who sends a request."""

    known: Known
    session_id: str
    context: Mapping[str, Any]

    @property
    def actor(self) -> Actor:
        """As events of the audit log have it."""
        return actor_of(self.known, self.context)


async def signed_in_or_acting(request: Request) -> SignedIn:
    """``signed_in_to_enrol`` of routes that staff in the account of a user may use, too."""
    return await _signed_in(request, enrols=True, may_act=True)


async def signed_in(request: Request) -> SignedIn:
    """A dependency that accepts requests with a session.

    Raises:
        ApiError: 401 no session, or one that has ended; 403 it is a key, the request comes from another page, or the
            install requires a second factor and there is none.
    """
    return await _signed_in(request, enrols=False)


async def signed_in_to_enrol(request: Request) -> SignedIn:
    """``signed_in`` of routes that lead to a second factor, so those without one may come, too."""
    return await _signed_in(request, enrols=True)


async def _signed_in(request: Request, *, enrols: bool, may_act: bool = False) -> SignedIn:
    key = key_of(request)
    stored = await stored_key_of(request, key)
    principal = await accept_key(request, key, stored, enrols=enrols)
    if key.kind is not KeyKind.SESSION:
        raise ApiError(403, "session_needed", "this is for people who log in, and a key is none: POST /api/auth/login")
    assert stored is not None
    if principal.acting is not None and not may_act:
        raise ApiError(403, "acting", "passwords, sessions and second factors of a user are the user's own")
    person = Person(PersonKind.USER, principal.account_id)
    if stored.staff_id is not None:
        person = Person(PersonKind.STAFF, stored.staff_id)
    known = await people.get(state_of(request).pool, person)
    if known.status == "ended":
        raise ApiError(401, "unauthorized", "the rights of this member of staff have ended")
    check_query(request.scope["query_string"])
    return SignedIn(known, key.id, {**request_context(request), "session_id": key.id})


def check_page(request: Request) -> None:
    """A dependency of routes without a session: no page of another site logs anybody in.

    Raises:
        ApiError: 403.
    """
    if comes_from_elsewhere(request):
        raise ApiError(403, "foreign_page", "this comes from a page of another site")


def answered(message: str, data: Any) -> Response:
    """The answer of a route, which no cache keeps."""
    answer = json_response({"success": True, "message": message, "data": data})
    answer.headers["Cache-Control"] = "no-store"
    return answer
