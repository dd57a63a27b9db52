"""Rules for staff and roles: nobody grants what they lack, and the last owner stays."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from domain.access.permissions import OWNER, PRESETS, checked_permissions
from domain.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from services.accounts.users import checked_email, checked_name
from services.changes import Change
from store.access import staff
from store.access.staff import Member
from store.pool import Connections

_RIGHTS = ("role", "expires_at", "totp_required")
_ROLE_NAME = re.compile(r"[a-z][a-z0-9-]{0,49}")


async def permissions_of(pool: Connections, role: str, *, lock: bool = False) -> frozenset[str]:
    """What a role may do; ``lock``: nobody changes it until the transaction ends.

    Raises:
        NotFoundError: there is no such role.
    """
    if role in PRESETS:
        return PRESETS[role]
    made = await staff.role(pool, role, lock=lock)
    if made is None:
        raise NotFoundError("role_not_found", f"there is no role {role}: GET /api/admin/v1/roles lists them")
    return frozenset(made.permissions)


async def add_member(
    change: Change, email: str, name: str, role: str, expires_at: datetime | None, totp_required: bool = False
) -> Member:
    """Add a member of staff; ``totp_required``: who logs in does nothing without a second factor.

    Raises:
        InvalidError: the name or the address cannot be one, or the end is in the past.
        NotFoundError: there is no such role.
        ForbiddenError: the role may do what the actor may not.
        ConflictError: there is a member with this address.
    """
    change.actor.check_confirmed()
    change.metadata["role"] = role
    await _check_grant(change, role)
    check_end(expires_at)
    change.may_need_approval("role_grant")
    member = await staff.add(change.store, checked_email(email), checked_name(name), role, expires_at, totp_required)
    change.about("staff", member.id, member.email)
    change.compare({}, _compared(member), hidden=("name",))
    return member


async def change_member(change: Change, member_id: int, patch: Mapping[str, Any]) -> Member:
    """Change name, role or end of a member of staff, or whether it needs a second factor.

    Raises:
        NotFoundError, InvalidError, ForbiddenError: as in ``add_member``; nobody changes their own role.
        ConflictError: it is the last owner.
    """
    change.actor.check_confirmed()
    before = await find_member(change, member_id)
    values = {**_compared(before), **patch}
    if any(values[name] != getattr(before, name) for name in _RIGHTS):
        if change.actor.type == "staff" and change.actor.id == str(member_id):
            raise ForbiddenError("own_role", "nobody changes their own rights: ask another member of staff")
        await _check_grant(change, before.role)
    if values["role"] != before.role or values["expires_at"] != before.expires_at:
        await _check_grant(change, values["role"])
        check_end(values["expires_at"])
        change.may_need_approval("role_grant")
        if values["role"] != OWNER or values["expires_at"] is not None:
            await _check_last_owner(change, before)
    await staff.change(
        change.store,
        member_id,
        checked_name(values["name"]),
        values["role"],
        values["expires_at"],
        values["totp_required"],
    )
    after = await staff.get(change.store, member_id)
    change.compare(_compared(before), _compared(after), hidden=("name",))
    return after


async def remove_member(change: Change, member_id: int) -> None:
    """Remove a member of staff; its keys are revoked.

    Raises:
        NotFoundError: there is none of this id.
        ForbiddenError: its role may do what the actor may not.
        ConflictError: it is the last owner.
    """
    change.actor.check_confirmed()
    before = await find_member(change, member_id)
    await _check_grant(change, before.role)
    await _check_last_owner(change, before)
    await staff.remove(change.store, member_id)


async def put_role(change: Change, name: str, permissions: list[str]) -> None:
    """Make a role, or give it other permissions.

    Raises:
        InvalidError: the name, or a permission, cannot be one.
        ConflictError: every install has a role of this name.
        ForbiddenError: it may do what the actor may not.
    """
    change.actor.check_confirmed()
    change.about("role", name)
    if not _ROLE_NAME.fullmatch(name):
        raise InvalidError("role_name", "a role's name has small letters, digits and -, and begins with a letter")
    _check_custom(name)
    wanted = checked_permissions(permissions, "/permissions")
    before = await staff.role(change.store, name, lock=True)
    change.actor.check_grant(wanted | frozenset(before.permissions if before else ()))
    change.may_need_approval("role_grant")
    await staff.put_role(change.store, name, sorted(wanted))
    change.compare(
        {"permissions": before.permissions if before else None},
        {"permissions": sorted(wanted)},
    )


async def delete_role(change: Change, name: str) -> None:
    """Delete a role that nobody has.

    Raises:
        NotFoundError: there is no such role.
        ConflictError: every install has it, or somebody has it.
        ForbiddenError: it may do what the actor may not.
    """
    change.actor.check_confirmed()
    change.about("role", name)
    _check_custom(name)
    change.actor.check_grant(await permissions_of(change.store, name, lock=True))
    await staff.delete_role(change.store, name)


async def find_member(change: Change, member_id: int) -> Member:
    """The member of staff that a change is about; nobody else changes it meanwhile.

    Raises:
        NotFoundError: there is none of this id.
    """
    member = await staff.get(change.store, member_id, lock=True)
    if member.status == "removed":
        raise NotFoundError("staff_not_found", f"there is no member of staff {member_id}")
    change.about("staff", member.id, member.email)
    return member


async def _check_grant(change: Change, role: str) -> None:
    change.actor.check_grant(await permissions_of(change.store, role, lock=True))


async def _check_last_owner(change: Change, member: Member) -> None:
    if member.role == OWNER and member.expires_at is None and await staff.lock_role(change.store, OWNER) == 1:
        raise ConflictError("last_owner", "this is the last owner: make somebody else an owner first")


def _check_custom(name: str) -> None:
    if name in PRESETS:
        raise ConflictError("role_preset", f"every install has the role {name}, as it is: make one of another name")


def check_end(expires_at: datetime | None) -> None:
    """Refuse rights that have ended before they begin.

    Raises:
        InvalidError: the end is in the past.
    """
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise InvalidError("expires_at", "the end must be in the future", "/expires_at")


def _compared(member: Member) -> dict[str, Any]:
    return {name: value for name, value in asdict(member).items() if name in ("name", *_RIGHTS)}
