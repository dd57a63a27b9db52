"""Counters of messages: how many were accepted on a day, and what became of them (docs/decisions/0023-usage.md)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from store.connection import Connection
from store.pool import Connections, Pool, long_transaction

Group = Literal["day", "user", "channel", "gateway"]
"""What counters can be grouped by."""
Place = Sequence[Any]
"""Where a row stands in the order of a list: the values that it is grouped by."""

COUNTERS = ("accepted", "sent", "delivered", "failed", "unknown", "credits")

_SHOWN = ("accepted", "waiting", "sent", "delivered", "failed", "unknown", "credits")

_AT_A_TIME = 20_000


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages are counted; ``None``: all."""

    first: date
    last: date
    """Days (UTC) on which they were accepted."""
    account_id: int | None = None
    channel: str | None = None
    gateway_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Counters of a group of messages."""

    key: dict[Group, Any]
    """What they have in common; of a gateway the id, ``None`` if no gateway has had them."""
    gateway: str | None
    """The identifier of their gateway."""
    accepted: int
    """All of them."""
    sent: int
    """A gateway accepted them, and no more is known."""
    delivered: int
    failed: int
    unknown: int
    credits: int
    """Spent on them."""

    @property
    def place(self) -> Place:
        """Where it stands in the order of the list."""
        return [_NO_GATEWAY if value is None else value for value in self.key.values()]

    @property
    def waiting(self) -> int:
        """How many have no outcome yet."""
        return self.accepted - self.sent - self.delivered - self.failed - self.unknown

    def shown(self) -> dict[str, Any]:
        """The row as it is answered."""
        key: dict[str, Any] = {str(name): value for name, value in self.key.items()}
        if "user" in key:
            key["user_id"] = key.pop("user") or None
        if "gateway" in key:
            key["gateway_id"] = key.pop("gateway")
            key["gateway"] = self.gateway
        return key | {name: getattr(self, name) for name in _SHOWN}


_NO_GATEWAY = UUID(int=0)
_KEYS: dict[Group, str] = {
    "day": "day",
    "user": "account_id",
    "channel": "channel",
    "gateway": f"coalesce(gateway_id, '{_NO_GATEWAY}')",
}
_TYPES: dict[Group, str] = {"day": "date", "user": "bigint", "channel": "text", "gateway": "uuid"}
_CONDITIONS = ("account_id", "channel", "gateway_id")
_SUMS = ", ".join(f"sum({name})::bigint" for name in COUNTERS)
_COUNTS = " or ".join(f"sum({name}) <> 0" for name in COUNTERS)


async def page(
    pool: Connections, wanted: Filter, groups: Sequence[Group], place: Place | None, limit: int
) -> list[Usage]:
    """Counters after a place, by these groups; the latest day first."""
    given = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
    where = " and ".join(["day between %(first)s and %(last)s", *(f"{name} = %({name})s" for name in given)])
    keys = ", ".join(_KEYS[group] for group in groups)
    given |= {"first": wanted.first, "last": wanted.last, "limit": limit}
    given |= {f"at_{group}": value for group, value in zip(groups, place or (), strict=False)}
    after = f"({keys}) < ({', '.join(f'%(at_{group})s::{_TYPES[group]}' for group in groups)}) and " if place else ""
    query = f"""
        select {keys}, {_SUMS} from (
            select * from usage_days where {where} union all select * from usage_changes where {where}) as counted
        group by {keys} having {after}({_COUNTS})
        order by {", ".join(f"{_KEYS[group]} desc" for group in groups)} limit %(limit)s"""  # noqa: S608 - constants
    async with pool.connection() as conn:
        rows = await (await conn.execute(query, given)).fetchall()
        keyed = [(dict(zip(groups, row, strict=False)), row[len(groups) :]) for row in rows]
        ids = {key["gateway"] for key, _ in keyed if "gateway" in key} - {_NO_GATEWAY}
        names = await _identifiers(conn, ids) if ids else {}
    return [_usage(key, names, counters) for key, counters in keyed]


def _usage(key: dict[Group, Any], names: dict[UUID, str], counters: Sequence[int]) -> Usage:
    gateway_id = key.get("gateway")
    if gateway_id == _NO_GATEWAY:
        key["gateway"] = None
    return Usage(key, None if gateway_id is None else names.get(gateway_id), *counters)


async def _identifiers(conn: Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    rows = await conn.execute("select id, identifier from gateways where id = any(%s)", (list(ids),))
    return dict(await rows.fetchall())


_FOLD = f"""
with folded as (
    delete from usage_changes where ctid = any(array(select ctid from usage_changes limit %(limit)s)) returning *
), written as (
    insert into usage_days as d (day, account_id, channel, gateway_id, {", ".join(COUNTERS)})
    select day, account_id, channel, gateway_id, {_SUMS} from folded
    group by day, account_id, channel, gateway_id order by day, account_id, channel, gateway_id
    on conflict (day, account_id, channel, gateway_id) do update set
        {", ".join(f"{name} = d.{name} + excluded.{name}" for name in COUNTERS)}
)
select count(*) from folded
"""  # noqa: S608 - constants of ours


async def fold(pool: Pool) -> None:
    """Add up what statements noted of changed messages. Readers see the same before and after."""
    folded = _AT_A_TIME
    while folded == _AT_A_TIME:
        async with long_transaction(pool) as conn:
            row = await (await conn.execute(_FOLD, {"limit": _AT_A_TIME})).fetchone()
            folded = row[0] if row else 0
