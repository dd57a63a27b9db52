"""People who log in: members of staff and users, with what they log in with."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from domain.access.people import Person, PersonKind
from domain.errors import NotFoundError
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who may log in, or might once."""

    person: Person
    email: str
    name: str
    role: str | None
    """Of a member of staff."""
    status: str
    """active; suspended, of a user; ended."""
    password: str | None = field(repr=False)
    """Its hash; ``None``: none was set."""
    totp_secret: bytes | None = field(repr=False)
    """Sealed."""
    totp_since: datetime | None
    """Since when a code is needed; ``None``: it is not."""
    totp_required: bool
    """Whether there is nothing but setting up a second factor to do without one."""


_COLUMNS = "l.password, l.totp_secret, l.totp_since"
_STAFF = f"""
select 'staff' as kind, s.id, s.email, s.name, s.role,
       case when s.status = 'active' and coalesce(s.expires_at > clock_timestamp(), true)
            then 'active' else 'ended' end as status, {_COLUMNS}, s.totp_required
from staff s left join log_ins l on l.kind = 'staff' and l.person_id = s.id
"""  # noqa: S608 - constants of ours
_USERS = f"""
select 'user' as kind, a.id, a.email, a.name, null as role,
       case a.status when 'deleted' then 'ended' else a.status end as status, {_COLUMNS}, false as totp_required
from accounts a left join log_ins l on l.kind = 'user' and l.person_id = a.id
"""  # noqa: S608 - constants of ours
_BY_EMAIL = f"""
{_STAFF} where lower(s.email) = lower(%(email)s) and s.status <> 'removed'
union all
{_USERS} where lower(a.email) = lower(%(email)s) and a.status <> 'deleted' and a.id > 0
"""
_BY_ID = {
    PersonKind.STAFF: f"{_STAFF} where s.id = %(id)s",
    PersonKind.USER: f"{_USERS} where a.id = %(id)s and a.id > 0",
}


async def by_email(pool: Connections, email: str) -> list[Known]:
    """Who uses this address: at most one member of staff, then at most one user."""
    async with pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_BY_EMAIL, {"email": email})
        return [_known(row) for row in await cursor.fetchall()]


async def get(pool: Connections, person: Person) -> Known:
    """One of them, also if it has left.

    Raises:
        NotFoundError: there is none of this id.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_BY_ID[person.kind], {"id": person.id})
        row = await cursor.fetchone()
    if row is None:
        if person.kind is PersonKind.STAFF:
            raise NotFoundError("staff_not_found", f"there is no member of staff {person.id}")
        raise NotFoundError("account_not_found", f"There is no user {person.id}.")
    return _known(row)


async def has_owner_with_password(pool: Connections, role: str) -> bool:
    """Whether somebody of this role can log in with a password."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select exists (select from staff s join log_ins l on l.kind = 'staff' and l.person_id = s.id
               where s.role = %s and s.status <> 'removed' and l.password is not null)""",
            (role,),
        )
        row = await cursor.fetchone()
    assert row is not None
    return bool(row[0])


async def set_password(pool: Connections, person: Person, password: str) -> None:
    """Give somebody a password, by its hash."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into log_ins (kind, person_id, password) values (%s, %s, %s)
               on conflict (kind, person_id) do update set password = excluded.password""",
            (person.kind, person.id, password),
        )


async def replace_password(pool: Connections, person: Person, before: str, after: str) -> bool:
    """Replace one hash by another, unless it was changed meanwhile. Returns whether it was replaced."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "update log_ins set password = %s where (kind, person_id, password) = (%s, %s, %s)",
            (after, person.kind, person.id, before),
        )
        return cursor.rowcount == 1


def _known(row: dict[str, Any]) -> Known:
    return Known(Person(PersonKind(row.pop("kind")), row.pop("id")), **row)
