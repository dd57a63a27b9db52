"""Staff: people who administrate the install, and the roles that are made for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from domain.errors import ConflictError, NotFoundError
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff."""

    id: int
    email: str
    name: str
    role: str
    status: str
    """active or removed."""
    expires_at: datetime | None
    """When its rights end; ``None``: never."""
    created_at: datetime
    totp_required: bool
    """Whether its sessions do nothing before there is a second factor."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role that was made for this install."""

    name: str
    permissions: list[str]
    created_at: datetime


_ROLES = "select name, permissions, created_at from roles"
_FOR_UPDATE = " for update"
_COLUMNS = "id, email, name, role, status, expires_at, created_at, totp_required"
_MEMBER = f"select {_COLUMNS} from staff"  # noqa: S608 - constants of ours


async def add(
    pool: Connections,
    email: str,
    name: str,
    role: str,
    expires_at: datetime | None,
    totp_required: bool = False,
) -> Member:
    """Add a member.

    Raises:
        ConflictError: there is one with this address.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Member)) as cursor:
        try:
            async with conn.transaction():
                await cursor.execute(
                    f"""insert into staff (email, name, role, expires_at, totp_required) values (%s, %s, %s, %s, %s)
                        returning {_COLUMNS}""",  # noqa: S608 - constants of ours
                    (email, name, role, expires_at, totp_required),
                )
                member = await cursor.fetchone()
        except psycopg.errors.UniqueViolation:
            raise ConflictError("email_taken", f"there is a member of staff with the address {email}") from None
    assert member is not None
    return member


async def get(pool: Connections, member_id: int, *, lock: bool = False) -> Member:
    """One member, also a removed one; ``lock``: nobody else changes it until the transaction ends.

    Raises:
        NotFoundError: there is none of this id.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Member)) as cursor:
        await cursor.execute(f"{_MEMBER} where id = %s{_FOR_UPDATE if lock else ''}", (member_id,))
        member = await cursor.fetchone()
    if member is None:
        raise NotFoundError("staff_not_found", f"there is no member of staff {member_id}")
    return member


async def page(pool: Connections, below: int, limit: int) -> list[Member]:
    """Members with smaller ids than ``below``, the newest first, without those removed."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Member)) as cursor:
        await cursor.execute(
            f"{_MEMBER} where id < %s and status <> 'removed' order by id desc limit %s", (below, limit)
        )
        return await cursor.fetchall()


async def change(
    pool: Connections, member_id: int, name: str, role: str, expires_at: datetime | None, totp_required: bool
) -> None:
    """Change a member."""
    async with pool.connection() as conn:
        await conn.execute(
            "update staff set name = %s, role = %s, expires_at = %s, totp_required = %s where id = %s",
            (name, role, expires_at, totp_required, member_id),
        )


async def remove(pool: Connections, member_id: int) -> None:
    """Remove a member; its keys are revoked, its sessions, links and saved views end."""
    async with pool.connection() as conn:
        await conn.execute(
            """with removed as (update staff set status = 'removed' where id = %(id)s),
                    ended as (delete from sessions where kind = 'staff' and person_id = %(id)s),
                    viewless as (delete from saved_views where staff_id = %(id)s),
                    unlinked as (delete from one_time_tokens where kind = 'staff' and person_id = %(id)s)
               update api_keys set revoked_at = coalesce(revoked_at, now()) where staff_id = %(id)s""",
            {"id": member_id},
        )


async def lock_role(pool: Connections, role: str) -> int:
    """How many members have this role, and its rights without an end; until the transaction ends nobody else asks."""
    async with pool.connection() as conn:
        await conn.execute("select pg_advisory_xact_lock(hashtextextended('staff role ' || %s, 0))", (role,))
        cursor = await conn.execute(
            "select count(*) from staff where role = %s and status = 'active' and expires_at is null", (role,)
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def roles(pool: Connections, *, lock: bool = False) -> list[Role]:
    """All roles that were made here, by name; ``lock`` as in ``get``."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Role)) as cursor:
        await cursor.execute(f"{_ROLES} order by name{_FOR_UPDATE if lock else ''}")
        return await cursor.fetchall()


async def role(pool: Connections, name: str, *, lock: bool = False) -> Role | None:
    """The role of this name, if it was made here; ``lock`` as in ``get``."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Role)) as cursor:
        await cursor.execute(
            f"{_ROLES} where name = %s{_FOR_UPDATE if lock else ''}",
            (name,),
        )
        return await cursor.fetchone()


async def put_role(pool: Connections, name: str, permissions: Sequence[str]) -> None:
    """Make a role, or give it other permissions."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into roles (name, permissions) values (%s, %s)
               on conflict (name) do update set permissions = excluded.permissions""",
            (name, list(permissions)),
        )


async def delete_role(pool: Connections, name: str) -> None:
    """Delete a role that nobody has.

    Raises:
        ConflictError: somebody has it.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute("select email from staff where role = %s and status <> 'removed' limit 3", (name,))
        if members := [email for (email,) in await cursor.fetchall()]:
            raise ConflictError("role_in_use", f"give {', '.join(members)} another role first")
        await conn.execute("delete from roles where name = %s", (name,))
