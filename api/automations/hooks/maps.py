"""``/api/hooks/{hook}/samples``, ``/try``, ``/suggest``, and the presets: for whoever writes a map."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response

from api.automations.hooks import models
from api.campaigns.routes import Holder
from api.http.body import parse_body, read_body
from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.changing import answer_one
from domain.automations.hooks.prepared import presets
from domain.automations.hooks.suggesting import suggest
from services.automations.hooks import rules
from services.automations.hooks.posting import map_of
from services.automations.hooks.trying import sample_of, try_map
from store.automations.hooks import samples

router = APIRouter(prefix="/api/hooks", tags=["automations"])


@router.get("/presets", summary="Presets of hooks", response_model=None, responses=answers(models.PresetPage))
async def list_hook_presets(request: Request, principal: Holder) -> Response:
    """How the posts of known systems are signed and read."""
    rows: list[dict[str, Any]] = [asdict(preset) for preset in presets().values()]
    for row in rows:
        del row["ping"]
    return json_response({"data": rows, "next_cursor": None})


@router.get(
    "/{hook}/samples",
    summary="Samples of posts to a hook",
    response_model=None,
    responses=answers(models.SamplePage, 404),
)
async def list_hook_samples(request: Request, hook: str, principal: Holder) -> Response:
    """The last five that were posted with `?test=1`, or while the hook was `testing`. Kept for 30 days."""
    pool = state_of(request).pool
    found = await samples.latest(pool, (await rules.find(pool, principal.account_id, hook)).id)
    return json_response({"data": [asdict(sample) for sample in found], "next_cursor": None})


@router.post(
    "/{hook}/try",
    summary="What a map makes of a post",
    response_model=None,
    responses=answers(models.TryAnswer, 404),
    openapi_extra=documented_body(models.TryHook, required=False),
)
async def try_hook(request: Request, hook: str, principal: Holder) -> Response:
    """Nothing is stored, and nobody enters."""
    raw, pool = await read_body(request), state_of(request).pool
    body = parse_body(raw, models.TryHook) if raw else models.TryHook()
    of = await rules.find(pool, principal.account_id, hook)
    headers: dict[str, str] = {}
    posted = body.body
    if posted is None:
        sample = await sample_of(pool, of)
        headers, posted = sample.headers, sample.body
    chosen = None if body.map is None else map_of(body.map.model_dump(exclude_unset=True))
    return answer_one(asdict(await try_map(pool, of, headers, posted, chosen)))


@router.post(
    "/{hook}/suggest",
    summary="A map for posts like this one",
    response_model=None,
    responses=answers(models.MapAnswer, 404),
    openapi_extra=documented_body(models.SuggestMap, required=False),
)
async def suggest_hook_map(request: Request, hook: str, principal: Holder) -> Response:
    """Where the address, the number, the names and the ids seem to stand."""
    raw, pool = await read_body(request), state_of(request).pool
    body = parse_body(raw, models.SuggestMap) if raw else models.SuggestMap()
    of = await rules.find(pool, principal.account_id, hook)
    return answer_one(suggest((await sample_of(pool, of)).body if body.body is None else body.body))
