"""Credits that a plan granted: what of them is left when its period ends, and may lapse then.

A period's messages spend the plan's credits first, and those that were topped up last. What messages hold when the
period ends is not left, and never lapses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from store.accounts.credits import PLAN_LEFT, grant, take_back
from store.pool import Connections

Entry = Callable[[str, int], UUID]
"""The id of the entry that grants so many credits on a channel: the same one for the same grant."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The plan whose period ends: its rule says what of its credits stays."""

    plan_id: int
    name: str


@dataclass(frozen=True, slots=True)
class PlanCredits:
    """A plan's credits on a channel."""

    credits: int
    """Granted for each period."""
    left: int
    """Of those that plans granted, how many are available."""
    carry_over: int | None
    """How many of them stay at the end of the period; ``None``: all."""


_LEFT = f"least(w.available, {PLAN_LEFT})"

_CHANNELS = f"""
select w.channel, coalesce({_LEFT}, 0), coalesce(g.credits, 0), e.carry_over, k.account_id is not null
from wallets w
left join plan_credits k on k.account_id = w.account_id and k.channel = w.channel
left join plan_channels g on g.plan_id = %(plan)s and g.channel = w.channel
left join plan_channels e on e.plan_id = %(ended)s and e.channel = w.channel
where w.account_id = %(account)s order by w.channel for update of w
"""  # noqa: S608 - a constant of ours

_NOTE = """
insert into plan_credits as k (account_id, channel, credits, used)
select w.account_id, w.channel, %(credits)s, w.spent + w.held from wallets w
where w.account_id = %(account)s and w.channel = %(channel)s
on conflict (account_id, channel) do update set credits = excluded.credits, used = excluded.used
"""


async def begin_period(
    conn: AsyncConnection[Any], account_id: int, plan_id: int, note: str, entry: Entry, ended: Ended | None = None
) -> None:
    """Grant a plan's credits for a period, in the caller's transaction, which holds the account's lock.

    What is left of the credits of the period before stays, unless that has ``ended`` and its plan says otherwise.
    """
    cursor = await conn.execute(_CHANNELS, {"account": account_id, "plan": plan_id, "ended": ended and ended.plan_id})
    for channel, left, granted, carry_over, is_noted in await cursor.fetchall():
        kept = left if carry_over is None else min(left, carry_over)
        id_ = entry(channel, granted)
        if ended and left > kept:
            await take_back(conn, account_id, channel, left - kept, f"plan {ended.name}, not carried over", id_)
        if granted:
            await grant(conn, account_id, channel, granted, note, id_)
        if granted or is_noted:
            await conn.execute(_NOTE, {"account": account_id, "channel": channel, "credits": kept + granted})


async def of_account(pool: Connections, account_id: int) -> dict[str, PlanCredits]:
    """By channel, what an account's plan grants, and what is left of it; only channels on which there is any."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"""select w.channel, coalesce(g.credits, 0), coalesce({_LEFT}, 0), g.carry_over
                from wallets w join accounts a on a.id = w.account_id
                left join plan_credits k on k.account_id = w.account_id and k.channel = w.channel
                left join plan_channels g on g.plan_id = a.plan_id and g.channel = w.channel
                where w.account_id = %s order by w.channel""",  # noqa: S608 - a constant of ours
            (account_id,),
        )
        found = {channel: PlanCredits(*numbers) for channel, *numbers in await cursor.fetchall()}
    return {channel: one for channel, one in found.items() if one.credits or one.left}
