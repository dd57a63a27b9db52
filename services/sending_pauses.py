"""Rules for pausing all sending, that of a channel, or that of an account: what nobody has sent yet waits."""

from domain.channels import Channel
from domain.errors import InvalidError
from services.accounts.users import find_account
from services.changes import Change
from store import sending_pauses
from store.sending_pauses import SendingPause


async def pause_sending(change: Change, account_id: int | None, channel: Channel | None, reason: str) -> SendingPause:
    """Pause sending from now on; pausing what is paused changes the reason.

    Raises:
        NotFoundError: there is no such account.
        InvalidError: there is no reason.
    """
    if not reason.strip():
        raise InvalidError("reason_missing", "say why sending is paused: others will read it", "/reason")
    await _note(change, account_id, channel)
    change.reason = reason
    return await sending_pauses.add(change.store, account_id, channel, reason, change.actor.name or change.actor.type)


async def resume_sending(change: Change, account_id: int | None, channel: Channel | None) -> SendingPause:
    """End a pause of exactly this; what waited goes on within seconds, unless another pause covers it.

    Raises:
        NotFoundError: there is no such account, or this is not paused.
    """
    await _note(change, account_id, channel)
    return await sending_pauses.remove(change.store, account_id, channel)


async def _note(change: Change, account_id: int | None, channel: Channel | None) -> None:
    change.about("sending", channel or "all channels")
    if account_id is not None:
        await find_account(change, account_id)
