"""Phones that stopped calling."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from store.pool import Connections

AFTER_SECONDS = 900.0
"""How long a phone may be away before its owner is told: Android may hold a sleeping app back for some minutes."""


@dataclass(frozen=True, slots=True)
class Away:
    """An account's phones that went away."""

    account_id: int
    gateway_ids: Sequence[UUID]
    names: Sequence[str]
    """Of the phones, in their order."""
    waiting: int
    """Messages that wait for a phone of one of these gateways."""


async def take_away(store: Connections, accounts: int) -> list[Away]:
    """Accounts with phones that are away and of which nobody was told. In the transaction that tells of them.

    A phone that has called since it was told of is told of again when it goes away again.
    """
    async with store.connection() as conn:
        await conn.execute(
            "update devices set told_offline_at = null where told_offline_at is not null and seen_at > told_offline_at"
        )
        cursor = await conn.execute(
            """with due as (
                   select id, account_id from devices
                   where state = 'active' and told_offline_at is null
                     and seen_at < clock_timestamp() - %s * interval '1 second'
                     and account_id in (
                         select account_id from devices where state = 'active' and told_offline_at is null
                             and seen_at < clock_timestamp() - %s * interval '1 second'
                         group by account_id order by account_id limit %s)
                   for no key update skip locked
               ), told as (
                   update devices d set told_offline_at = clock_timestamp() from due where d.id = due.id
                   returning d.account_id, d.gateway_id, d.name
               )
               select account_id, array_agg(distinct gateway_id), array_agg(name order by name),
                      (select count(*)::int from device_messages m
                       where m.state = 'waiting' and m.gateway_id = any(array_agg(distinct told.gateway_id)))
               from told group by account_id order by account_id""",
            (AFTER_SECONDS, AFTER_SECONDS, accounts),
        )
        return [Away(*row) for row in await cursor.fetchall()]
