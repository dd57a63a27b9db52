"""Rules for alerts of wallets that run low."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from domain.errors import FieldError, invalid, pointer
from services.accounts.users import find_account
from services.changes import Change
from store.credits import alerts
from store.credits.alerts import Threshold
from store.pool import Connections


async def read(pool: Connections, account_id: int) -> dict[str, Any]:
    """An account's alerts, by channel."""
    return {
        alert.channel: {name: value for name, value in asdict(alert).items() if name != "channel"}
        for alert in await alerts.of_account(pool, account_id)
    }


def thresholds(wanted: Mapping[str, Mapping[str, int | None] | None]) -> dict[str, Threshold]:
    """Thresholds by channel, as they stand in JSON; a channel with ``None`` has none.

    Raises:
        InvalidError: neither an amount nor a share is given for one of them, or both are.
    """
    found = {channel: Threshold(**one) for channel, one in wanted.items() if one is not None}
    if wrong := [channel for channel, one in found.items() if (one.amount is None) == (one.percent is None)]:
        message = "give either 'amount' or 'percent'"
        raise invalid([FieldError(pointer(channel), "alert_threshold", message) for channel in wrong])
    return found


async def put(change: Change, account_id: int, wanted: Mapping[str, Threshold]) -> dict[str, Any]:
    """Have a user hear of these wallets, and of no others.

    Raises:
        NotFoundError: there is no such user, or it is deleted.
    """
    await find_account(change, account_id)
    before = {alert.channel: _told(alert) for alert in await alerts.of_account(change.store, account_id)}
    await alerts.put(change.store, account_id, wanted)
    change.compare({"credit_alerts": before}, {"credit_alerts": {name: _told(one) for name, one in wanted.items()}})
    return await read(change.store, account_id)


def _told(alert: Threshold | alerts.Alert) -> dict[str, int | None]:
    return {"amount": alert.amount, "percent": alert.percent}
