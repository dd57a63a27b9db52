"""``/api/admin/v1/users``: users, their plans and their credits."""

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from api.admin.accounts import models
from api.admin.paths import UserId
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.query_text import Moment, QueryText
from api.http.state import state_of
from api.operations.models import OperationAnswer
from api.operations.shown import shown as shown_operation
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, below_id, listed
from api.resources.words import unless_word
from domain.access.actors import Actor
from services.accounts import subscriptions
from services.accounts import users as rules
from services.accounts.leaving import begin_export, begin_purge
from services.changes import Change
from store.accounts import account_lists, accounts, plans
from store.accounts.accounts import Account

_operation: dict[str, Any] = {"response_model": None, "responses": answers(OperationAnswer, 409)}
router = APIRouter(prefix="/api/admin/v1/users", tags=["admin: users"], route_class=unless_word("account", "bulk"))

State = Literal["active", "suspended", "deleted"]
_Reader = Annotated[Actor, Depends(Allows("users:read"))]
_Writer = Annotated[Actor, Depends(Allows("users:write"))]
_Exporter = Annotated[Actor, Depends(Allows("users:export"))]
_Deleter = Annotated[Actor, Depends(Allows("users:delete"))]
_one: dict[str, Any] = {"response_model": None, "responses": answers(models.UserAnswer, 409, 412)}


@router.post(
    "",
    summary="Create a user",
    openapi_extra=documented_body(models.NewUser, idempotent=True),
    **_one,
)
async def create_user(request: Request, actor: _Writer, dry_run: DryRun = False) -> Response:
    """With an empty wallet on each channel; a plan's credits are granted."""
    raw = await read_body(request)
    body = parse_body(raw, models.NewUser)

    async def work(made: Change, _: KeyClaim) -> Answer:
        return "created", shown(await rules.add_account(made, await _wanted(made, body.model_dump())))

    return await perform_once(request, actor, "user.created", raw, work, dry_run=dry_run)


@router.get("", summary="Users, newest first", response_model=None, responses=answers(models.UserPage))
async def list_users(
    request: Request,
    _: Annotated[Actor, Depends(Allows("users:read", may_repeat=("state",)))],
    q: Annotated[QueryText | None, Query(max_length=200, description="A part of address, name or id.")] = None,
    state: Annotated[list[State], Query(description="Left out: all but the deleted ones.")] = [],
    plan: Annotated[QueryText | None, Query(max_length=100)] = None,
    external_id: Annotated[QueryText | None, Query(max_length=200)] = None,
    email: Annotated[QueryText | None, Query(max_length=400)] = None,
    created_after: Moment | None = None,
    created_before: Moment | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Filters that are given all apply; a repeated `state` means any of them."""
    wanted = account_lists.Filter(
        state, text=q, plan=plan, external_id=external_id, email=email, after=created_after, before=created_before
    )
    pool = state_of(request).pool
    return await listed(request, limit, cursor, format, below_id(partial(account_lists.page, pool, wanted)), shown)


@router.get("/{account}", summary="Read a user", response_model=None, responses=answers(models.UserAnswer))
async def get_user(request: Request, account: UserId, _: _Reader) -> Response:
    """A deleted one, too."""
    return answer_one(shown(await accounts.get(state_of(request).pool, account)))


@router.patch("/{account}", summary="Change a user", openapi_extra=documented_body(models.PatchUser), **_one)
async def change_user(request: Request, account: UserId, actor: _Writer, dry_run: DryRun = False) -> Response:
    """As a JSON Merge Patch: fields left out stay, `null` clears. With `If-Match` only as it was read."""
    patch = _stored_names(parse_body(await read_body(request), models.PatchUser).model_dump(exclude_unset=True))

    async def work(made: Change) -> Answer:
        check_match(request, shown(await rules.find_account(made, account)))
        return "changed", shown(await rules.change_account(made, account, patch))

    return await perform(request, actor, "user.updated", work, dry_run=dry_run)


@router.put(
    "/by-external-id/{external_id}",
    summary="Create or change the user with this id in another system",
    openapi_extra=documented_body(models.PutUser),
    **_one,
)
async def put_user(request: Request, external_id: QueryText, actor: _Writer, dry_run: DryRun = False) -> Response:
    """Other systems need to keep no map of ids. A plan that it has already is left as it is."""
    body = parse_body(await read_body(request), models.PutUser)

    async def work(made: Change) -> Answer:
        stored, is_new = await rules.put_account(made, external_id, await _wanted(made, body.model_dump()))
        return "created" if is_new else "changed", shown(stored)

    return await perform(request, actor, "user.put", work, dry_run=dry_run)


@router.delete("/{account}", summary="Delete a user", **_one)
async def delete_user(request: Request, account: UserId, actor: _Deleter, dry_run: DryRun = False) -> Response:
    """Its keys are revoked, its callbacks disabled, waiting messages cancelled, its address is free. See `restore`."""

    async def work(made: Change) -> Answer:
        check_match(request, shown(await rules.find_account(made, account)))
        return "deleted", shown(await rules.delete_account(made, account))

    return await perform(request, actor, "user.deleted", work, dry_run=dry_run)


@router.post("/{account}/restore", summary="Restore a deleted user", **_one)
async def restore_user(request: Request, account: UserId, actor: _Deleter, dry_run: DryRun = False) -> Response:
    """Its keys stay revoked, and its callbacks disabled."""

    async def work(made: Change) -> Answer:
        return "restored", shown(await rules.restore_account(made, account))

    return await perform(request, actor, "user.restored", work, dry_run=dry_run)


@router.post("/{account}/export", summary="Export all data of a user", **_operation)
async def export_user(request: Request, account: UserId, actor: _Exporter, dry_run: DryRun = False) -> Response:
    """As files of lines of JSON, recipients as they are: it needs `messages:reveal`, too. Of a deleted one as well.

    The operation makes them; `GET /operations/{operation}/result` downloads them for 7 days.
    """

    async def work(made: Change) -> Answer:
        return "begun", shown_operation(await begin_export(made, account))

    return await perform(request, actor, "user.exported", work, dry_run=dry_run)


@router.post("/{account}/purge", summary="Remove the data of a deleted user", **_operation)
async def purge_user(request: Request, account: UserId, actor: _Deleter, dry_run: DryRun = False) -> Response:
    """For ever, before the 30 days are over after which it is done anyway. Counts, money and the audit log stay.

    The operation's result has how many rows of each table were removed.
    """

    async def work(made: Change) -> Answer:
        return "begun", shown_operation(await begin_purge(made, account))

    return await perform(request, actor, "user.purged", work, dry_run=dry_run)


@router.post(
    "/{account}/suspend",
    summary="Suspend a user",
    response_model=None,
    responses=answers(models.SuspendedUserAnswer, 409, 412),
    openapi_extra=documented_body(models.Suspension, required=False),
)
async def suspend_user(request: Request, account: UserId, actor: _Writer, dry_run: DryRun = False) -> Response:
    """Its requests are refused from now on. Its waiting messages are cancelled, by an operation, or wait."""
    raw = await read_body(request)
    body = parse_body(raw, models.Suspension) if raw else models.Suspension()

    async def work(made: Change) -> Answer:
        made.reason = body.reason
        changed, begun = await rules.suspend_account(made, account, cancel_waiting=body.waiting == "cancel")
        return "suspended", shown(changed) | {"operation": begun and begun.id}

    return await perform(request, actor, "user.suspended", work, dry_run=dry_run)


@router.post(
    "/{account}/resume",
    summary="Resume a suspended user",
    openapi_extra=documented_body(models.Resumption, required=False),
    **_one,
)
async def resume_user(request: Request, account: UserId, actor: _Writer, dry_run: DryRun = False) -> Response:
    """Its messages that wait continue; those that were cancelled stay so."""
    raw = await read_body(request)
    reason = parse_body(raw, models.Resumption).reason if raw else ""

    async def work(made: Change) -> Answer:
        made.reason = reason
        return "active", shown(await rules.resume_account(made, account))

    return await perform(request, actor, "user.resumed", work, dry_run=dry_run)


@router.put("/{account}/plan", summary="Give a user a plan", openapi_extra=documented_body(models.AssignPlan), **_one)
async def assign_plan(request: Request, account: UserId, actor: _Writer, dry_run: DryRun = False) -> Response:
    """From now, with the plan's credits; those left from before stay. One that it has already goes on unchanged.

    With `at` later, once: `GET …/subscription` shows it, and `DELETE …/subscription/change` cancels it.
    """
    body = parse_body(await read_body(request), models.AssignPlan)

    async def work(made: Change) -> Answer:
        name = await plans.name_of(made.store, body.plan)
        if body.at is not None:
            user = await subscriptions.schedule_plan(made, account, name, body.at, renews=body.renews)
            return "scheduled", shown(user)
        return "assigned", shown(await rules.assign_plan(made, account, name, renews=body.renews))

    action = "user.plan_assigned" if body.at is None else "user.plan_scheduled"
    return await perform(request, actor, action, work, dry_run=dry_run)


def shown(account: Account) -> dict[str, Any]:
    """A user, as it is answered."""
    return {
        "id": account.id,
        "email": account.email,
        "name": account.name,
        "state": account.status,
        "external_id": account.external_id,
        "time_zone": account.time_zone,
        "region": account.default_region,
        "plan": account.plan,
        "plan_expires_at": account.plan_expires_at,
        "plan_renews": account.plan_renews,
        "created_at": account.created_at,
        "deleted_at": account.deleted_at,
    }


async def _wanted(made: Change, body: dict[str, Any]) -> dict[str, Any]:
    """A body with our names, and its plan by name."""
    if body.get("plan") is not None:
        body["plan"] = await plans.name_of(made.store, body["plan"])
    return _stored_names(body)


def _stored_names(body: dict[str, Any]) -> dict[str, Any]:
    return {("default_region" if name == "region" else name): value for name, value in body.items()}
