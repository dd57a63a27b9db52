"""``/api/admin/v1/staff``, ``/roles`` and ``/permissions``: who may administrate, and what."""

from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.admin.access import models
from api.admin.managed import managed_by
from api.admin.models import NothingAnswer
from api.admin.paths import MemberId
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.json_response import json_response
from api.http.query_text import QueryText
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import AccessTable, Allows
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, below_id, listed
from domain.access.actors import Actor
from domain.access.permissions import PERMISSIONS, PRESETS
from services.access import staff as rules
from services.changes import Change
from store.access import staff as members
from store.access.staff import Member
from store.pool import Connections
from store.settings.applied_objects import managed

router = APIRouter(prefix="/api/admin/v1", tags=["admin: staff"])

_StaffReader = Annotated[Actor, Depends(Allows("staff:read"))]
_StaffWriter = Annotated[Actor, Depends(Allows("staff:write"))]
_RoleReader = Annotated[Actor, Depends(Allows("roles:read"))]
_RoleWriter = Annotated[Actor, Depends(Allows("roles:write"))]
_member: dict[str, Any] = {"response_model": None, "responses": answers(models.StaffAnswer, 409, 412)}
_role: dict[str, Any] = {"response_model": None, "responses": answers(models.RoleAnswer, 409, 412)}


@router.post(
    "/staff",
    summary="Add a member of staff",
    openapi_extra=documented_body(models.NewStaff, idempotent=True),
    **_member,
)
async def add_staff(request: Request, actor: _StaffWriter, dry_run: DryRun = False) -> Response:
    """With a role that may do no more than you. Make a key for it, with which it calls the admin API."""
    raw = await read_body(request)
    body = parse_body(raw, models.NewStaff)

    async def work(made: Change, _: KeyClaim) -> Answer:
        return "added", shown(
            await rules.add_member(made, body.email, body.name, body.role, body.expires_at, body.totp_required)
        )

    return await perform_once(request, actor, "staff.added", raw, work, dry_run=dry_run)


@router.get("/staff", summary="Staff, newest first", response_model=None, responses=answers(models.StaffPage))
async def list_staff(
    request: Request,
    _: _StaffReader,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Without those that were removed."""
    fetch = below_id(partial(members.page, state_of(request).pool))
    return await listed(request, limit, cursor, format, fetch, shown)


@router.get(
    "/staff/{staff}", summary="Read a member of staff", response_model=None, responses=answers(models.StaffAnswer)
)
async def get_staff(request: Request, staff: MemberId, _: _StaffReader) -> Response:
    """Also one that was removed."""
    return answer_one(shown(await members.get(state_of(request).pool, staff)))


@router.patch(
    "/staff/{staff}", summary="Change a member of staff", openapi_extra=documented_body(models.PatchStaff), **_member
)
async def change_staff(request: Request, staff: MemberId, actor: _StaffWriter, dry_run: DryRun = False) -> Response:
    """As a JSON Merge Patch. Effective from the next request on. Nobody changes their own rights."""
    patch = parse_body(await read_body(request), models.PatchStaff).model_dump(exclude_unset=True)

    async def work(made: Change) -> Answer:
        check_match(request, shown(await rules.find_member(made, staff)))
        return "changed", shown(await rules.change_member(made, staff, patch))

    return await perform(request, actor, "staff.updated", work, dry_run=dry_run)


@router.delete("/staff/{staff}", summary="Remove a member of staff", **_member)
async def remove_staff(request: Request, staff: MemberId, actor: _StaffWriter, dry_run: DryRun = False) -> Response:
    """Its keys are revoked. The last owner cannot be removed."""

    async def work(made: Change) -> Answer:
        check_match(request, shown(await rules.find_member(made, staff)))
        await rules.remove_member(made, staff)
        return "removed", shown(await members.get(made.store, staff))

    return await perform(request, actor, "staff.removed", work, dry_run=dry_run)


@router.get("/roles", summary="Roles", response_model=None, responses=answers(models.RolePage))
async def list_roles(request: Request, _: _RoleReader) -> Response:
    """First those of every install, then those that were made here, by name."""
    pool = state_of(request).pool
    presets = [_shown_role(name, permissions) for name, permissions in PRESETS.items()]
    made = await members.roles(pool)
    kept = await managed(pool, "role", [role.name for role in made])
    own = [_shown_role(role.name, role.permissions, role.name in kept) for role in made]
    return json_response({"data": [*presets, *own], "next_cursor": None})


@router.get("/roles/{role}", summary="Read a role", response_model=None, responses=answers(models.RoleAnswer))
async def get_role(request: Request, role: QueryText, _: _RoleReader) -> Response:
    """What it may do."""
    return answer_one(await _found_role(state_of(request).pool, role))


@router.put("/roles/{role}", summary="Make or change a role", openapi_extra=documented_body(models.PutRole), **_role)
async def put_role(request: Request, role: QueryText, actor: _RoleWriter, dry_run: DryRun = False) -> Response:
    """Its permissions are replaced as a whole. Nobody grants what they lack."""
    body = parse_body(await read_body(request), models.PutRole)

    async def work(made: Change) -> Answer:
        if "if-match" in request.headers:
            check_match(request, await _found_role(made.store, role))
        await rules.put_role(made, role, body.permissions)
        return "stored", await _found_role(made.store, role)

    return await perform(request, actor, "role.put", work, dry_run=dry_run)


@router.delete(
    "/roles/{role}",
    summary="Delete a role",
    response_model=None,
    responses=answers(NothingAnswer, 409),
)
async def delete_role(request: Request, role: QueryText, actor: _RoleWriter, dry_run: DryRun = False) -> Response:
    """One that nobody has."""

    async def work(made: Change) -> Answer:
        await rules.delete_role(made, role)
        return "deleted", None

    return await perform(request, actor, "role.deleted", work, dry_run=dry_run)


@router.get(
    "/permissions", summary="What each route needs", response_model=None, responses=answers(models.PermissionPage)
)
async def list_permissions(request: Request, _: _RoleReader) -> Response:
    """Every route of the admin API, with the one permission that lets a key call it."""
    rows = state_of(request).part(AccessTable).rows
    table = [{**asdict(row), "description": PERMISSIONS[row.permission]} for row in rows]
    return json_response({"data": table, "next_cursor": None})


def shown(member: Member) -> dict[str, Any]:
    """A member of staff, as it is answered."""
    return {
        "id": member.id,
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "state": member.status,
        "expires_at": member.expires_at,
        "totp_required": member.totp_required,
        "created_at": member.created_at,
    }


async def _found_role(pool: Connections, name: str) -> dict[str, Any]:
    permissions = await rules.permissions_of(pool, name)
    return _shown_role(name, permissions, bool(await managed(pool, "role", [name])))


def _shown_role(name: str, permissions: frozenset[str] | list[str], is_in_file: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "permissions": sorted(permissions),
        "preset": name in PRESETS,
        "managed_by": managed_by(is_in_file),
    }
