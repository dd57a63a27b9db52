"""What alerts say, and how they are handed to those that send them: in the transaction that notes them as told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.callbacks import EventType
from domain.messages.page import ADMIN_ACCOUNT
from runtime.settings import Settings
from services.alerts.deciding import News
from services.settings.current import read_current
from services.system_mail.recipients import staff_that_may
from services.system_mail.sending import is_set
from store.alerts import deliveries
from store.alerts.alerts import Alert
from store.callbacks import callbacks
from store.callbacks.callbacks import Notice
from store.pool import Connections

PERMISSION = "sending:pause"
"""Staff that may stop sending is mailed, if no addresses are set."""
_EVENTS: Mapping[News, EventType] = {
    "raised": EventType.ALERT_RAISED,
    "lasts": EventType.ALERT_LASTS,
    "ended": EventType.ALERT_ENDED,
}
_LONGEST_SUBJECT = 150

Told = Sequence[tuple[News, Alert]]


async def tell(store: Connections, settings: Settings, told: Told, now: datetime) -> set[UUID]:
    """Have news be mailed, posted to the chat, and posted to the admin's endpoints; these are returned, to be woken."""
    current = await read_current(store, settings.for_install)
    subject, message = subject_of(told), message_of(told, now, current.public_url)
    if await is_set(store):
        emails = current.alert_emails
        to = await staff_that_may(store, PERMISSION) if emails is None else emails
        await deliveries.add(store, "mail", to, subject, message)
    if settings.alert_slack_url.get_secret_value():
        await deliveries.add(store, "slack", [""], subject, message)
    notices = [
        Notice(ADMIN_ACCOUNT, _EVENTS[news], None, now, data_of(news, alert, now), f"{alert.id} {alert.tells}")
        for news, alert in told
    ]
    async with store.connection() as conn:
        return await callbacks.queue(conn, notices)


def data_of(news: News, alert: Alert, now: datetime) -> dict[str, Any]:
    """An alert, as callbacks show it."""
    return shown(alert) | {"ended_at": now if news == "ended" else None}


def shown(alert: Alert) -> dict[str, Any]:
    """An alert that lasts."""
    return {
        "id": alert.id,
        "key": alert.key,
        "check": alert.check_name,
        "level": alert.level,
        "message": alert.message,
        "remedy": alert.remedy,
        "since": alert.found_at,
        "last_told_at": alert.told_at,
    }


def subject_of(told: Told) -> str:
    """The subject of a mail: the first of the news, the worst ones first."""
    news, alert = _sorted(told)[0]
    what = alert.message if len(alert.message) <= _LONGEST_SUBJECT else alert.message[: _LONGEST_SUBJECT - 1] + "…"
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return f"{'Over' if news == 'ended' else alert.level.capitalize()}: {what}{more}"


def message_of(told: Told, now: datetime, install: str | None) -> str:
    """All news in plain text, a paragraph each."""
    parts = [_paragraph(news, alert, now) for news, alert in _sorted(told)]
    return "\n\n".join([*parts, f"Install: {install}"] if install else parts)


def _sorted(told: Told) -> Told:
    return sorted(told, key=lambda one: (one[0] == "ended", one[1].level != "failure", one[1].found_at))


def _paragraph(news: News, alert: Alert, now: datetime) -> str:
    if news == "ended":
        return f"OVER: {alert.message}\nIt lasted from {_time(alert.found_at)} to {_time(alert.seen_at)}."
    since = f"\nSince {_time(alert.found_at)}." if news == "lasts" else ""
    return f"{alert.level.upper()}: {alert.message}{since}\nWhat to do: {alert.remedy}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
