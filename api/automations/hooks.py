"""``/api/hooks``, and ``/api/automation/webhook/{id}``, which other systems post to."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

import structlog
from fastapi import APIRouter, Request, Response
from temporalio.service import RPCError

from api.automations import models
from api.campaigns.routes import Holder
from api.http.body import parse_body, parse_small, read_body
from api.http.errors import ApiError
from api.http.idempotency import KeyClaim
from api.http.json_response import json_response
from api.http.state import state_of
from api.http.temporal_link import TemporalUnavailable
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, beyond_id, listed
from api.webhooks.memory import WebhookBusy, WebhookMemory, read_post
from domain.automations.mapping import unfold
from domain.errors import InvalidError, NotFoundError
from services.automations import hooks as rules
from services.automations.flows import Flows
from services.automations.starting import start
from services.changes import Change
from services.settings.current import CurrentSettings
from store.automations import hooks
from store.automations.hooks import Hook
from store.pool import InTransaction

log = structlog.get_logger()
router = APIRouter(tags=["automations"])

PATH = "/api/automation/webhook/"
MOST_BYTES = 64 * 1024
_MOST_VALUES = 5_000
_FORM = "application/x-www-form-urlencoded"


@router.get("/api/hooks", summary="Your hooks, newest first", response_model=None, responses=answers(models.HookPage))
async def list_hooks(
    request: Request,
    principal: Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,  # noqa: A002 - as the parameter is called
) -> Response:
    """Without their addresses: those are shown once."""
    pool = state_of(request).pool

    async def page(before: UUID | None, most: int) -> Sequence[Hook]:
        return await hooks.page(pool, principal.account_id, before, most)

    return await listed(request, limit, cursor, format, beyond_id(page), _shown)


@router.post(
    "/api/hooks",
    summary="Make a hook",
    response_model=None,
    responses=answers(models.NewHookAnswer, 409),
    openapi_extra=documented_body(models.HookBody, idempotent=True),
)
async def add_hook(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """An address for another system to post to. It is shown once: whoever knows it may post."""
    raw = await read_body(request)
    body, state = parse_body(raw, models.HookBody), state_of(request)
    base = (await state.part(CurrentSettings).recent()).public_url or str(request.base_url)

    async def work(made: Change, _: KeyClaim) -> Answer:
        hook, token = await rules.add(made, principal.account_id, body.name)
        return "made", _shown(hook) | {"id": token, "url": f"{base.rstrip('/')}{PATH}{token}"}

    actor = user_actor(request, principal)
    return await perform_once(request, actor, "hook.created", raw, work, dry_run=dry_run, is_secret=True)


@router.delete("/api/hooks/{hook}", summary="Delete a hook", response_model=None, responses=answers(models.HookGone))
async def remove_hook(request: Request, hook: str, principal: Holder, dry_run: DryRun = False) -> Response:
    """By its key. What is posted to it is refused from now on."""

    async def work(made: Change) -> Answer:
        await rules.remove(made, principal.account_id, hook)
        return "deleted", None

    return await perform(request, user_actor(request, principal), "hook.deleted", work, dry_run=dry_run)


@router.post(
    PATH + "{hook_id}",
    summary="Begin runs by a post",
    response_model=None,
    responses=answers(models.PostedAnswer, 400, 404, 408, 409, 413, 414, 422, 429, 431, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"type": "object"}, "example": {"email": "ada@example.com", "order_id": "A1023"}}
                for kind in ("application/json", _FORM)
            },
        },
        "security": [],
    },
)
async def post_to_hook(request: Request, hook_id: str) -> Response:
    """No key is needed: the id is the secret. JSON or a form, flat or nested; answered when all runs are stored."""
    state = state_of(request)
    hook = await hooks.by_digest(state.pool, rules.digest_of(hook_id)) if rules.TOKEN.fullmatch(hook_id) else None
    if hook is None:
        raise NotFoundError("hook_not_found", "there is no such hook: it was deleted, or the address is not complete")
    try:
        with state.part(WebhookMemory).post(request.client.host if request.client else "") as held:
            body = _read(request, await read_post(request, MOST_BYTES, held))
    except WebhookBusy:
        raise ApiError(429, "rate_limited", "too much is posted at once: try again", retry_after=5.0) from None
    async with state.pool.connection() as conn, conn.transaction():
        posted = await rules.take_post(InTransaction(conn), state.part(Flows), hook, str(uuid4()), body)
    for run_id in posted.begun:
        try:
            await start(state.temporal, run_id)
        except (RPCError, TemporalUnavailable):  # the workers start it
            log.warning("a run could not be started", run=str(run_id))
    return json_response(
        {
            "success": True,
            "message": "Webhook processed",
            "workflows_triggered": posted.triggered,
            "contacts_enrolled": posted.enrolled,
        }
    )


def _read(request: Request, raw: bytes) -> dict[str, Any]:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() == _FORM:
        try:
            return unfold(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=1_001))
        except (UnicodeDecodeError, ValueError):
            raise InvalidError("webhook_body", "this is no form in UTF-8, or it has too many fields") from None
    found = parse_small(raw, _MOST_VALUES)
    if not isinstance(found, dict):
        raise InvalidError("webhook_body", "send a JSON object, or a form")
    return found


def _shown(hook: Hook) -> dict[str, Any]:
    row = asdict(hook)
    del row["id"], row["account_id"]
    return row
