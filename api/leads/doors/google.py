"""``/api/webhook/google-ads-lead``: leads that Google Ads posts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from api.http.bodies.posted_body import parse_object
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.leads.doors.checks import Refusal, SourceChecks, unauthorized
from api.leads.doors.documented import posted
from api.leads.doors.taking import take
from api.webhooks.memory import read_public_post
from domain.errors import NotFoundError
from gateways.webhooks.webhook import same
from services.leads.credentials import digest_of
from services.leads.doors import google
from services.leads.doors.finding import open_source, takes_leads
from services.leads.receiving import Arrived
from store.leads import sources
from store.leads.sources import Source

router = APIRouter(prefix="/api/webhook/google-ads-lead", tags=["lead webhooks"])

_MOST_BYTES = 64 * 1024
_documented = posted("A lead, with the `google_key` of its form.")


@router.post("", summary="Receive a lead of Google Ads", **_documented)
async def receive_google_lead(request: Request) -> Response:
    """For all sources: the `google_key` says which one. Answered once the lead is stored and its workflow has started.

    A lead that is known changes nothing. One of a form that does not count is answered alike, and counted."""
    state = state_of(request)
    body = parse_object(await read_public_post(request, _MOST_BYTES))
    key = google.key_in(body)
    name = digest_of(key)
    found = (await sources.named(state.pool, "google", [name])).get(name, []) if key else []
    return await _take(state, [source for source in found if takes_leads(source)], key, body)


@router.post("/{source}", summary="Receive a lead of Google Ads for one source", **_documented)
async def receive_google_lead_of_source(request: Request, source: str) -> Response:
    """As `receiveGoogleLead`, for one source."""
    state = state_of(request)
    body = parse_object(await read_public_post(request, _MOST_BYTES))
    try:
        found = [await open_source(state.pool, "google", source)]
    except NotFoundError:
        found = []
    return await _take(state, found, google.key_in(body), body)


async def _take(state: AppState, found: Sequence[Source], key: str, body: dict[str, Any]) -> Response:
    checks = state.part(SourceChecks)
    known = [source for source in found if _fits(key, checks.credentials(source).get("key"))]
    if not known:
        for source in found:
            checks.refused(source, "lead_unauthorized")
        raise unauthorized()
    await take(state, _arrived(checks, known, body))
    return json_response({})


def _fits(given: str, key: str | None) -> bool:
    return bool(given) and bool(key) and same(given, str(key))


def _arrived(checks: SourceChecks, known: Sequence[Source], body: dict[str, Any]) -> list[Arrived]:
    leads, now = [], datetime.now(UTC)
    for source in known:
        try:
            lead = google.arrived(source, body, now)
        except Refusal as error:
            checks.refused(source, error.code)
            raise
        if lead is None:
            checks.unknown(source)
        else:
            leads.append(lead)
    return leads
