"""Rules for suppressions that people write or end by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.channels import Channel
from domain.errors import InvalidError
from domain.recipients import InvalidRecipient, normalise_email, normalise_number
from services.accounts.users import find_account
from services.audience.consent.lists import ListedSuppression
from services.changes import Change
from store.audience import suppressions
from store.audience.suppressions import Suppression

LONGEST_REASON = 200
_AT_A_TIME = 2000


async def suppress(change: Change, account_id: int, channel: Channel, recipient: str, reason: str) -> Suppression:
    """Have a recipient get no more messages of an account on a channel; also those that wait.

    Raises:
        NotFoundError: there is no such account.
        InvalidError: this is no recipient of this channel.
    """
    await find_account(change, account_id)
    change.metadata |= {"channel": channel}
    change.reason = reason
    return await suppressions.add(change.store, account_id, channel, canonical(channel, recipient), reason or "by hand")


async def unsuppress(change: Change, account_id: int, channel: Channel, recipient: str) -> Suppression:
    """Let an account send to a recipient again.

    Raises:
        NotFoundError: there is no such account, or the recipient is not suppressed.
        InvalidError: this is no recipient of this channel.
    """
    await find_account(change, account_id)
    change.metadata |= {"channel": channel}
    return await suppressions.remove(change.store, account_id, channel, canonical(channel, recipient))


async def write(
    change: Change, account_id: int, channel: Channel, recipient: str, reason: str, until: datetime | None
) -> Suppression:
    """Write a suppression as it is given, over the one that is there: its reason, and when it ends.

    Raises:
        NotFoundError: there is no such account.
        InvalidError: this is no recipient of this channel, or the time has passed.
    """
    await find_account(change, account_id)
    if until is not None and until <= datetime.now(UTC):
        raise InvalidError("until", "give a time to come, or null", "/until")
    change.metadata |= {"channel": channel}
    change.reason = reason
    to = canonical(channel, recipient)
    return await suppressions.write(change.store, account_id, channel, to, reason or "by hand", until)


async def add_list(change: Change, account_id: int, rows: Sequence[ListedSuppression]) -> int:
    """Add a list; who is suppressed already stays so, for the first reason. Returns how many are new.

    Raises:
        NotFoundError: there is no such account.
    """
    await find_account(change, account_id)
    added = 0
    for start in range(0, len(rows), _AT_A_TIME):
        part = rows[start : start + _AT_A_TIME]
        columns = (
            [row.channel for row in part],
            [row.recipient for row in part],
            [row.reason for row in part],
            [row.created_at for row in part],
            [row.until for row in part],
            [row.uid for row in part],
        )
        added += await suppressions.add_many(change.store, account_id, *columns)
    change.metadata |= {"added": added}
    return added


def canonical(channel: Channel, recipient: str) -> str:
    """A recipient as messages have it; numbers need their country code.

    Raises:
        InvalidError: this is no recipient of this channel.
    """
    try:
        return normalise_email(recipient) if channel is Channel.EMAIL else normalise_number(recipient, None)
    except InvalidRecipient as error:
        raise InvalidError(error.code, error.message, "/recipient") from None
