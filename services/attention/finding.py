"""What needs attention: of an account, for its user; of the install, for what a role may see."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from services.attention.kinds import KINDS, Level
from store.alerts.alerts import Alert, all_alerts
from store.pool import Connections
from store.reports import attention
from store.reports.attention import KINDS_OF_ACCOUNT, KINDS_OF_ALL, MOST_COUNTED, Found

ALERT, SEES_ALERTS = "alert", "overview:read"
"""The kind of alerts of the install, which are items of their own; and who sees them."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that needs attention."""

    kind: str
    level: Level
    message: str
    remedy: str
    count: int
    more: bool
    """Whether there are more than are counted."""
    id: str | None
    name: str | None
    since: datetime | None


async def of_account(store: Connections, account_id: int) -> list[Item]:
    """Of one account, the worst first."""
    return _sorted([_item(found) for found in await attention.find(store, KINDS_OF_ACCOUNT, account_id)])


async def of_install(store: Connections, permissions: Collection[str]) -> list[Item]:
    """Of all accounts and of the install: alerts that last, and what these permissions show; the worst first."""
    kinds = [kind for kind in KINDS_OF_ALL if KINDS[kind].permission in permissions]
    items = [_item(found) for found in await attention.find(store, kinds)]
    alerts = await all_alerts(store, told_only=True) if SEES_ALERTS in permissions else []
    return _sorted([_of_alert(alert) for alert in alerts[:MOST_COUNTED]] + items)


def _item(found: Found) -> Item:
    kind = KINDS[found.kind]
    count, more = min(found.count, MOST_COUNTED), found.count > MOST_COUNTED
    return Item(found.kind, kind.level, kind.message, kind.remedy, count, more, found.id, found.name, found.since)


def _of_alert(alert: Alert) -> Item:
    level: Level = "failure" if alert.level == "failure" else "warning"
    return Item(ALERT, level, alert.message, alert.remedy, 1, False, str(alert.id), None, alert.found_at)


def _sorted(items: list[Item]) -> list[Item]:
    order = {ALERT: 0} | {kind: place for place, kind in enumerate(KINDS, 1)}
    return sorted(items, key=lambda item: (item.level != "failure", order[item.kind]))
