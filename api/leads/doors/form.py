"""``/api/leads/{source}``: what forms of web sites post, from browsers or servers."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.http.bodies.multipart import boundary_of, fields_in
from api.http.bodies.posted_body import FORM, parse_posted
from api.http.error_handlers import as_api_error
from api.http.errors import ApiError, error_response
from api.http.idempotency import key_in
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.leads.doors.checks import Refusal, SourceChecks
from api.leads.doors.models import FormAnswer, FormToken
from api.leads.doors.taking import take
from api.limits.connections import network_of
from api.reference.openapi import IDEMPOTENCY_HEADER, PUBLIC, answers
from api.webhooks.memory import read_public_post
from domain.audience.contacts.contact import new_contact_id
from domain.automations.hooks.places import delivery_named, digest_of_key
from domain.automations.mapping import unfold
from domain.errors import NotFoundError, XsenderError
from domain.leads.source import SourceSettings
from domain.text.strict_json import StrictJsonError
from services.leads.doors import form
from services.leads.doors.finding import open_source
from store.accounts import request_rates
from store.leads.sources import Source

router = APIRouter(prefix="/api/leads", tags=["lead webhooks"])

MOST_BYTES = 64 * 1024
_MOST_FIELDS = 1_000
_MULTIPART = "multipart/form-data"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "content-type, idempotency-key, webhook-id",
    "Access-Control-Max-Age": "600",
}
_EXAMPLE = {"email": "ada@example.com", "phone": "+14155550123", "message": "Call me"}
_BODY = {
    "description": "The fields of the form, flat or nested; lists of `{key, value}` are read, too. `_token` and "
    "`_redirect` are for us. Files are refused.",
    "required": True,
    "content": {
        kind: {"schema": {"type": "object"}, "example": _EXAMPLE} for kind in ("application/json", FORM, _MULTIPART)
    },
}
_SENT_ON: dict[int | str, dict[str, Any]] = {
    303: {"description": "Taken. The browser is sent on to `_redirect`, which is of an allowed host."}
}


@router.options("/{id}", include_in_schema=False)
async def preflight_form(request: Request, id: str) -> Response:
    """What a browser asks before a script of an allowed web site posts."""
    return await _preflight(request, id)


@router.options("/{source}/token", include_in_schema=False)
async def preflight_form_token(request: Request, source: str) -> Response:
    """The same before it gets a token."""
    return await _preflight(request, source)


@router.get(
    "/{source}/token",
    summary="Begin a form",
    response_model=None,
    responses=answers(FormToken, 404, 409, 503),
    openapi_extra=PUBLIC,
)
async def get_form_token(request: Request, source: str) -> Response:
    """For forms that robots fill in: the page gets it when it is opened, and sends it back as `_token`."""
    state = state_of(request)
    found = await open_source(state.pool, "form", source)
    secret = state.part(SourceChecks).credentials(found).get("secret")

    async def answer() -> Response:
        token = form.token_for(found, secret, datetime.now(UTC).timestamp())
        return json_response({"token": token})

    response = await _shared(request, found, answer())
    response.headers["Cache-Control"] = "no-store"
    return response


@router.post(
    "/{id}",
    summary="Post a form",
    response_model=None,
    responses=answers(FormAnswer, 400, 403, 404, 408, 409, 413, 414, 422, 429, 431, 503) | _SENT_ON,
    openapi_extra=PUBLIC | {"parameters": [IDEMPOTENCY_HEADER], "requestBody": _BODY},
)
async def post_form(
    request: Request,
    id: str,
    test: Annotated[str | None, Query(description="`1`: record it as a test. Nobody gets a message.")] = None,
) -> Response:
    """To the `id` of a source: from a page of an allowed web site, or from a server. Answered once the lead is stored
    and its workflow has started. The same form with the same answers on the same day, or with the same
    `Idempotency-Key` or `webhook-id`, is one lead."""
    state = state_of(request)
    found = await open_source(state.pool, "form", id)
    return await _shared(request, found, _take(state, request, found, is_test=test == "1"))


async def _take(state: AppState, request: Request, source: Source, *, is_test: bool) -> Response:
    checks = state.part(SourceChecks)
    try:
        await _check_sender(state, request, source)
        body = await _read(request)
        settings = SourceSettings.of(source.settings)
        redirect = form.redirect_in(settings, body)
        if form.is_robot(settings, body):
            checks.refused(source, "honeypot")
            return _answer(str(new_contact_id()), redirect)  # a robot that notices is mended
        now = datetime.now(UTC)
        form.check_token(source, checks.credentials(source).get("secret"), body, now.timestamp())
        key = key_in(request)
        delivery = digest_of_key(key) if key is not None else delivery_named(request.headers)
        lead = form.arrived(source, body, delivery, now, is_test=is_test)
    except Refusal as error:
        checks.refused(source, error.code)
        raise
    (received,) = await take(state, [lead])
    return _answer(str(received.id), redirect)


async def _check_sender(state: AppState, request: Request, source: Source) -> None:
    """Refuse pages of other web sites, and addresses that post too much. Servers send no ``Origin``."""
    origin = request.headers.get("origin")
    if origin is not None and not form.allows_origin(SourceSettings.of(source.settings), origin):
        raise ApiError(403, "origin_not_allowed", "pages of this web site may not post to this form")
    address = network_of(request.client.host if request.client else "")
    wait = await request_rates.take(state.pool, f"form {source.id} {address}", form.RATE)
    if wait > 0:
        raise ApiError(429, "rate_limited", "too much is posted from your address: try again", retry_after=wait)


async def _read(request: Request) -> dict[str, Any]:
    raw = await read_public_post(request, MOST_BYTES)
    boundary = boundary_of(request.headers.get("content-type", ""))
    if boundary is None:
        return parse_posted(request, raw)
    return unfold(await fields_in(raw, boundary, _MOST_FIELDS))


def _answer(lead_id: str, redirect: str | None) -> Response:
    if redirect is not None:
        return Response(status_code=303, headers={"Location": redirect})
    return json_response({"success": True, "message": "Form received", "data": {"id": lead_id}})


async def _preflight(request: Request, named: str) -> Response:
    response = Response(status_code=204, headers={"Vary": "Origin"})
    try:
        source = await open_source(state_of(request).pool, "form", named)
    except NotFoundError:
        return response
    response.headers.update(_of_origin(request, source))
    if "Access-Control-Allow-Origin" in response.headers:
        response.headers.update(_PREFLIGHT)
    return response


async def _shared(request: Request, source: Source, work: Awaitable[Response]) -> Response:
    """An answer, or an error, that scripts of allowed web sites can read."""
    try:
        response = await work
    except (ApiError, StrictJsonError, XsenderError) as error:
        response = error_response(as_api_error(error))
    response.headers.update(_of_origin(request, source))
    return response


def _of_origin(request: Request, source: Source) -> dict[str, str]:
    origin = request.headers.get("origin")
    shared = {"Vary": "Origin"}
    if origin is not None and form.allows_origin(SourceSettings.of(source.settings), origin):
        shared["Access-Control-Allow-Origin"] = origin
    return shared
