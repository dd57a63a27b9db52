"""Rules for subscriptions: renewing and ending a plan by hand, and giving another one later."""

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import structlog

from domain.access.actors import Actor
from domain.errors import ConflictError, InvalidError, NotFoundError, XsenderError
from services.accounts.users import changed_account, find_account
from services.changes import Change, change
from store.accounts import accounts, renewals, subscriptions
from store.accounts.accounts import Account
from store.accounts.subscriptions import Subscription
from store.credits import plan_credits
from store.credits.plan_credits import Ended
from store.pool import Connections, Pool

RENEWALS = Actor("system", "renewals")
"""Who changes plans when their time has come."""

_AT_A_TIME = 200
_log = structlog.get_logger()


async def read(pool: Connections, account: int) -> dict[str, Any]:
    """An account's plan, what is left of its credits, and the plan that follows.

    Raises:
        NotFoundError: there is no such account.
    """
    found = await subscriptions.of_account(pool, account)
    by_channel = await plan_credits.of_account(pool, account)
    return {
        "user_id": account,
        "state": "none" if found.plan is None else "ended" if found.has_ended else "active",
        "plan": found.plan,
        "plan_id": found.plan_id,
        "period": found.period,
        "expires_at": found.expires_at,
        "renews": found.renews,
        "credits": {
            channel: {"credits": one.credits, "left": one.left, "carry_over": one.carry_over}
            for channel, one in by_channel.items()
        },
        "change": _change(found),
    }


def _change(found: Subscription) -> dict[str, Any] | None:
    if found.next_plan is None:
        return None
    return {
        "plan": found.next_plan,
        "at": found.next_at,
        "renews": found.next_renews,
        "scheduled_by": found.scheduled_by,
        "scheduled_at": found.scheduled_at,
    }


async def schedule_plan(
    change: Change, account_id: int, plan: str, at: datetime | Literal["period_end"], *, renews: bool
) -> Account:
    """Give an account a plan later. A change that was scheduled before is replaced.

    Raises:
        NotFoundError: there is no such account, or no such plan.
        InvalidError: the time has passed.
        ConflictError: its plan has no end.
    """
    account = await find_account(change, account_id)
    if at == "period_end":
        if account.plan_expires_at is None or account.plan_expires_at <= datetime.now(UTC):
            raise ConflictError("no_period_end", f"User {account_id} has no plan whose period will end: give a time.")
    elif at <= datetime.now(UTC):
        raise InvalidError("at", "the time has passed: leave it out to give the plan now", "/at")
    await subscriptions.schedule(
        change.store, account_id, plan, None if at == "period_end" else at, renews, change.actor.named
    )
    change.metadata |= {"plan": plan, "at": at if isinstance(at, str) else at.isoformat(), "renews": renews}
    return account


async def cancel_change(change: Change, account_id: int) -> Subscription:
    """Cancel the change of an account's plan that was scheduled.

    Raises:
        NotFoundError: there is no such account, or nothing was scheduled.
    """
    await find_account(change, account_id)
    before = await subscriptions.of_account(change.store, account_id)
    if not await subscriptions.drop_change(change.store, account_id):
        raise NotFoundError("change_not_found", f"For user {account_id} no other plan is scheduled.")
    change.metadata |= {"plan": before.next_plan}
    return await subscriptions.of_account(change.store, account_id)


async def renew(change: Change, account_id: int, entry_id: UUID) -> Subscription:
    """Begin the next period of an account's plan now, also of one that has ended; its credits are granted.

    Raises:
        NotFoundError: there is no such account.
        ConflictError: it has no plan.
    """
    before = await find_account(change, account_id)
    held = await subscriptions.of_account(change.store, account_id)
    if held.plan_id is None or held.plan is None:
        raise ConflictError("no_plan", f"User {account_id} has no plan: assign one first.")
    ended = Ended(held.plan_id, held.plan)
    await accounts.assign_plan(change.store, account_id, held.plan, entry_id, renews=held.renews, ended=ended)
    await changed_account(change, before)
    return await subscriptions.of_account(change.store, account_id)


async def expire(change: Change, account_id: int) -> Subscription:
    """End an account's plan now: its sends are refused until it gets one again. Its credits stay, and what was
    scheduled for it is dropped.

    Raises:
        NotFoundError: there is no such account.
        ConflictError: it has no plan, or it has ended.
    """
    before = await find_account(change, account_id)
    await subscriptions.expire(change.store, account_id)
    await subscriptions.drop_change(change.store, account_id)
    await changed_account(change, before)
    return await subscriptions.of_account(change.store, account_id)


async def begin_due_periods(pool: Pool, now: datetime | None = None) -> None:
    """Change the plans whose time has come, and renew those whose period has ended, in the order of their times.

    Several processes may do it at a time; each change and each period happens once. ``now``: the database's time.
    """
    while await _change_due(pool, now) + await renewals.renew_due(pool, now):
        pass


async def _change_due(pool: Pool, now: datetime | None) -> int:
    due = await subscriptions.with_due_change(pool, now, _AT_A_TIME)
    return sum([await _change_plan(pool, account_id, now) for account_id in due])


class _NothingDueError(Exception):
    """Another process has changed the plan: nothing is written."""


async def _change_plan(pool: Pool, account_id: int, now: datetime | None) -> bool:
    """Give one account the plan that was scheduled for it, unless another process did."""
    try:
        async with change(pool, RENEWALS, "user.plan_assigned") as made:
            before = await find_account(made, account_id)
            due = await subscriptions.take_due_change(made.store, account_id, now)
            if due is None:
                raise _NothingDueError
            await accounts.assign_plan(
                made.store, account_id, due.plan, uuid4(), renews=due.renews, began=due.begins_at, ended=due.ended
            )
            made.metadata |= {"scheduled_by": due.scheduled_by}
            await changed_account(made, before)
    except _NothingDueError:
        return False
    except XsenderError as error:
        _log.error("a plan cannot be changed as scheduled", user=account_id, reason=error.message)
        return False
    return True
