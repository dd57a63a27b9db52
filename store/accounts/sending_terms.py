"""What decides how an account's recipients are read, where no key is looked up that would bring it along."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row

from store.links import settings
from store.pool import Connections

COUNTRIES = """case
    when a.allowed_countries is null then p.allowed_countries
    when coalesce(cardinality(p.allowed_countries), 0) = 0 then a.allowed_countries
    else coalesce(nullif(array(select unnest(a.allowed_countries) intersect select unnest(p.allowed_countries)),
                         array[]::text[]), array['ZZ']) end"""
"""Countries that both the plan ``p`` and the guards of an account ``a`` allow; null: all. ``ZZ``: none."""


@dataclass(frozen=True, slots=True)
class SendingTerms:
    """Settings of an account and its plan."""

    status: str
    time_zone: str
    default_region: str | None
    plan_countries: list[str] | None
    rates_version: int | None
    templates_version: int
    links: dict[str, Any] | None
    """As in ``Principal``."""


async def read(store: Connections, account_id: int) -> SendingTerms | None:
    """Those of an account; ``None``: there is none."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(SendingTerms)) as cursor:
        await cursor.execute(
            f"""select a.status, a.time_zone, a.default_region, {COUNTRIES} as plan_countries, p.rates_version,
                   a.templates_version, {settings.OF_ACCOUNT} as links
               from accounts a left join plans p on p.id = a.plan_id where a.id = %s""",  # noqa: S608 - a constant of ours
            (account_id,),
        )
        return await cursor.fetchone()
