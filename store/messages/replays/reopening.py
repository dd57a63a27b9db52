"""Has messages that failed wait to be sent again, with their credits held anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from store.pool import Connections


@dataclass(frozen=True, slots=True, order=True)
class Share:
    """What messages that are reopened together have in common. Wallets are locked in the order of shares."""

    account_id: int
    channel: str
    key_id: str
    """``""``: none."""
    test: bool
    exempt: bool
    """Whether they are sent despite opt-outs."""
    is_unknown: bool
    """Whether they may have arrived."""


async def reopen(store: Connections, shares: Mapping[Share, Sequence[UUID]]) -> Mapping[UUID, str | None]:
    """Reopen messages that the caller has locked; the uids of each share are in their order.

    Returns for each why it stays as it is, as a code; ``None``: it was reopened.
    """
    codes: dict[UUID, str | None] = {}
    async with store.connection() as conn:
        for share in sorted(shares):
            cursor = await conn.execute(
                "select message, code from reopen_messages(%s, %s, %s, %s, %s, %s, %s::uuid[])",
                (
                    share.account_id,
                    share.channel,
                    share.key_id or None,
                    share.test,
                    share.exempt,
                    share.is_unknown,
                    list(shares[share]),
                ),
            )
            codes |= dict(await cursor.fetchall())
    return codes
