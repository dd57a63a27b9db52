"""The guards of accounts."""

from typing import Any

from domain.audience.guards.settings import GuardSettings
from domain.errors import NotFoundError
from store.pool import Connections

_READ = """
select a.allowed_countries, g.pumping, g.prefix_per_hour, g.safe_numbers, g.quiet_hours, g.quiet_channels, g.quiet_from,
       g.quiet_to, g.per_day, g.per_week, g.over_cap
from accounts a left join account_guards g on g.account_id = a.id where a.id = %s
"""


async def read(store: Connections, account_id: int, *, lock: bool = False) -> GuardSettings:
    """Those of an account. ``lock``: nobody else changes them until the transaction ends.

    Raises:
        NotFoundError: there is no such account.
    """
    async with store.connection() as conn:
        row = await (await conn.execute(_READ + ("for update of a" if lock else ""), (account_id,))).fetchone()
    if row is None:
        raise NotFoundError("account_not_found", f"there is no user {account_id}")
    return of_row(row)


def of_row(row: Any) -> GuardSettings:
    """From the columns of ``account_guards`` after the account's countries; null: it was never set."""
    countries, pumping, prefix, safe, quiet, channels, begins, ends, day, week, over = row
    allowed = None if countries is None else frozenset(countries)
    if pumping is None:
        return GuardSettings(allowed)
    return GuardSettings(
        allowed, pumping, prefix, frozenset(safe), quiet == "on", frozenset(channels), begins, ends, day, week, over
    )


async def put(store: Connections, account_id: int, settings: GuardSettings) -> None:
    """Write them. What chooses gateways and what hands over obeys them from then on, in every process."""
    async with store.connection() as conn:
        await conn.execute(
            """with flags as (
                   update accounts set allowed_countries = %(countries)s, guards_all = %(of_all)s,
                       guards_marketing = %(of_marketing)s, guards_version = guards_version + 1 where id = %(account)s)
               insert into account_guards (account_id, pumping, prefix_per_hour, safe_numbers, quiet_hours,
                   quiet_channels, quiet_from, quiet_to, per_day, per_week, over_cap)
               values (%(account)s, %(pumping)s, %(prefix)s, %(safe)s, %(quiet)s, %(channels)s, %(from)s, %(to)s,
                   %(day)s, %(week)s, %(over)s)
               on conflict (account_id) do update set
                   pumping = excluded.pumping, prefix_per_hour = excluded.prefix_per_hour,
                   safe_numbers = excluded.safe_numbers, quiet_hours = excluded.quiet_hours,
                   quiet_channels = excluded.quiet_channels, quiet_from = excluded.quiet_from,
                   quiet_to = excluded.quiet_to, per_day = excluded.per_day, per_week = excluded.per_week,
                   over_cap = excluded.over_cap, updated_at = clock_timestamp()""",
            {
                "account": account_id,
                "countries": None if settings.countries is None else sorted(settings.countries),
                "of_all": settings.of_all,
                "of_marketing": settings.of_marketing,
                "pumping": settings.pumping,
                "prefix": settings.prefix_per_hour,
                "safe": sorted(settings.safe_numbers),
                "quiet": "on" if settings.quiet_hours else "off",
                "channels": sorted(settings.quiet_channels),
                "from": settings.quiet_from,
                "to": settings.quiet_to,
                "day": settings.per_day,
                "week": settings.per_week,
                "over": settings.over_cap,
            },
        )
