"""The plan of an account, and the one that it gets later."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.errors import ConflictError, NotFoundError
from store.credits.plan_credits import Ended
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Subscription:
    """An account's plan, and its change."""

    plan_id: int | None
    plan: str | None
    period: str | None
    expires_at: datetime | None
    """When the plan's period ends. ``None``: never, or no plan."""
    renews: bool
    has_ended: bool
    next_plan: str | None
    """The plan that it gets later; ``None``: none."""
    next_at: datetime | None
    """When; ``None``: when the period ends."""
    next_renews: bool | None
    scheduled_by: dict[str, Any] | None
    scheduled_at: datetime | None


@dataclass(frozen=True, slots=True)
class DueChange:
    """A change of an account's plan, whose time has come."""

    plan: str
    renews: bool
    begins_at: datetime
    ended: Ended | None
    """The plan whose period has ended with it; ``None``: it takes its place in the middle of one."""
    scheduled_by: dict[str, Any]


async def of_account(pool: Connections, account_id: int) -> Subscription:
    """The plan of an account, and its change.

    Raises:
        NotFoundError: there is no such account.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Subscription)) as cursor:
        await cursor.execute(
            """select p.id as plan_id, p.name as plan, p.period, a.plan_expires_at as expires_at,
                      a.plan_renews as renews,
                      p.id is not null and not a.plan_renews
                          and coalesce(a.plan_expires_at <= clock_timestamp(), false) as has_ended,
                      n.name as next_plan, c.at as next_at, c.renews as next_renews, c.scheduled_by, c.scheduled_at
               from accounts a left join plans p on p.id = a.plan_id
               left join plan_changes c on c.account_id = a.id left join plans n on n.id = c.plan_id
               where a.id = %s and a.id > 0""",
            (account_id,),
        )
        found = await cursor.fetchone()
    if found is None:
        raise NotFoundError("account_not_found", f"There is no user {account_id}.")
    return found


async def schedule(
    pool: Connections, account_id: int, plan: str, at: datetime | None, renews: bool, by: dict[str, Any]
) -> None:
    """Have an account get a plan at a time, or (``None``) when its plan's period ends. Replaces an earlier change.

    Raises:
        NotFoundError: there is no such plan.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """insert into plan_changes as c (account_id, plan_id, renews, at, scheduled_by)
               select %s, p.id, %s, %s, %s from (select id from plans where name = %s for key share) p
               on conflict (account_id) do update set plan_id = excluded.plan_id, renews = excluded.renews,
                   at = excluded.at, scheduled_by = excluded.scheduled_by, scheduled_at = excluded.scheduled_at""",
            (account_id, renews, at, Jsonb(by), plan),
        )
    if cursor.rowcount == 0:
        raise NotFoundError("plan_not_found", f"There is no plan {plan}.")


async def drop_change(pool: Connections, account_id: int) -> bool:
    """Drop the change of an account's plan. Returns whether there was one."""
    async with pool.connection() as conn:
        cursor = await conn.execute("delete from plan_changes where account_id = %s", (account_id,))
        return cursor.rowcount == 1


async def expire(pool: Connections, account_id: int) -> None:
    """End an account's plan now.

    Raises:
        ConflictError: it has none, or it has ended.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """update accounts set plan_renews = false, plan_expires_at = clock_timestamp()
               where id = %s and plan_id is not null
                   and (plan_renews or plan_expires_at is null or plan_expires_at > clock_timestamp())""",
            (account_id,),
        )
    if cursor.rowcount == 0:
        raise ConflictError("no_plan", f"User {account_id} has no plan that could end.")


# A plan that renews before the change's time does so first: its credits were promised.
_DUE = """
from plan_changes c join accounts a on a.id = c.account_id join plans n on n.id = c.plan_id
left join plans p on p.id = a.plan_id
where a.status <> 'deleted' and coalesce(c.at, a.plan_expires_at) <= coalesce(%(now)s, clock_timestamp())
  and not coalesce(a.plan_renews and p.period <> 'forever' and a.plan_expires_at < c.at, false)
"""


async def with_due_change(pool: Connections, now: datetime | None, limit: int) -> list[int]:
    """Accounts whose plan is to be changed now. ``now``: the database's time."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"select a.id {_DUE} order by coalesce(c.at, a.plan_expires_at) limit %(limit)s",
            {"now": now, "limit": limit},
        )
        return [account_id for (account_id,) in await cursor.fetchall()]


async def take_due_change(pool: Connections, account_id: int, now: datetime | None) -> DueChange | None:
    """Take the change of an account's plan that is due, in a transaction that holds the account's lock: nobody else
    finds it any more."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"""select n.name, c.renews, coalesce(c.at, a.plan_expires_at), c.scheduled_by, p.id, p.name,
                       c.at is null or c.at = a.plan_expires_at {_DUE} and a.id = %(account)s""",
            {"now": now, "account": account_id},
        )
        row = await cursor.fetchone()
        if row is None:
            return None
        await conn.execute("delete from plan_changes where account_id = %s", (account_id,))
    plan, renews, begins_at, by, old_id, old, at_end = row
    return DueChange(plan, renews, begins_at, Ended(old_id, old) if at_end and old_id else None, by)
