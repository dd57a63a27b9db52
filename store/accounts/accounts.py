"""Accounts: the tenants that send. Account 0 is the admin, which these functions do not touch."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import class_row

from domain.channels import Channel
from domain.errors import ConflictError, InvalidError, NotFoundError
from store.credits.plan_credits import Ended, begin_period
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is stored."""

    id: int
    email: str
    name: str
    status: str
    """active, suspended or deleted."""
    external_id: str | None
    """Its id in another system."""
    time_zone: str
    default_region: str | None
    """The country in which its numbers without a country code are dialled. ``None``: the install's."""
    plan: str | None
    """The name of its plan."""
    plan_expires_at: datetime | None
    """When the plan's period ends. ``None``: never, or no plan."""
    plan_renews: bool
    """Whether the plan renews then."""
    created_at: datetime
    deleted_at: datetime | None
    """When it was deleted."""


ACCOUNT = """
select a.id, a.email, a.name, a.status, a.external_id, a.time_zone, a.default_region, p.name as plan, a.plan_expires_at,
       a.plan_renews, a.created_at, a.deleted_at
from accounts a left join plans p on p.id = a.plan_id
"""


async def create(
    pool: Connections, email: str, name: str, plan: str | None, assignment_id: UUID, external_id: str | None = None
) -> Account:
    """Create an account with an empty wallet on every channel; a plan's credits are added.

    Raises:
        ConflictError: another account has this email address, or this id in another system.
        NotFoundError: there is no such plan.
    """
    async with pool.connection() as conn, conn.transaction():
        account_id = await _insert(conn, email, name, external_id)
        await conn.execute(
            "insert into wallets (account_id, channel) select %s, unnest(%s::text[])", (account_id, list(Channel))
        )
        if plan is not None:
            await _assign(conn, account_id, plan, assignment_id)
    return await get(pool, account_id)


async def _insert(conn: AsyncConnection[Any], email: str, name: str, external_id: str | None) -> int:
    try:
        cursor = await conn.execute(
            "insert into accounts (email, name, external_id) values (%s, %s, %s) returning id",
            (email, name, external_id),
        )
    except psycopg.errors.UniqueViolation as error:
        raise _taken(error) from None
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def get(pool: Connections, account_id: int) -> Account:
    """One account, deleted or not.

    Raises:
        NotFoundError: there is none of this id.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(f"{ACCOUNT} where a.id = %s and a.id > 0", (account_id,))
        account = await cursor.fetchone()
    if account is None:
        raise _unknown(account_id)
    return account


async def lock(pool: Connections, account_id: int) -> Account:
    """As ``get``; nobody else changes the account until the transaction ends."""
    async with pool.connection() as conn:
        await conn.execute("select from accounts where id = %s for update", (account_id,))
    return await get(pool, account_id)


async def by_external_id(pool: Connections, external_id: str) -> Account | None:
    """The account that has this id in another system now."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(
            f"{ACCOUNT} where a.external_id = %s and a.status <> 'deleted' and a.id > 0", (external_id,)
        )
        return await cursor.fetchone()


async def by_email(pool: Connections, email: str) -> Account | None:
    """The account that uses this address now."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(
            f"{ACCOUNT} where lower(a.email) = lower(%s) and a.status <> 'deleted' and a.id > 0", (email,)
        )
        return await cursor.fetchone()


async def page(pool: Connections, after: int, limit: int) -> list[Account]:
    """Accounts by id, those after ``after`` (0: from the first), without the deleted ones."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(
            f"{ACCOUNT} where a.id > %s and a.status <> 'deleted' order by a.id limit %s", (max(after, 0), limit)
        )
        return await cursor.fetchall()


async def suspend(pool: Connections, account_id: int, *, cancels_waiting: bool = False) -> None:
    """Refuse all requests of the account until it is resumed.

    Its accepted messages wait until then, or are cancelled whenever they come due.

    Raises:
        NotFoundError: there is no such account.
    """
    await _set_status(pool, account_id, "suspended", cancels_waiting)


async def resume(pool: Connections, account_id: int) -> None:
    """Resume a suspended account; its waiting messages continue.

    Raises:
        NotFoundError: there is no such account.
    """
    await _set_status(pool, account_id, "active")


async def _set_status(pool: Connections, account_id: int, status: str, cancels_waiting: bool = False) -> None:
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """update accounts set status = %s, cancels_waiting = %s
               where id = %s and id > 0 and status <> 'deleted'""",
            (status, cancels_waiting, account_id),
        )
    if cursor.rowcount == 0:
        raise _unknown(account_id)


async def lock_waiting(store: Connections, account_id: int) -> tuple[str, bool]:
    """An account's status, and whether its waiting messages are cancelled; both stay until the transaction ends.

    Raises:
        NotFoundError: there is no such account.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select status, cancels_waiting from accounts where id = %s for share", (account_id,)
        )
        row = await cursor.fetchone()
    if row is None:
        raise _unknown(account_id)
    return row[0], row[1]


async def delete(pool: Connections, account_id: int) -> None:
    """Delete an account: its keys are revoked, its sessions and callbacks end, its address is free again. Its messages
    and its ledger stay; waiting messages are cancelled when they come due.

    Raises:
        NotFoundError: there is no such account.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """with closed as (
                   update accounts set status = 'deleted', deleted_at = now()
                   where id = %s and id > 0 and status <> 'deleted' returning id
               ), ended as (
                   update api_keys k set revoked_at = now() from closed c
                   where k.account_id = c.id and k.revoked_at is null
               ), silenced as (
                   update callback_endpoints e
                   set enabled = false, disabled_reason = 'the account was closed', disabled_at = now() from closed c
                   where e.account_id = c.id and e.enabled
               ), left_alone as (
                   delete from sessions s using closed c where s.kind = 'user' and s.person_id = c.id
               ), unlinked as (
                   delete from one_time_tokens t using closed c where t.kind = 'user' and t.person_id = c.id
               ) select id from closed""",
            (account_id,),
        )
        if await cursor.fetchone() is None:
            raise _unknown(account_id)


async def restore(pool: Connections, account_id: int) -> None:
    """Take back a deletion. Keys stay revoked, and callbacks disabled.

    Raises:
        ConflictError: another account has its address, or its id in another system.
    """
    async with pool.connection() as conn:
        try:
            async with conn.transaction():
                await conn.execute(
                    "update accounts set status = 'active', deleted_at = null where id = %s and id > 0", (account_id,)
                )
        except psycopg.errors.UniqueViolation as error:
            raise _taken(error) from None


async def update(
    pool: Connections, account_id: int, email: str, name: str, external_id: str | None, zone: str, region: str | None
) -> None:
    """Change what an account is known by, and where it is.

    Raises:
        ConflictError: another account has the address, or the id in another system.
        InvalidError: there is no such time zone.
    """
    async with pool.connection() as conn:
        try:
            async with conn.transaction():
                await conn.execute(
                    """update accounts set email = %s, name = %s, external_id = %s, time_zone = %s, default_region = %s
                       where id = %s and id > 0""",
                    (email, name, external_id, zone, region, account_id),
                )
        except psycopg.errors.UniqueViolation as error:
            raise _taken(error) from None
        except psycopg.errors.InvalidParameterValue:
            raise _no_zone(zone) from None


async def assign_plan(
    pool: Connections,
    account_id: int,
    plan: str,
    assignment_id: UUID,
    *,
    renews: bool = True,
    began: datetime | None = None,
    ended: Ended | None = None,
) -> None:
    """Give an account a plan from now (or since it ``began``), and grant the plan's credits, once per
    ``assignment_id``.

    Credits left from before stay, unless the period of a plan has ``ended``. Unless it ``renews``, the plan ends with
    its first period.

    Raises:
        NotFoundError: there is no such account, or no such plan.
    """
    async with pool.connection() as conn, conn.transaction():
        await _assign(conn, account_id, plan, assignment_id, renews=renews, began=began, ended=ended)


async def set_renewal(pool: Connections, account_id: int, renews: bool) -> None:
    """Have the account's plan renew whenever its period ends, or end with the current period.

    Raises:
        NotFoundError: there is no such account.
        ConflictError: it has no plan.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """update accounts set plan_renews = %s where id = %s and id > 0 and status <> 'deleted'
               returning plan_id is not null""",
            (renews, account_id),
        )
        row = await cursor.fetchone()
    if row is None:
        raise _unknown(account_id)
    if not row[0]:
        raise ConflictError("no_plan", f"User {account_id} has no plan: assign one first.")


async def _assign(
    conn: AsyncConnection[Any],
    account_id: int,
    plan: str,
    assignment_id: UUID,
    *,
    renews: bool = True,
    began: datetime | None = None,
    ended: Ended | None = None,
) -> None:
    # Locked, so that a plan that is being deleted is either still there when this ends, or found to be gone.
    cursor = await conn.execute("select id from plans where name = %s for key share", (plan,))
    found = await cursor.fetchone()
    if found is None:
        raise NotFoundError("plan_not_found", f"There is no plan {plan}.")
    cursor = await conn.execute(
        """update accounts a set plan_id = p.id, plan_renews = %(renews)s, plan_periods = 1,
               plan_began_at = coalesce(%(began)s, now()),
               plan_expires_at = period_end(coalesce(%(began)s, now()), a.time_zone, p.period, 1)
           from plans p where p.id = %(plan)s and a.id = %(account)s and a.id > 0 and a.status <> 'deleted'""",
        {"renews": renews, "began": began, "plan": found[0], "account": account_id},
    )
    if cursor.rowcount == 0:
        raise _unknown(account_id)
    await begin_period(
        conn, account_id, found[0], f"plan {plan}", lambda channel, _: uuid5(assignment_id, channel), ended
    )


def _taken(error: psycopg.errors.UniqueViolation) -> ConflictError:
    if error.diag.constraint_name == "accounts_external_id":
        return ConflictError("external_id_taken", "Another user has this external_id already.")
    return ConflictError("email_taken", "There is a user with this email address already.")


def _no_zone(zone: str) -> InvalidError:
    return InvalidError("time_zone", f"There is no time zone {zone}: use a name like Europe/Berlin.", "/time_zone")


def _unknown(account_id: int) -> NotFoundError:
    return NotFoundError("account_not_found", f"There is no user {account_id}.")
