"""Credits that go from one account to another."""

from uuid import UUID

from domain.errors import InsufficientCreditError
from store.accounts.credits import check_amount, note_taken
from store.pool import Connections


async def transfer(
    pool: Connections, from_id: int, to_id: int, channel: str, amount: int, note: str, transfer_id: UUID
) -> None:
    """Move available credits from one account's wallet to another's, in a transaction that holds both accounts' locks.

    Raises:
        InvalidError: the amount is not a whole number from 1 to 10^12.
        InsufficientCreditError: less than that is available.
    """
    check_amount(amount)
    async with pool.connection() as conn, conn.transaction():
        # In one order, so that two transfers that cross cannot deadlock.
        await conn.execute(
            """select from wallets where account_id = any(%s::bigint[]) and channel = %s
               order by account_id for update""",
            ([from_id, to_id], channel),
        )
        cursor = await conn.execute(
            """update wallets set granted = granted - %(amount)s, available = available - %(amount)s
               where account_id = %(from)s and channel = %(channel)s and available >= %(amount)s""",
            {"from": from_id, "channel": channel, "amount": amount},
        )
        if cursor.rowcount == 0:
            raise InsufficientCreditError(
                "insufficient_credit", f"User {from_id} has fewer than {amount} {channel} credits available."
            )
        await note_taken(conn, from_id, channel)
        await conn.execute(
            """update wallets set granted = granted + %(amount)s, available = available + %(amount)s
               where account_id = %(to)s and channel = %(channel)s""",
            {"to": to_id, "channel": channel, "amount": amount},
        )
        await conn.execute(
            """insert into journal (account_id, channel, uid, attempt, kind, amount, note, other_account)
               select side.account_id, %(channel)s, %(uid)s, side.number, 'transfer', side.amount, %(note)s, side.other
               from (values (%(from)s::bigint, 0, -%(amount)s::bigint, %(to)s::bigint),
                            (%(to)s, 1, %(amount)s, %(from)s)) as side (account_id, number, amount, other)""",
            {"from": from_id, "to": to_id, "channel": channel, "amount": amount, "uid": transfer_id, "note": note},
        )
