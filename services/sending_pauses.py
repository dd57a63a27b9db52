"""Rules for pausing all sending, that of a channel, or that of an account: what nobody has sent yet waits."""

from uuid import UUID

from domain.channels import Channel
from domain.errors import InvalidError, NotFoundError
from services.accounts.users import find_account
from services.changes import Change
from store import sending_pauses
from store.reputation import findings, pauses
from store.reputation.bad_reports import Subject, of_account
from store.reputation.pauses import GatewayPause
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
    ended = await sending_pauses.remove(change.store, account_id, channel)
    if account_id is not None and channel is not None:  # the reputation guard counts anew from now on
        await findings.end(change.store, of_account(account_id, channel))
    return ended


async def resume_gateway(change: Change, gateway_id: UUID) -> GatewayPause:
    """Have a gateway send messages again that are not transactional.

    Raises:
        NotFoundError: the reputation guard has not paused it.
    """
    change.about("gateway", gateway_id)
    ended = await pauses.resume_gateway(change.store, gateway_id)
    if ended is None:
        message = "the reputation guard has not paused this gateway: GET /api/admin/v1/pause-sending lists what is"
        raise NotFoundError("pause_not_found", message)
    change.metadata["gateway"] = ended.gateway
    await findings.end(change.store, Subject("gateway", str(gateway_id), 0, ""))
    return ended


async def _note(change: Change, account_id: int | None, channel: Channel | None) -> None:
    change.about("sending", channel or "all channels")
    if account_id is not None:
        await find_account(change, account_id)
