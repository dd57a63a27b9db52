"""The ledger of credits: grants and deductions here, holds and settlement in the page functions.

Every change is an entry of the journal and a change of the wallet, in one transaction. An entry's id makes it
idempotent.
"""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from psycopg import AsyncConnection

from domain.errors import ConflictError, InsufficientCreditError, InvalidError, NotFoundError
from store.pool import Connections, Pool, long_transaction

LARGEST_AMOUNT = 10**12
"""The most credits that one entry can move."""


@dataclass(frozen=True, slots=True)
class Wallet:
    """The credits of an account on a channel: ``granted = available + held + spent``."""

    available: int
    held: int
    """Set aside for messages whose outcome is open."""
    spent: int
    granted: int
    """All that was ever granted or transferred here, less what was deducted or transferred away."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A wallet that differs from its journal."""

    account_id: int
    channel: str
    wallet: Wallet
    journal: Wallet


async def top_up(pool: Connections, account_id: int, channel: str, amount: int, note: str, grant_id: UUID) -> Wallet:
    """Grant credits, once per ``grant_id``. Returns the wallet afterwards.

    Raises:
        InvalidError: the amount is not a whole number from 1 to 10^12.
        NotFoundError: there is no such account.
        ConflictError: ``grant_id`` was used for another grant.
    """
    check_amount(amount)
    async with pool.connection() as conn, conn.transaction():
        await grant(conn, account_id, channel, amount, note, grant_id)
        return await _wallet(conn, account_id, channel)


async def deduct(pool: Connections, account_id: int, channel: str, amount: int, note: str, deduct_id: UUID) -> Wallet:
    """Take back available credits, once per ``deduct_id``. Returns the wallet afterwards.

    Raises:
        InvalidError: the amount is not a whole number from 1 to 10^12.
        NotFoundError: there is no such account.
        ConflictError: ``deduct_id`` was used for another deduction.
        InsufficientCreditError: less than that is available; nothing was taken.
    """
    check_amount(amount)
    async with pool.connection() as conn, conn.transaction():
        await take_back(conn, account_id, channel, amount, note, deduct_id)
        return await _wallet(conn, account_id, channel)


def check_amount(amount: int) -> None:
    """Refuse what is not a whole number from 1 to 10^12; ``True`` and ``1.0`` are none either.

    Raises:
        InvalidError: it is not.
    """
    if type(amount) is not int or not 1 <= amount <= LARGEST_AMOUNT:
        raise InvalidError("amount", f"The amount must be a whole number from 1 to {LARGEST_AMOUNT}.", "/amount")


async def grant(
    conn: AsyncConnection[Any], account_id: int, channel: str, amount: int, note: str, grant_id: UUID
) -> None:
    """``top_up`` as a part of the caller's transaction, which must be rolled back on an error of this."""
    if await _enter(conn, account_id, channel, amount, note, grant_id, "grant"):
        await conn.execute(
            """update wallets set granted = granted + %(amount)s, available = available + %(amount)s
               where account_id = %(account_id)s and channel = %(channel)s""",
            {"account_id": account_id, "channel": channel, "amount": amount},
        )


async def take_back(
    conn: AsyncConnection[Any], account_id: int, channel: str, amount: int, note: str, deduct_id: UUID
) -> None:
    """``deduct`` as a part of the caller's transaction, which must be rolled back on an error of this."""
    if await _enter(conn, account_id, channel, amount, note, deduct_id, "deduct"):
        cursor = await conn.execute(
            """update wallets set granted = granted - %(amount)s, available = available - %(amount)s
               where account_id = %(account_id)s and channel = %(channel)s and available >= %(amount)s""",
            {"account_id": account_id, "channel": channel, "amount": amount},
        )
        if cursor.rowcount == 0:
            raise InsufficientCreditError(
                "insufficient_credit", f"User {account_id} has fewer than {amount} {channel} credits available."
            )
        await note_taken(conn, account_id, channel)


async def note_taken(conn: AsyncConnection[Any], account_id: int, channel: str) -> None:
    """Note how much of the plan's credits is left after credits were taken, in the transaction that took them."""
    await conn.execute(_NO_MORE_OF_THE_PLAN, {"account": account_id, "channel": channel})


PLAN_LEFT = "least(k.credits, greatest(0, k.credits + k.used - w.spent - w.held))"
"""What is left of a plan's credits (``plan_credits`` k), by the wallet w: messages of the period spend them first."""

# What is taken back was topped up, if it can be. Once a plan's credits were taken, later top-ups are not its own.
_NO_MORE_OF_THE_PLAN = f"""
update plan_credits k set credits = k.credits + w.available - {PLAN_LEFT}
from wallets w where k.account_id = %(account)s and k.channel = %(channel)s
    and w.account_id = k.account_id and w.channel = k.channel and {PLAN_LEFT} > w.available
"""  # noqa: S608 - constants of ours


async def _enter(
    conn: AsyncConnection[Any],
    account_id: int,
    channel: str,
    amount: int,
    note: str,
    entry_id: UUID,
    kind: Literal["grant", "deduct"],
) -> bool:
    """Add an entry to the journal. Returns whether it is new; a repeat of the same entry is not."""
    cursor = await conn.execute(
        """insert into journal (account_id, channel, uid, attempt, kind, amount, note)
           select w.account_id, w.channel, %s, 0, %s, %s, %s
           from wallets w join accounts a on a.id = w.account_id
           where w.account_id = %s and w.channel = %s and a.status <> 'deleted'
           on conflict (uid, attempt, kind) do nothing""",
        (entry_id, kind, amount, note, account_id, channel),
    )
    if cursor.rowcount == 1:
        return True
    cursor = await conn.execute(
        "select account_id, channel, amount from journal where uid = %s and attempt = 0 and kind = %s", (entry_id, kind)
    )
    entry = await cursor.fetchone()
    if entry is None:
        raise _unknown(account_id)
    if entry != (account_id, channel, amount):
        raise ConflictError("entry_id_used", f"The id {entry_id} was used for another {kind}: give a new one.")
    return False


async def _wallet(conn: AsyncConnection[Any], account_id: int, channel: str) -> Wallet:
    cursor = await conn.execute(
        "select available, held, spent, granted from wallets where account_id = %s and channel = %s",
        (account_id, channel),
    )
    row = await cursor.fetchone()
    if row is None:
        raise _unknown(account_id)
    return Wallet(*row)


async def show(pool: Connections, account_id: int) -> dict[str, Wallet]:
    """An account's wallets by channel; those of a deleted account are still there.

    Raises:
        NotFoundError: there is no such account, or it is the admin, who has no wallets.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select channel, available, held, spent, granted from wallets where account_id = %s order by channel",
            (account_id,),
        )
        rows = await cursor.fetchall()
    if not rows:
        raise _unknown(account_id)
    return {channel: Wallet(*numbers) for channel, *numbers in rows}


_AUDIT = """
with journalled as (
    select account_id, channel,
           sum(amount * case kind when 'grant' then 1 when 'transfer' then 1 when 'release' then 1 when 'refund' then 1
                                  when 'deduct' then -1 when 'hold' then -1 else 0 end)::bigint as available,
           sum(amount * case kind when 'hold' then 1 when 'capture' then -1 when 'release' then -1 else 0 end)::bigint
               as held,
           sum(amount * case kind when 'capture' then 1 when 'refund' then -1 else 0 end)::bigint as spent,
           sum(amount * case kind when 'grant' then 1 when 'transfer' then 1 when 'deduct' then -1 else 0 end)::bigint
               as granted
    from journal group by account_id, channel
), compared as (
    select account_id, channel,
           array[coalesce(w.available, 0), coalesce(w.held, 0), coalesce(w.spent, 0), coalesce(w.granted, 0)] as wallet,
           array[coalesce(j.available, 0), coalesce(j.held, 0), coalesce(j.spent, 0), coalesce(j.granted, 0)] as journal
    from wallets w full join journalled j using (account_id, channel)
)
select account_id, channel, wallet, journal from compared where wallet <> journal order by account_id, channel
"""


async def audit(pool: Pool) -> list[Discrepancy]:
    """Add up the whole journal and compare it with the wallets. Returns the differences."""
    async with long_transaction(pool) as conn:
        rows = await (await conn.execute(_AUDIT)).fetchall()
    return [
        Discrepancy(account, channel, Wallet(*wallet), Wallet(*entries)) for account, channel, wallet, entries in rows
    ]


def _unknown(account_id: int) -> NotFoundError:
    return NotFoundError("account_not_found", f"There is no user {account_id}.")
