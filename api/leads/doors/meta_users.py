"""``/api/webhook/meta/…``: callbacks that Meta demands of apps, about people who have used their log-in.

Each with the secret of the install's own app or, under the id of a source, of a customer's.
"""

import re
import time
from typing import Any

from fastapi import APIRouter, Request, Response

from api.http.bodies.posted_body import FORM, parse_posted
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.leads.doors.checks import SourceChecks, unauthorized
from api.leads.doors.models import DeletionAsked, DeletionState
from api.reference.openapi import PUBLIC, answers, errors_of
from api.webhooks.memory import read_public_post
from domain.errors import NotFoundError
from gateways.meta.signing import signed_request
from services.leads.doors import meta_users
from services.leads.doors.finding import open_source
from services.settings.current import CurrentSettings
from store.leads import meta_users as stored
from store.leads.sources import Source

router = APIRouter(prefix="/api/webhook/meta", tags=["lead webhooks"])

_MOST_BYTES = 16 * 1024
_CODE = re.compile("[A-Za-z0-9_-]{1,100}")
_STATUS = "/api/webhook/meta/data-deletion/"
_ERRORS = (400, 401, 404, 408, 413, 414, 422, 429, 431, 503)
_BODY = {
    "required": True,
    "content": {FORM: {"schema": {"type": "object", "properties": {"signed_request": {"type": "string"}}}}},
}
_posted: dict[str, Any] = {"response_model": None, "openapi_extra": PUBLIC | {"requestBody": _BODY}}
_removal: dict[str, Any] = _posted | {"responses": {200: {"description": "Taken."}} | errors_of(*_ERRORS)}
_deletion: dict[str, Any] = _posted | {"responses": answers(DeletionAsked, *_ERRORS)}


@router.post("/deauthorize", summary="Learn from Meta that somebody removed the app", **_removal)
async def receive_meta_removal(request: Request) -> Response:
    """Sources whose token was theirs are parked: their leads wait for a new one."""
    return await _removed(request, None)


@router.post("/deauthorize/{source}", summary="Learn that somebody removed the app of a source", **_removal)
async def receive_meta_removal_of_source(request: Request, source: str) -> Response:
    """As `receiveMetaRemoval`, for the sources of one account."""
    return await _removed(request, await open_source(state_of(request).pool, "meta", source))


@router.post("/data-deletion", summary="Be asked by Meta to delete what is known of somebody", **_deletion)
async def receive_meta_deletion(request: Request) -> Response:
    """Answers with the code of the request, and where its state is shown. The same again has the same code."""
    return await _asked(request, None)


@router.post("/data-deletion/{source}", summary="Be asked the same as the app of a source", **_deletion)
async def receive_meta_deletion_of_source(request: Request, source: str) -> Response:
    """As `receiveMetaDeletion`, for what one source has."""
    return await _asked(request, await open_source(state_of(request).pool, "meta", source))


@router.get(
    "/data-deletion/{code}",
    summary="See what became of a request to be deleted",
    response_model=None,
    responses=answers(DeletionState, 404, 503),
    openapi_extra=PUBLIC,
)
async def get_meta_deletion(request: Request, code: str) -> Response:
    """For whoever asked: Meta shows them the code and this address."""
    found = await stored.find(state_of(request).pool, code) if _CODE.fullmatch(code) else None
    if found is None:
        raise NotFoundError("deletion_not_found", "there is no request with this code")
    state = "requested" if found.done_at is None else "done"
    shown = {"confirmation_code": found.code, "state": state}
    return json_response(shown | {"requested_at": found.requested_at, "done_at": found.done_at})


async def _removed(request: Request, source: Source | None) -> Response:
    state = state_of(request)
    await meta_users.park_sources(state.pool, await _user(state, request, source), source)
    return json_response({"success": True})


async def _asked(request: Request, source: Source | None) -> Response:
    state = state_of(request)
    code = await meta_users.ask_deletion(state.pool, await _user(state, request, source), source)
    base = (await state.part(CurrentSettings).recent()).public_url or str(request.base_url)
    return json_response({"url": base.rstrip("/") + _STATUS + code, "confirmation_code": code})


async def _user(state: AppState, request: Request, source: Source | None) -> str:
    """Whom Meta means.

    Raises:
        ApiError: 401 Meta did not sign it, or long ago.
    """
    given = parse_posted(request, await read_public_post(request, _MOST_BYTES)).get("signed_request")
    if source is None:
        secret = state.settings.meta_app_secret.get_secret_value()
    else:
        secret = state.part(SourceChecks).credentials(source).get("app_secret", "")
    said = signed_request(given, secret) if secret and isinstance(given, str) else None
    user_id = None if said is None else meta_users.user_in(said, time.time())
    if user_id is None:
        if source is not None:
            state.part(SourceChecks).refused(source, "lead_unauthorized")
        raise unauthorized()
    return user_id
