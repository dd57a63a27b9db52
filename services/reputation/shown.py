"""What is shown of a reputation: rates in each window, what was found, what to do about it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from domain.reputation.rules import Mode, advice, limits_of, rate
from services.accounts.users import find_account
from services.changes import Change
from services.reputation.warm_ups import shown as warm_up_shown
from services.settings.current import read_current
from store.gateways import gateways
from store.pool import Connections, Pool
from store.reputation import bad_reports, findings, pauses, warm_ups
from store.reputation.bad_reports import Subject, of_account
from store.reputation.findings import Finding
from store.reputation.modes import guard_of, set_guard
from store.reputation.warm_ups import Warmed

_COUNTED = 20_000
"""Messages that are counted at most for one rate."""
_FINDINGS = 50


async def of_user(pool: Pool, environment: Mapping[str, Any], account_id: int) -> dict[str, Any]:
    """The reputation of an account, on each channel with a bad report.

    Raises:
        NotFoundError: there is no such account.
    """
    own = await guard_of(pool, account_id)
    channels = []
    for channel in await bad_reports.channels_used(pool, account_id):
        rates = await _rates(pool, of_account(account_id, channel))
        paused = await pauses.of_account(pool, account_id, channel)
        channels.append({"channel": channel, "paused": paused, "rates": rates})
    return {
        "guard": own or (await read_current(pool, environment)).reputation_guard,
        "channels": channels,
        "findings": [_shown(one) for one in await findings.latest(pool, account_id, None, _FINDINGS)],
        "warm_ups": [warm_up_shown(one) for one in await warm_ups.of_owner(pool, account_id)],
    }


async def of_gateway(pool: Pool, gateway_id: UUID) -> dict[str, Any]:
    """The reputation of a gateway.

    Raises:
        NotFoundError: there is none of this id.
    """
    gateway = await gateways.get(pool, gateway_id)
    paused = {one.gateway_id: one.reason for one in await pauses.gateway_pauses(pool)}
    subject = Subject("gateway", str(gateway_id), 0, gateway.channel)
    warm_up = await warm_ups.of(pool, Warmed(gateway_id))
    return {
        "gateway_id": gateway_id,
        "channel": gateway.channel,
        "paused": paused.get(gateway_id),
        "rates": await _rates(pool, subject),
        "findings": [_shown(one) for one in await findings.latest(pool, 0, gateway_id, _FINDINGS)],
        "warm_up": None if warm_up is None else warm_up_shown(warm_up),
    }


async def _rates(pool: Pool, subject: Subject) -> list[dict[str, Any]]:
    rates = []
    sent = {hours: await bad_reports.count_sent(pool, subject, hours, None, _COUNTED) for hours in (1, 24)}
    for limit in limits_of(subject.channel):
        assert limit.hours is not None
        bad, of = await bad_reports.count_bad(pool, subject, limit.signal, limit.hours, None), sent[limit.hours]
        level = limit.judge(bad, of)
        rates.append(
            {
                "signal": limit.signal,
                "hours": limit.hours,
                "bad": bad,
                "sent": of,
                "more_sent": of == _COUNTED,
                "rate": round(rate(bad, of), 5),
                "warn_from": limit.warn,
                "pause_from": limit.pause,
                "level": level,
                "advice": None if level is None else advice(limit.signal),
            }
        )
    return rates


async def set_mode(change: Change, account_id: int, mode: Mode | None) -> dict[str, Any]:
    """Set what the guard may do to an account; ``None``: as for the whole install.

    Raises:
        NotFoundError: there is no such account, or it is deleted.
    """
    await find_account(change, account_id)
    before = await guard_of(change.store, account_id)
    await set_guard(change.store, account_id, mode)
    change.compare({"reputation_guard": before}, {"reputation_guard": mode})
    return {"user_id": account_id, "guard": mode}


async def why_held(pool: Connections, account_id: int, channel: str, gateway: str | None) -> str:
    """Why the guard holds messages of an account. The figures of a gateway that others use as well are not told."""
    if why := await pauses.of_account(pool, account_id, channel):
        return why
    return (
        f"too many messages through the gateway {gateway} bounced, or were reported: only transactional ones are sent"
    )


def _shown(finding: Finding) -> dict[str, Any]:
    return {name: value for name, value in asdict(finding).items() if name != "account_id"}
