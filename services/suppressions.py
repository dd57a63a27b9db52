"""Rules for suppressions that people write or end by hand."""

from domain.channels import Channel
from domain.errors import InvalidError
from domain.recipients import InvalidRecipient, normalise_email, normalise_number
from services.accounts.users import find_account
from services.changes import Change
from store.audience import suppressions
from store.audience.suppressions import Suppression

LONGEST_REASON = 200


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


def canonical(channel: Channel, recipient: str) -> str:
    """A recipient as messages have it; numbers need their country code.

    Raises:
        InvalidError: this is no recipient of this channel.
    """
    try:
        return normalise_email(recipient) if channel is Channel.EMAIL else normalise_number(recipient, None)
    except InvalidRecipient as error:
        raise InvalidError(error.code, error.message, "/recipient") from None
