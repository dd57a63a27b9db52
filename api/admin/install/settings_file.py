"""``/api/admin/v1/settings/export``, ``/diff``, ``/apply`` and ``/schema``: settings as code."""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from api.admin.install import settings_file_models as models
from api.http.body import read_body
from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import answers, errors_of
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, perform
from domain.access.actors import Actor
from services.changes import Change
from services.settings_file.applying import Options, apply, compare, export, readable
from services.settings_file.comparing import Comparison, Difference
from services.settings_file.document import Document, parse
from services.settings_file.schema import file_schema
from services.settings_file.secrets import refuse_references
from services.settings_file.yaml_text import MAX_BYTES

router = APIRouter(prefix="/api/admin/v1/settings", tags=["admin: settings"])

Section = Literal["settings", "roles", "oidc", "gateways", "plans", "callbacks", "keywords"]
_Reader = Annotated[Actor, Depends(Allows("settings:read"))]
_Writer = Annotated[Actor, Depends(Allows("settings:write"))]
_Prune = Annotated[
    bool, Query(description="Delete what was applied before and is not in the file, of the kinds that it has.")
]
_YAML = "application/yaml"
_FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {_YAML: {"schema": {"type": "object", "required": ["apiVersion"]}}},
    }
}
_FILE: dict[str, Any] = {"description": "A settings file.", "content": {_YAML: {"schema": {}}}}


@router.get("/export", summary="Settings as a file", response_class=Response, responses={200: _FILE, **errors_of(409)})
async def export_settings(
    request: Request,
    actor: Annotated[Actor, Depends(Allows("settings:read", may_repeat=("kind",)))],
    kind: Annotated[list[Section], Query(description="Left out: all that you may see.")] = [],
) -> Response:
    """As canonical YAML: applying it changes nothing. Secrets are references to what is stored. An object with a secret
    that does not open with the keys of the install is left out, and named in a comment.

    Gateways, callbacks and keywords of users are in it if they were applied by a file before.
    """
    state = state_of(request)
    text = await export(state.pool, state.keyring, actor, kind or readable(actor))
    return Response(text, media_type=_YAML)


@router.get("/schema", summary="The JSON schema of a settings file", response_model=None)
async def get_settings_schema(_: _Reader) -> Response:
    """For editors, and checks before a file is applied."""
    return json_response(await asyncio.to_thread(_schema))


@router.post(
    "/diff",
    summary="What a settings file would change",
    response_model=None,
    responses=answers(models.DiffAnswer, 409, 413),
    openapi_extra=_FILE_BODY,
)
async def diff_settings(request: Request, actor: _Reader, prune: _Prune = False) -> Response:
    """Nothing is written. `drift` is what somebody else has changed since the file was last applied, and would be lost.

    The body is YAML or JSON.
    """
    state = state_of(request)
    document = await _document(request)
    found = await compare(state.pool, state.keyring, actor, document, prune=prune)
    return json_response({"success": True, "message": told(found), "data": shown(found)})


@router.post(
    "/apply",
    summary="Apply a settings file",
    response_model=None,
    responses=answers(models.DiffAnswer, 409, 413),
    openapi_extra=_FILE_BODY,
)
async def apply_settings(
    request: Request,
    actor: _Writer,
    prune: _Prune = False,
    overwrite_drift: Annotated[bool, Query(description="Undo what somebody else has changed since.")] = False,
    dry_run: DryRun = False,
) -> Response:
    """All of it or nothing. You need the permissions of each kind that changes; each object has an event in the log.

    A repeat changes nothing. The body is YAML or JSON.
    """
    keyring, options = state_of(request).keyring, Options(prune, overwrite_drift)
    document = await _document(request)

    async def work(made: Change) -> Answer:
        found = await apply(made, keyring, document, options)
        return told(found), shown(found)

    return await perform(request, actor, "settings.applied", work, dry_run=dry_run)


def shown(found: list[Comparison]) -> dict[str, Any]:
    """A comparison, as it is answered: objects without a difference are left out."""
    return {
        "objects": [
            {
                "kind": one.kind.section,
                "key": one.key,
                "action": one.action,
                "changes": [_shown(each, "before", "after") for each in one.changes],
                "drift": [_shown(each, "applied", "now") for each in one.drift],
            }
            for one in found
            if one.action != "none"
        ],
        "changes": sum(one.is_a_change for one in found),
        "drift": sum(bool(one.drift) for one in found),
    }


def told(found: list[Comparison]) -> str:
    """A comparison in a few words."""
    actions = ("create", "update", "delete", "skip")
    counts = [(action, sum(one.action == action for one in found)) for action in actions]
    return ", ".join(f"{count} to {action}" for action, count in counts if count) or "nothing to change"


def _shown(one: Difference, before: str, after: str) -> dict[str, Any]:
    return {"field": one.field, before: one.before, after: one.after, "secret": one.is_secret}


async def _document(request: Request) -> Document:
    raw = await read_body(request, MAX_BYTES)
    return await asyncio.to_thread(parse, raw, refuse_references)  # half a second for the longest


_schema: Callable[[], dict[str, Any]] = cache(file_schema)
