"""What each permission opens, alone or narrowed to an object: all pairs with routes are decided in this process, and
some are asked over HTTP, too.
"""

from types import SimpleNamespace
from uuid import uuid4

import pytest
from fastapi import Request
from starlette.routing import compile_path

from api.http.errors import ApiError
from api.resources.approving import _SCOPE
from domain.access.actors import Actor
from domain.access.narrowing import NARROWED_BY
from domain.access.permissions import PERMISSIONS
from services.settings.models import InstallSettings
from tests.api.access.routes import OF_STAFF, Route
from tests.api.access.test_walk import UNKNOWN
from tests.api.admin import Staff, admin
from tests.stack import Stack

GATEWAY = "0b9d7c52-3c1a-4b7e-9a44-6f2d1c8e5a10"
OBJECTS = {
    "account": ("9000000000", "9000000001"),
    "gateway": (GATEWAY, str(uuid4())),
    "channel": ("channel:sms", "channel:email"),
}
"""By what permissions are narrowed to, one object, and another one."""
ALSO = {"users:export": ["messages:reveal"]}
"""What routes of a permission need as well: exports have recipients as they are."""
NARROWABLE = sorted(name for name in PERMISSIONS if name.partition(":")[0] in NARROWED_BY)


def kind_of(permission: str) -> str:
    return NARROWED_BY[permission.partition(":")[0]]


def filled(route: Route, objects: dict[str, str]) -> str:
    """The path, with what stands for these kinds of objects."""
    path = route.path
    for name, value in (UNKNOWN | {"{" + kind + "}": value for kind, value in objects.items()}).items():
        path = path.replace(name, value)
    return path


async def decides(stack: Stack, route: Route, path: str, permissions: frozenset[str]) -> bool:
    """Whether a route accepts a request of somebody with these permissions."""
    match = compile_path(route.path)[0].match(path)
    assert match is not None
    assert route.allows is not None
    anywhere = SimpleNamespace(recent=_anywhere)
    state = SimpleNamespace(pool=stack.pool, part=lambda _: anywhere)
    nobody = SimpleNamespace(query_params=[], dependencies=[])
    scope = {
        **{"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""},
        **{"path_params": match.groupdict(), "route": SimpleNamespace(dependant=nobody)},
        "app": SimpleNamespace(state=SimpleNamespace(xsender=state)),
        _SCOPE: Actor("staff", "1", permissions=permissions),
    }
    try:
        await route.allows(Request(scope))
    except ApiError as error:
        if error.code == "permission_missing":
            return False
        raise
    return True


async def _anywhere() -> InstallSettings:
    return InstallSettings()


async def is_let_in(staff: Staff, route: Route, path: str) -> bool:
    """The same, asked over HTTP. A list is no body of any route, so those with a body change nothing."""
    answer = await staff.stack.http.request(
        route.method, path, headers={"Api-key": staff.key}, json=None if route.method == "GET" else []
    )
    assert answer.status_code not in (401, 500), answer.text
    return answer.status_code != 403 or answer.json()["errors"][0]["code"] != "permission_missing"


@pytest.mark.parametrize("permission", sorted(PERMISSIONS))
async def test_a_permission_opens_its_routes_and_no_others(stack: Stack, permission: str):
    held = frozenset({permission})
    for route in OF_STAFF:
        assert await decides(stack, route, filled(route, {}), held) == (route.permission == permission), route


@pytest.mark.parametrize("permission", NARROWABLE)
async def test_a_narrowed_permission_opens_its_routes_of_that_object_and_no_others(stack: Stack, permission: str):
    kind = kind_of(permission)
    mine, others = OBJECTS[kind]
    held = frozenset({f"{permission}@{mine}"})
    for route in OF_STAFF:
        has_place = "{" + kind + "}" in route.path
        opens = has_place and route.permission == permission
        assert await decides(stack, route, filled(route, {kind: mine}), held) == opens, route
        if has_place:
            assert not await decides(stack, route, filled(route, {kind: others}), held), route


async def test_over_http_a_key_with_one_scope_opens_its_routes(stack: Stack):
    owner = await admin(stack)
    names = sorted(PERMISSIONS)
    for place, permission in enumerate(names):
        member = await owner.colleague("owner", [permission, *ALSO.get(permission, ())])
        shut = names[place - 1]
        for route in OF_STAFF:
            if route.permission in (permission, shut):
                assert await is_let_in(member, route, filled(route, {})) == (route.permission == permission), route


@pytest.mark.parametrize("by", ["key", "role"])
async def test_over_http_a_narrowed_permission_opens_its_routes_of_that_object(stack: Stack, by: str):
    owner = await admin(stack)
    for permission in NARROWABLE:
        kind = kind_of(permission)
        mine, others = OBJECTS[kind]
        member = await with_permissions(owner, [f"{permission}@{mine}", *ALSO.get(permission, ())], by)
        for route in OF_STAFF:
            if route.permission == permission:
                has_place = "{" + kind + "}" in route.path
                assert await is_let_in(member, route, filled(route, {kind: mine})) == has_place, route
                assert not await is_let_in(member, route, filled(route, {kind: others})), route


async def with_permissions(owner: Staff, permissions: list[str], by: str) -> Staff:
    """Somebody who has them by the scopes of a key, or by a role."""
    if by == "key":
        return await owner.colleague("owner", permissions)
    role = f"narrow-{uuid4().hex[:8]}"
    await owner.data("PUT", f"/roles/{role}", {"permissions": permissions})
    return await owner.colleague(role)


def test_every_kind_of_object_is_decided_here():
    assert set(OBJECTS) == set(NARROWED_BY.values())
    assert {kind for kind in OBJECTS for route in OF_STAFF if "{" + kind + "}" in route.path} == {"account", "gateway"}
