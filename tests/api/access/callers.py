"""Every kind of caller: how it is made, and what it should be able to do."""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from domain.access.api_keys import KeyKind
from domain.access.permissions import PERMISSIONS, PRESETS
from domain.access.user_scopes import SCOPES
from store.accounts import api_keys
from store.gateways import gateways
from tests.api import log_in
from tests.api.access.routes import Route
from tests.api.admin import Staff
from tests.api.log_in import Session
from tests.api.nginx import certificate
from tests.stack import Stack

NOBODY = "9000000000"
"""The user in the paths of the walk, who is not there."""
WALLETS = "/api/credits"
JOURNAL = "/api/journal"
SENDER = frozenset({"send", "read"})
OWN_ROLE = frozenset({"users:read", "credits:write", "gateways:pause", "audit:read", "settings:write"})


@dataclass(frozen=True)
class Caller:
    """Somebody who sends requests, and what is to be answered."""

    headers: dict[str, str]
    refused: int | None = None
    """The status of every answer."""
    ended: bool = False
    """Somebody of staff who has no rights any more."""
    scopes: frozenset[str] = frozenset()
    """Of a user's key."""
    narrowed: bool = False
    """To channels or gateways, or to tests."""
    channels: frozenset[str] = frozenset()
    """Those it is narrowed to; empty: all."""
    is_admin: bool = False
    permissions: frozenset[str] = frozenset()
    """Of staff."""
    session: bool = False
    lacks_factor: bool = False
    """It has no second factor, and the install requires one."""
    install: Mapping[str, Any] = field(default_factory=dict)
    """Settings that hold while it sends requests."""

    def refusal(self, route: Route) -> int | None:
        """The status with which a route should refuse it; ``None``: it is let in."""
        if not route.is_guarded or self.refused is not None:
            return self.refused if route.is_guarded else None
        if self.lacks_factor:
            return None if route.enrols else 403
        if self.ended:
            return 403 if route.scopes or (route.session and not self.session) else 401
        if route.session:
            return None if self.session else 403
        if route.permission is not None:
            return None if self._is_allowed(route) else 403
        return None if self._is_let_in(route) else 403

    def finds_anothers(self, route: Route) -> bool:
        """Whether a route of users shows it what is another account's: an admin key steers all gateways."""
        return self.is_admin and bool(self.permissions) and route.path.startswith("/api/gateways/")

    def _is_allowed(self, route: Route) -> bool:
        """Permissions for one user open what names it in the path."""
        of_nobody = f"{route.permission}@{NOBODY}"
        return route.permission in self.permissions or (of_nobody in self.permissions and "{account}" in route.path)

    def _is_let_in(self, route: Route) -> bool:
        assert route.scopes is not None
        if self.is_admin and route.path.startswith((WALLETS, JOURNAL)):
            return False  # the admin has no credits
        if not set(route.scopes.scopes) <= self.scopes:
            return False
        if self.narrowed and not route.scopes.minds_narrowing:
            return False
        return not self.channels or route.channel in (None, *self.channels)


def needs(route: Route) -> Hashable:
    """All of a route that ``Caller.refusal`` looks at: routes that need the same refuse the same callers."""
    of_credits = route.path.startswith((WALLETS, JOURNAL))
    scopes = route.scopes and (route.scopes.scopes, route.scopes.minds_narrowing)
    return scopes, route.permission, route.session, route.enrols, route.channel, "{account}" in route.path, of_credits


Maker = Callable[[Stack, Staff], Awaitable[Caller]]
CALLERS: dict[str, Maker] = {}


def _caller(maker: Maker) -> Maker:
    CALLERS[maker.__name__.replace("_", " ")] = maker
    return maker


def _of(key: str, **more: Any) -> Caller:
    return Caller({"Api-key": key}, **more)


async def _users_key(stack: Stack, owner: Staff, **body: Any) -> dict[str, Any]:
    return await owner.data("POST", "/keys", {"user": (await stack.user()).id, "scopes": list(SCOPES)} | body)


async def _staff_key(owner: Staff, **body: Any) -> str:
    return (await owner.data("POST", "/keys", {"staff": (await owner.colleague("owner")).id} | body))["key"]


def _session(session: Session, **more: Any) -> Caller:
    return Caller(session.headers, session=True, **more)


@_caller
async def without_a_key(stack: Stack, owner: Staff) -> Caller:
    return Caller({}, refused=401)


@_caller
async def mistyped_key(stack: Stack, owner: Staff) -> Caller:
    return _of(owner.key[:-1] + ("0" if owner.key[-1] != "0" else "1"), refused=401)


@_caller
async def key_of_another_install(stack: Stack, owner: Staff) -> Caller:
    unknown = await api_keys.create(stack.pool, KeyKind.ADMIN, 0)
    async with stack.pool.connection() as conn:
        await conn.execute("delete from api_keys where id = %s", (unknown.id,))
    return _of(unknown.text, refused=401)


@_caller
async def revoked_key_of_staff(stack: Stack, owner: Staff) -> Caller:
    key = await _staff_key(owner)
    await owner.data("POST", f"/keys/{key.split('_')[2]}/revoke")
    return _of(key, refused=401)


@_caller
async def revoked_key_of_a_user(stack: Stack, owner: Staff) -> Caller:
    key = await _users_key(stack, owner)
    await owner.data("POST", f"/keys/{key['id']}/revoke")
    return _of(key["key"], refused=401)


@_caller
async def replaced_key_of_a_user(stack: Stack, owner: Staff) -> Caller:
    key = await _users_key(stack, owner)
    await owner.data("POST", f"/keys/{key['id']}/roll", {"overlap_seconds": 0})
    return _of(key["key"], refused=401)


async def _expire(stack: Stack, key: str) -> None:
    async with stack.pool.connection() as conn:
        await conn.execute("update api_keys set expires_at = now() where id = %s", (key.split("_")[2],))


@_caller
async def expired_key_of_staff(stack: Stack, owner: Staff) -> Caller:
    key = await _staff_key(owner)
    await _expire(stack, key)
    return _of(key, refused=401)


@_caller
async def expired_key_of_a_user(stack: Stack, owner: Staff) -> Caller:
    key = (await _users_key(stack, owner))["key"]
    await _expire(stack, key)
    return _of(key, refused=401)


@_caller
async def session_that_ended(stack: Stack, owner: Staff) -> Caller:
    session = await (await log_in.member(owner, "owner")).begin()
    await session.call("POST", "/api/auth/logout")
    return Caller(session.headers, refused=401)


@_caller
async def session_that_is_too_old(stack: Stack, owner: Staff) -> Caller:
    session = await (await log_in.user(owner)).begin()
    async with stack.pool.connection() as conn:
        await conn.execute("update sessions set expires_at = now() where id = %s", (session.id,))
    return Caller(session.headers, refused=401)


@_caller
async def key_of_a_suspended_user(stack: Stack, owner: Staff) -> Caller:
    key = await _users_key(stack, owner)
    await owner.data("POST", f"/users/{key['user_id']}/suspend")
    return _of(key["key"], refused=403)


@_caller
async def session_of_a_suspended_user(stack: Stack, owner: Staff) -> Caller:
    person = await log_in.user(owner)
    session = await person.begin()
    await owner.data("POST", f"/users/{person.id}/suspend")
    return Caller(session.headers, refused=403)


@_caller
async def key_of_a_deleted_user(stack: Stack, owner: Staff) -> Caller:
    key = await _users_key(stack, owner)
    await owner.data("DELETE", f"/users/{key['user_id']}")
    return _of(key["key"], refused=401)


_ELSEWHERE = ["192.0.2.0/24", "2001:db8::1"]


@_caller
async def key_of_staff_from_another_address(stack: Stack, owner: Staff) -> Caller:
    return _of(await _staff_key(owner, ip_allow=_ELSEWHERE), refused=403)


@_caller
async def key_of_a_user_from_another_address(stack: Stack, owner: Staff) -> Caller:
    return _of((await _users_key(stack, owner, ip_allow=_ELSEWHERE))["key"], refused=403)


@_caller
async def key_of_staff_without_its_certificate(stack: Stack, owner: Staff) -> Caller:
    return _of(await _staff_key(owner, certificate="ab" * 32), refused=403)


def _certificates() -> tuple[str, str]:
    """The fingerprint of one, and another one as a proxy passes it on."""
    with TemporaryDirectory() as folder:
        mine, _ = certificate(Path(folder), "mine"), certificate(Path(folder), "other")
        return mine, quote((Path(folder) / "other.pem").read_text(), safe="")


@_caller
async def key_of_staff_with_another_certificate(stack: Stack, owner: Staff) -> Caller:
    mine, other = _certificates()
    headers = {"Api-key": await _staff_key(owner, certificate=mine), "X-Client-Certificate": other}
    return Caller(headers, refused=403)


@_caller
async def key_of_a_user_with_another_certificate(stack: Stack, owner: Staff) -> Caller:
    mine, other = _certificates()
    key = await _users_key(stack, owner, scopes=[*SENDER], certificate=mine)
    return Caller({"Api-key": key["key"], "X-Client-Certificate": other}, refused=403)


@_caller
async def key_of_a_user(stack: Stack, owner: Staff) -> Caller:
    return _of((await stack.user()).key, scopes=SENDER)


@_caller
async def key_of_a_user_with_every_scope(stack: Stack, owner: Staff) -> Caller:
    return _of((await _users_key(stack, owner))["key"], scopes=frozenset(SCOPES))


def _with_scope(scope: str) -> Maker:
    async def made(stack: Stack, owner: Staff) -> Caller:
        return _of((await _users_key(stack, owner, scopes=[scope]))["key"], scopes=frozenset({scope}))

    return made


CALLERS |= {f"key of a user with the scope {scope}": _with_scope(scope) for scope in sorted(SCOPES)}


@_caller
async def key_of_one_channel(stack: Stack, owner: Staff) -> Caller:
    key = await _users_key(stack, owner, scopes=[*SENDER, "channel:email"])
    return _of(key["key"], scopes=SENDER, narrowed=True, channels=frozenset({"email"}))


@_caller
async def key_of_one_gateway(stack: Stack, owner: Staff) -> Caller:
    user = await stack.user()
    (gateway,) = await gateways.named(stack.pool, user.id, await stack.gateway(user.id, "sms", "sandbox", {}))
    key = await owner.data("POST", "/keys", {"user": user.id, "scopes": [*SENDER, f"gateway:{gateway.id}"]})
    return _of(key["key"], scopes=SENDER, narrowed=True)


@_caller
async def test_key(stack: Stack, owner: Staff) -> Caller:
    key = await _users_key(stack, owner, scopes=[*SENDER], test=True)
    return _of(key["key"], scopes=SENDER, narrowed=True)


@_caller
async def session_of_a_user(stack: Stack, owner: Staff) -> Caller:
    return _session(await (await log_in.user(owner)).begin(), scopes=frozenset(SCOPES))


@_caller
async def admin_key(stack: Stack, owner: Staff) -> Caller:
    return _of(owner.key, is_admin=True, scopes=SENDER, permissions=frozenset(PERMISSIONS))


@_caller
async def admin_key_that_only_sends(stack: Stack, owner: Staff) -> Caller:
    key = await api_keys.create(stack.pool, KeyKind.ADMIN, 0, scopes=[*SENDER])
    return _of(key.text, is_admin=True, scopes=SENDER)


@_caller
async def admin_key_that_only_administrates(stack: Stack, owner: Staff) -> Caller:
    key = await api_keys.create(stack.pool, KeyKind.ADMIN, 0, scopes=["admin"])
    return _of(key.text, is_admin=True, permissions=frozenset(PERMISSIONS))


def _of_role(role: str) -> Maker:
    async def made(stack: Stack, owner: Staff) -> Caller:
        return _of((await owner.colleague(role)).key, permissions=PRESETS[role])

    return made


CALLERS |= {f"key of a member of staff, {role}": _of_role(role) for role in sorted(PRESETS)}


async def _own_role(owner: Staff) -> str:
    role = f"role-{uuid4().hex[:8]}"
    await owner.data("PUT", f"/roles/{role}", {"permissions": sorted(OWN_ROLE)})
    return role


@_caller
async def key_of_a_member_of_staff_with_a_role_of_ones_own(stack: Stack, owner: Staff) -> Caller:
    return _of((await owner.colleague(await _own_role(owner))).key, permissions=OWN_ROLE)


@_caller
async def key_of_a_member_of_staff_with_some_scopes(stack: Stack, owner: Staff) -> Caller:
    """Scopes give nothing that the role has not."""
    member = await owner.colleague("support", ["users:read", "users:write", "overview:read"])
    return _of(member.key, permissions=frozenset({"users:read", "overview:read"}))


@_caller
async def session_of_a_member_of_staff(stack: Stack, owner: Staff) -> Caller:
    return _session(await (await log_in.member(owner, "operator")).begin(), permissions=PRESETS["operator"])


@_caller
async def key_of_a_member_of_staff_who_was_removed(stack: Stack, owner: Staff) -> Caller:
    member = await owner.colleague("owner")
    await owner.data("DELETE", f"/staff/{member.id}")
    return _of(member.key, refused=401)


async def _end_rights(stack: Stack, member_id: int) -> None:
    async with stack.pool.connection() as conn:
        await conn.execute("update staff set expires_at = now() where id = %s", (member_id,))


@_caller
async def key_of_a_member_of_staff_whose_rights_ended(stack: Stack, owner: Staff) -> Caller:
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    member = await owner.colleague("owner", expires_at=soon)
    assert member.id is not None
    await _end_rights(stack, member.id)
    return _of(member.key, ended=True)


@_caller
async def session_of_a_member_of_staff_whose_rights_ended(stack: Stack, owner: Staff) -> Caller:
    person = await log_in.member(owner, "owner")
    session = await person.begin()
    await _end_rights(stack, person.id)
    return _session(session, ended=True)


def _without_factor(kind: str, required: str, *, refused: bool) -> Maker:
    async def made(stack: Stack, owner: Staff) -> Caller:
        person = await (log_in.member(owner, "owner") if kind == "staff" else log_in.user(owner))
        rights = {"permissions": PRESETS["owner"]} if kind == "staff" else {"scopes": frozenset(SCOPES)}
        install = {"require_second_factor": required}
        return _session(await person.begin(), lacks_factor=refused, install=install, **rights)

    return made


CALLERS |= {
    "session of staff without the second factor that staff must have": _without_factor("staff", "staff", refused=True),
    "session of staff without the second factor that all must have": _without_factor("staff", "all", refused=True),
    "session of a user without the second factor that all must have": _without_factor("user", "all", refused=True),
    "session of a user without the second factor that staff must have": _without_factor("user", "staff", refused=False),
}


@_caller
async def session_with_the_second_factor_that_all_must_have(stack: Stack, owner: Staff) -> Caller:
    session = await (await log_in.user(owner)).begin()
    await log_in.enrol(session)
    return _session(session, scopes=frozenset(SCOPES), install={"require_second_factor": "all"})


@_caller
async def key_of_staff_where_all_must_have_a_second_factor(stack: Stack, owner: Staff) -> Caller:
    key = await _staff_key(owner)
    return _of(key, permissions=PRESETS["owner"], install={"require_second_factor": "all"})


def _narrowed(user: str) -> Maker:
    async def made(stack: Stack, owner: Staff) -> Caller:
        held = frozenset(f"{name}@{user}" for name in PERMISSIONS if name.startswith(("users:", "credits:")))
        member = await owner.colleague("owner", [*sorted(held), "messages:reveal"])
        return _of(member.key, permissions=held)

    return made


CALLERS |= {
    "key of a member of staff, narrowed to the user in the path": _narrowed(NOBODY),
    "key of a member of staff, narrowed to another user": _narrowed("9000000001"),
}
