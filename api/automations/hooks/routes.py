"""``/api/hooks``: addresses that other systems post to."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.automations.hooks import models
from api.automations.hooks.posting import PATH
from api.campaigns.routes import Holder
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, beyond_id, listed
from api.resources.words import unless_word
from services.automations.hooks import rules
from services.automations.hooks.rules import Made
from services.changes import Change
from services.settings.current import CurrentSettings
from store.automations.hooks import hooks
from store.automations.hooks.hooks import Hook

router = APIRouter(prefix="/api/hooks", tags=["automations"], route_class=unless_word("hook", "presets"))

_one: dict[str, Any] = {"response_model": None, "responses": answers(models.HookAnswer, 404, 409, 412)}
_made: dict[str, Any] = {"response_model": None, "responses": answers(models.NewHookAnswer, 404, 409)}


@router.get("", summary="Your hooks, newest first", response_model=None, responses=answers(models.HookPage))
async def list_hooks(
    request: Request,
    principal: Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Without their addresses: those are shown once."""
    pool = state_of(request).pool

    async def page(before: UUID | None, most: int) -> Sequence[Hook]:
        return await hooks.page(pool, principal.account_id, before, most)

    return await listed(request, limit, cursor, format, beyond_id(page), shown)


@router.post("", summary="Make a hook", openapi_extra=documented_body(models.HookBody, idempotent=True), **_made)
async def add_hook(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """An address for another system to post to. It is shown once: whoever knows it may post.

    `auth` adds a signature that posts must have. Its secret is shown once, too, if we chose it."""
    raw = await read_body(request)
    body, keyring = parse_body(raw, models.HookBody), state_of(request).keyring

    async def work(made: Change, _: KeyClaim) -> Answer:
        new = await rules.add(made, keyring, principal.account_id, body.name, body.preset, body.settings(), body.secret)
        return "made", await _shown_once(request, new)

    actor = user_actor(request, principal)
    return await perform_once(request, actor, "hook.created", raw, work, dry_run=dry_run, is_secret=True)


@router.get("/{hook}", summary="A hook", **_one)
async def get_hook(request: Request, hook: str, principal: Holder) -> Response:
    """By its key."""
    return answer_one(shown(await rules.find(state_of(request).pool, principal.account_id, hook)))


@router.patch("/{hook}", summary="Change a hook", openapi_extra=documented_body(models.ChangeHook), **_one)
async def change_hook(request: Request, hook: str, principal: Holder, dry_run: DryRun = False) -> Response:
    """From the next post on. Its key stays, whatever its name becomes."""
    body = parse_body(await read_body(request), models.ChangeHook)
    keyring = state_of(request).keyring

    async def work(made: Change) -> Answer:
        if "if-match" in request.headers:
            check_match(request, shown(await rules.find(made.store, principal.account_id, hook, lock=True)))
        after = await rules.alter(made, keyring, principal.account_id, hook, body.settings(), body.secret)
        return "changed", shown(after)

    return await perform(request, user_actor(request, principal), "hook.changed", work, dry_run=dry_run)


@router.delete("/{hook}", summary="Delete a hook", response_model=None, responses=answers(models.HookGone))
async def remove_hook(request: Request, hook: str, principal: Holder, dry_run: DryRun = False) -> Response:
    """By its key. What is posted to it is refused from now on."""

    async def work(made: Change) -> Answer:
        await rules.remove(made, principal.account_id, hook)
        return "deleted", None

    return await perform(request, user_actor(request, principal), "hook.deleted", work, dry_run=dry_run)


@router.post(
    "/{hook}/rotate",
    summary="Give a hook another address",
    openapi_extra=documented_body(models.RotateHook, idempotent=True, required=False),
    **_made,
)
async def rotate_hook(request: Request, hook: str, principal: Holder, dry_run: DryRun = False) -> Response:
    """It is shown once. The one before works until the overlap is over."""
    raw = await read_body(request)
    body = parse_body(raw, models.RotateHook) if raw else models.RotateHook()
    overlap = rules.read_overlap(body.overlap)

    async def work(made: Change, _: KeyClaim) -> Answer:
        return "rotated", await _shown_once(request, await rules.rotate_id(made, principal.account_id, hook, overlap))

    actor = user_actor(request, principal)
    return await perform_once(request, actor, "hook.rotated", raw, work, dry_run=dry_run, is_secret=True)


@router.post(
    "/{hook}/rotate-secret",
    summary="Have posts to a hook be signed with another secret",
    openapi_extra=documented_body(models.RotateHookSecret, idempotent=True, required=False),
    **_made,
)
async def rotate_hook_secret(request: Request, hook: str, principal: Holder, dry_run: DryRun = False) -> Response:
    """Either counts until the overlap is over. It is shown once, if we chose it."""
    raw = await read_body(request)
    body = parse_body(raw, models.RotateHookSecret) if raw else models.RotateHookSecret()
    overlap, keyring = rules.read_overlap(body.overlap), state_of(request).keyring

    async def work(made: Change, _: KeyClaim) -> Answer:
        new = await rules.rotate_secret(made, keyring, principal.account_id, hook, overlap, body.secret)
        return "rotated", await _shown_once(request, new)

    actor = user_actor(request, principal)
    return await perform_once(request, actor, "hook.secret_rotated", raw, work, dry_run=dry_run, is_secret=True)


async def _shown_once(request: Request, made: Made) -> dict[str, Any]:
    row = shown(made.hook)
    if made.token is not None:
        settings = await state_of(request).part(CurrentSettings).recent()
        base = settings.public_url or str(request.base_url)
        row |= {"id": made.token, "url": f"{base.rstrip('/')}{PATH}{made.token}"}
    return row if made.secret is None else row | {"secret": made.secret}


def shown(hook: Hook) -> dict[str, Any]:
    """A hook as it is answered."""
    row = asdict(hook)
    for name in ("id", "account_id", "allowed_ips", "last_failure_at"):
        del row[name]
    row["ips"] = None if hook.allowed_ips is None else [str(network) for network in hook.allowed_ips]
    failed = hook.last_failure_at
    row["last_failure"] = None if failed is None else {"at": failed, "why": hook.last_failure}
    return row
