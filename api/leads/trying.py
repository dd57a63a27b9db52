"""``/api/lead-sources/{source}/check`` and ``…/preview``: for whoever sets a source up."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from api.http.body import parse_body, read_body
from api.http.json_response import json_response
from api.http.state import state_of
from api.leads import models
from api.leads.access import Holder, Reader, Which
from api.leads.shown import shown
from api.reference.openapi import answers, documented_body
from services.leads import rules
from services.leads.providers import Providers
from services.leads.setting_up.checking import check
from services.leads.setting_up.previewing import preview

router = APIRouter(prefix="/api/lead-sources", tags=["leads"])


@router.post(
    "/{source}/check",
    summary="Check a source of leads",
    response_model=None,
    responses=answers(models.CheckAnswer, 404, 409),
    openapi_extra=documented_body(models.CheckSource, required=False),
)
async def check_lead_source(request: Request, source: Which, principal: Holder) -> Response:
    """Asks the provider until when its token works, which permissions are missing, whether it reports leads, and which
    forms with which questions there are."""
    raw, state = await read_body(request), state_of(request)
    body = parse_body(raw, models.CheckSource) if raw else models.CheckSource()
    found = await rules.find(state.pool, principal.account_id, source)
    checked = await check(state.pool, state.keyring, state.part(Providers), found, subscribe=body.subscribe)
    after = await rules.find(state.pool, principal.account_id, str(found.id))
    data = {
        "ok": all(point.ok is not False for point in checked.points),
        "points": [asdict(point) for point in checked.points],
        "forms": list(checked.forms),
        "source": await shown(request, state.pool, after),
    }
    return json_response({"success": True, "message": "checked", "data": data})


@router.post(
    "/{source}/preview",
    summary="What a mapping makes of leads",
    response_model=None,
    responses=answers(models.PreviewAnswer, 404),
    openapi_extra=documented_body(models.PreviewMapping, required=False),
)
async def preview_lead_source(request: Request, source: Which, principal: Reader) -> Response:
    """Of the last five, or of one that is given. Nothing is stored."""
    raw, state = await read_body(request), state_of(request)
    body = parse_body(raw, models.PreviewMapping) if raw else models.PreviewMapping()
    found = await rules.find(state.pool, principal.account_id, source)
    data = await preview(state.pool, state.keyring, found, body.mapping, body.body)
    return json_response({"success": True, "message": "nothing was stored", "data": data})
