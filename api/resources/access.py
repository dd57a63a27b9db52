"""Who may call the admin API: every route names one permission, which an admin key or a staff key must have."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.http.auth import accept_key, key_of, stored_key_of
from api.http.errors import ApiError
from api.http.query_text import check_query
from api.http.state import state_of
from api.resources.approving import approved_actor
from api.resources.context import request_context
from api.resources.network import check_admin_network
from domain.access.actors import Actor
from domain.access.api_keys import KeyKind
from domain.access.narrowing import allows, are_narrowed, kind_of, objects_of
from domain.access.people import Person, PersonKind
from domain.access.permissions import OWNER, PERMISSIONS, PRESETS, narrowed
from domain.errors import FieldError, NotFoundError, invalid, pointer
from services.access.staff import permissions_of
from services.changes import log_denied
from store.access import second_factors, staff
from store.accounts.api_keys import Principal, StoredKey
from store.messages import messages
from store.pool import Pool

ADMIN_SCOPE = "admin"
"""The scope of an admin key that lets it call the admin API."""

_MOST_TOLD = 5
"""Objects that a refusal names."""


class Allows:
    """A dependency that accepts requests of whoever has a permission.

    Raises:
        ApiError: 401 no, unknown, revoked or expired key; 403 it lacks the permission, which is logged if the request
            would change something; 422 a query parameter that the route does not know, or a repeated one.
    """

    def __init__(self, permission: str, *, may_repeat: Collection[str] = (), basic: bool = False) -> None:
        assert permission in PERMISSIONS
        self.permission = permission
        self._may_repeat = may_repeat
        self._basic = basic

    async def __call__(self, request: Request) -> Actor:
        await check_admin_network(request)
        actor = approved_actor(request) or await actor_of(request, basic=self._basic)
        if are_narrowed(actor.permissions):
            actor = replace(actor, objects=await _named(request))
        if not allows(actor.permissions, self.permission, actor.objects):
            if request.method not in ("GET", "HEAD"):
                await log_denied(state_of(request).pool, actor, self.permission)
            raise ApiError(403, "permission_missing", _lacks(actor, self.permission))
        check_query(request.scope["query_string"], self._may_repeat)
        check_known(request)
        return actor


async def actor_of(request: Request, *, basic: bool = False) -> Actor:
    """Who sends a request to the admin API, with all that it may do at this moment.

    Raises:
        ApiError: as in ``Allows``.
    """
    key = key_of(request, basic=basic)
    stored = await stored_key_of(request, key)
    principal = await accept_key(request, key, stored)
    assert stored is not None
    return await _ACTORS[KeyKind(principal.kind)](request, principal, stored)


async def _no_actor(request: Request, principal: Principal, stored: StoredKey) -> Actor:
    raise ApiError(403, "scope_missing", "this is the key of a user: the admin API needs one of staff or of the admin")


async def _admin(request: Request, principal: Principal, stored: StoredKey) -> Actor:
    if ADMIN_SCOPE not in principal.scopes:
        raise ApiError(403, "scope_missing", f"this key lacks the scope {ADMIN_SCOPE!r}")
    return Actor("key", principal.key_id, "", OWNER, PRESETS[OWNER], _context(request, principal))


async def _staff(request: Request, principal: Principal, stored: StoredKey) -> Actor:
    pool = state_of(request).pool
    assert stored.staff_id is not None
    member = await staff.get(pool, stored.staff_id)
    if member.status != "active" or (member.expires_at is not None and member.expires_at <= datetime.now(UTC)):
        raise ApiError(401, "unauthorized", "the rights of this member of staff have ended")
    if member.totp_required and principal.is_session:
        await _check_second_factor(pool, member.id, principal.key_id)
    try:
        permissions = narrowed(await permissions_of(pool, member.role), principal.scopes)
    except NotFoundError as error:
        raise ApiError(403, error.code, error.message) from None
    context = _context(request, principal)
    named = (str(member.id), member.email, member.role)
    return Actor("staff", *named, permissions, context, is_confirmed=principal.is_confirmed)


async def _check_second_factor(pool: Pool, member_id: int, session_id: str) -> None:
    if not await second_factors.is_satisfied(pool, Person(PersonKind.STAFF, member_id), session_id):
        raise ApiError(403, "totp_required", "first set up a second factor: POST /api/auth/totp")


_ACTORS: dict[KeyKind, Callable[[Request, Principal, StoredKey], Awaitable[Actor]]] = {
    KeyKind.USER: _no_actor,
    KeyKind.TEST: _no_actor,
    KeyKind.ADMIN: _admin,
    KeyKind.STAFF: _staff,
}


async def _named(request: Request) -> dict[str, str]:
    """The objects that a request names: in its path, or as the filter of a list. Of a message it is its channel."""
    named = {name: value for name, value in request.path_params.items() if name in ("account", "gateway")}
    channels = request.query_params.getlist("channel")
    if "uid" in request.path_params:
        channels = await _channels_of(request, request.path_params["uid"])
    return named | ({"channel": f"channel:{channels[0]}"} if len(channels) == 1 else {})


async def _channels_of(request: Request, uid: str) -> list[str]:
    try:
        message = await messages.find_any(state_of(request).pool, UUID(uid))
    except ValueError:  # the route refuses it
        return []
    return [message.channel] if message else []


def _lacks(actor: Actor, permission: str) -> str:
    where = f" for {', '.join(actor.objects.values())}" if actor.objects else ""
    message = f"this needs the permission {permission}{where}"
    objects = objects_of(actor.permissions, permission)
    if not objects:
        return message
    told = ", ".join(objects[:_MOST_TOLD]) + (", …" if len(objects) > _MOST_TOLD else "")
    how = "filter by one channel" if kind_of(permission) == "channel" else "lists are of all, so read it by its id"
    return f"{message}: yours is only for {told}; {how}"


def _context(request: Request, principal: Principal) -> dict[str, str]:
    named = "session_id" if principal.is_session else "key"
    return {**request_context(request), named: principal.key_id}


def user_actor(request: Request, principal: Principal) -> Actor:
    """Who changes something of an account's own, by its key."""
    if principal.kind == KeyKind.ADMIN:
        return Actor("key", principal.key_id, context=_context(request, principal))
    context = _context(request, principal)
    if (acting := principal.acting) is not None:
        named = {**context, "account": str(principal.account_id)}
        who = (str(acting.id), acting.email, acting.role)
        return Actor("staff", *who, frozenset(), named, is_confirmed=principal.is_confirmed)
    account = str(principal.account_id)
    return Actor("user", account, permissions=frozenset(), context=context, is_confirmed=principal.is_confirmed)


def check_known(request: Request) -> None:
    """Refuse query parameters that the route does not know: a mistyped filter must not list everything.

    Raises:
        InvalidError: it has one.
    """
    known = set(_aliases(request.scope["route"].dependant))
    if unknown := sorted(set(request.query_params) - known):
        words = f"this route knows {', '.join(sorted(known))}" if known else "this route knows none"
        raise invalid(
            [FieldError(pointer(name), "query_unknown", f"no parameter {name!r}: {words}") for name in unknown]
        )


def _aliases(dependant: Dependant) -> Iterator[str]:
    yield from (parameter.alias for parameter in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _aliases(inner)


@dataclass(frozen=True, slots=True)
class Access:
    """What a route needs."""

    method: str
    path: str
    permission: str


class AccessTable:
    """All routes that name a permission."""

    def __init__(self, routers: Iterable[APIRouter]) -> None:
        routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
        self.rows = [
            Access(method, route.path, permission)
            for route in routes
            if (permission := _permission_of(route)) is not None
            for method in sorted(route.methods or ())
        ]


def _permission_of(route: APIRoute) -> str | None:
    calls = (dependant.call for dependant in route.dependant.dependencies)
    return next((call.permission for call in calls if isinstance(call, Allows)), None)
