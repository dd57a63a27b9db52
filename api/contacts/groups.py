"""``/api/groups``: groups of contacts."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from api.contacts import list_models as models
from api.contacts.access import Holder
from api.http.body import parse_body, parse_small, read_body, validate
from api.http.idempotency import KeyClaim
from api.http.query_text import QueryText
from api.http.state import state_of
from api.operations.shown import shown as shown_operation
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, listed
from services.audience.contacts import grouping as rules
from services.changes import Change
from store.accounts.api_keys import Principal
from store.audience.contacts import groups
from store.audience.contacts.groups import Group

router = APIRouter(prefix="/api/groups", tags=["contacts"])

_Named = Annotated[QueryText, Path(max_length=50, description="The group's key, or its id.")]
_one: dict[str, Any] = {"response_model": None, "responses": answers(models.GroupAnswer, 409, 412)}
_members: dict[str, Any] = {
    "response_model": None,
    "responses": answers(models.MembersAnswer, 413),
    "openapi_extra": documented_body(models.Members),
}
_MOST_VALUES = rules.MOST_MEMBERS + 100
_Rule = Callable[[Change, int, Group, Sequence[UUID]], Awaitable[rules.Moved]]


@router.get("", summary="Your groups", response_model=None, responses=answers(models.GroupPage))
async def list_groups(
    request: Request,
    principal: Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """By their keys."""

    async def fetch(after: str | None, most: int) -> Sequence[Group]:
        return await groups.of_account(state_of(request).pool, principal.account_id, after or "", most)

    return await listed(request, limit, cursor, format, fetch, shown, lambda group: str(group.key))


@router.post("", summary="Make a group", openapi_extra=documented_body(models.NewGroup, idempotent=True), **_one)
async def add_group(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """Contacts name it by its key."""
    raw = await read_body(request)
    body = parse_body(raw, models.NewGroup)

    async def work(made: Change, _: KeyClaim) -> Answer:
        return "made", shown(await rules.add(made, principal.account_id, body.name, body.key))

    return await perform_once(request, user_actor(request, principal), "group.created", raw, work, dry_run=dry_run)


@router.get("/{group}", summary="Read a group", response_model=None, responses=answers(models.GroupAnswer))
async def get_group(request: Request, group: _Named, principal: Holder) -> Response:
    """`GET /api/contacts?group=` lists its members."""
    return answer_one(shown(await rules.find(state_of(request).pool, principal.account_id, group)))


@router.patch("/{group}", summary="Rename a group", openapi_extra=documented_body(models.ChangeGroup), **_one)
async def change_group(request: Request, group: _Named, principal: Holder, dry_run: DryRun = False) -> Response:
    """Its key stays."""
    body = parse_body(await read_body(request), models.ChangeGroup)

    async def work(made: Change) -> Answer:
        return "changed", shown(await rules.rename(made, await _locked(request, made, principal, group), body.name))

    return await perform(request, user_actor(request, principal), "group.changed", work, dry_run=dry_run)


@router.delete("/{group}", summary="Delete a group", response_model=None, responses=answers(models.RemovalAnswer, 412))
async def delete_group(request: Request, group: _Named, principal: Holder, dry_run: DryRun = False) -> Response:
    """Its members stay contacts. From those of a large group it is removed by an operation."""

    async def work(made: Change) -> Answer:
        locked = await _locked(request, made, principal, group)
        begun = await rules.remove(made, principal.account_id, locked)
        return "deleted", {"operation": None if begun is None else shown_operation(begun)}

    return await perform(request, user_actor(request, principal), "group.deleted", work, dry_run=dry_run)


@router.post("/{group}/add", summary="Put contacts into a group", **_members)
async def add_to_group(request: Request, group: _Named, principal: Holder, dry_run: DryRun = False) -> Response:
    """Up to 1,000, by their ids."""
    return await _move(request, group, principal, "group.members_added", rules.add_members, dry_run)


@router.post("/{group}/remove", summary="Take contacts out of a group", **_members)
async def remove_from_group(request: Request, group: _Named, principal: Holder, dry_run: DryRun = False) -> Response:
    """Up to 1,000, by their ids."""
    return await _move(request, group, principal, "group.members_removed", rules.drop_members, dry_run)


async def _move(
    request: Request, named: str, principal: Principal, action: str, rule: _Rule, dry_run: bool
) -> Response:
    body = validate(parse_small(await read_body(request), _MOST_VALUES), models.Members)

    async def work(made: Change) -> Answer:
        group = await rules.find(made.store, principal.account_id, named, lock=True)
        moved = await rule(made, principal.account_id, group, body.contacts)
        return "changed", {"changed": moved.changed, "unknown": moved.unknown, "full": moved.full}

    return await perform(request, user_actor(request, principal), action, work, dry_run=dry_run)


async def _locked(request: Request, made: Change, principal: Principal, named: str) -> Group:
    group = await rules.find(made.store, principal.account_id, named, lock=True)
    check_match(request, shown(group))
    return group


def shown(group: Group) -> dict[str, Any]:
    """A group, as it is answered."""
    return {"id": group.id, "key": group.key, "name": group.name, "created_at": group.created_at}
