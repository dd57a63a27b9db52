"""``POST /api/automation/webhook/{id}``: what other systems post."""

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response

from api.automations.hooks.checks import HookChecks
from api.automations.hooks.models import PostedAnswer
from api.automations.starting import start
from api.http.bodies.posted_body import FORM, is_form, parse_posted
from api.http.errors import ApiError
from api.http.idempotency import key_in
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.reference.openapi import IDEMPOTENCY_HEADER, answers
from api.webhooks.memory import read_public_post
from domain.audience.contacts.contact import new_contact_id
from domain.automations.hooks.places import delivery_at, delivery_named, digest_of_key, topic_of
from domain.automations.hooks.prepared import is_ping
from domain.errors import InvalidError, NotFoundError, XsenderError
from domain.text.strict_json import StrictJsonError
from services.automations.flows import Flows
from services.automations.hooks import rules
from services.automations.hooks.posting import Post, Posted, take_post
from store.automations.hooks import hooks, samples
from store.automations.hooks.hooks import Door
from store.pool import InTransaction

router = APIRouter(tags=["automations"])

PATH = "/api/automation/webhook/"
MOST_BYTES = 64 * 1024
_MOST_HEADERS = 50
_MOST_HEADER = 500
_NOT_KEPT = re.compile(
    "auth|cookie|token|secret|signature|hmac|api-?key|password|credential|forwarded|real-ip|connecting-ip|client-ip|referer"
)
"""Headers that may hold a secret, or say whose machine it was."""


@router.post(
    PATH + "{hook_id}",
    summary="Begin runs by a post",
    response_model=None,
    responses=answers(PostedAnswer, 400, 401, 403, 404, 408, 409, 413, 414, 422, 429, 431, 503),
    openapi_extra={
        "parameters": [IDEMPOTENCY_HEADER],
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"type": "object"}, "example": {"email": "ada@example.com", "order_id": "A1023"}}
                for kind in ("application/json", FORM)
            },
        },
        "security": [],
    },
)
async def post_to_hook(
    request: Request,
    hook_id: str,
    test: Annotated[str | None, Query(description="`1`: keep the post as a sample. Nobody enters.")] = None,
) -> Response:
    """No key is needed: the id is the secret. JSON or a form, flat or nested; answered when all runs are stored.

    The hook may demand that posts are signed, and where they come from. The same delivery again is answered alike and
    does nothing, for 72 hours at least: by an `Idempotency-Key`, a `webhook-id`, or what the hook says."""
    state = state_of(request)
    door = await hooks.by_digest(state.pool, rules.digest_of(hook_id)) if rules.TOKEN.fullmatch(hook_id) else None
    if door is None:
        raise NotFoundError("hook_not_found", "there is no such hook: it was deleted, or the address is not complete")
    checks = state.part(HookChecks)
    checks.check_address(door, request)
    raw = await read_public_post(request, MOST_BYTES)
    try:
        return json_response(await _answer(state, request, door, raw, is_test=test == "1"))
    except (InvalidError, StrictJsonError, ApiError) as error:
        if error.code != "hook_unauthorized":  # noted with more than this
            checks.note(door, error.code)
        raise


async def _answer(state: AppState, request: Request, door: Door, raw: bytes, *, is_test: bool) -> dict[str, Any]:
    checks = state.part(HookChecks)
    if door.preset is not None and is_form(request) and is_ping(door.preset, parse_posted(request, raw)):
        return _shown("ping", Posted())  # unsigned: it does nothing
    checks.check_signature(door, request.headers, raw)
    body = parse_posted(request, raw)
    if is_test or door.testing:
        await _keep(state, door, request.headers, body)
        return _shown("Sample recorded", Posted())
    try:
        async with state.pool.connection() as conn, conn.transaction():
            post = _post(request, door, raw, body)
            posted = await take_post(InTransaction(conn), state.part(Flows), door, post)
    except XsenderError as error:
        if door.unusable == "refuse" or error.code == "idempotency_mismatch":
            raise
        checks.note(door, error.code)
        return _shown("Webhook ignored", Posted())
    await start(state, posted.begun)
    return _shown("Webhook processed", posted)


def _post(request: Request, door: Door, raw: bytes, body: Mapping[str, Any]) -> Post:
    topic = topic_of(door.topic, request.headers, body)
    key, digest = key_in(request), None
    delivery = delivery_at(door.delivery, request.headers, body)
    if delivery is None and key is not None:
        delivery, digest = digest_of_key(key), hashlib.sha256(raw).digest()
    return Post(str(uuid4()), body, topic, delivery or delivery_named(request.headers), digest)


async def _keep(state: AppState, door: Door, headers: Mapping[str, str], body: Mapping[str, Any]) -> None:
    signed = {(door.auth or {}).get("header"), (door.auth or {}).get("timestamp_header")}
    kept = {
        name: value[:_MOST_HEADER]
        for name, value in list(headers.items())[:_MOST_HEADERS]
        if name not in signed and not _NOT_KEPT.search(name)
    }
    async with state.pool.connection() as conn, conn.transaction():
        await samples.add(InTransaction(conn), new_contact_id(), door.id, door.account_id, kept, body)


def _shown(message: str, posted: Posted) -> dict[str, Any]:
    return {
        "success": True,
        "message": message,
        "workflows_triggered": posted.triggered,
        "contacts_enrolled": posted.enrolled,
    }
