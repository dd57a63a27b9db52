"""Pages whose leads are posted to this install, though no source takes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.pool import Connections

KEPT_DAYS = 90
"""A page of which no lead came for so long is left out."""


@dataclass(frozen=True, slots=True)
class UnknownPage:
    """One page of Meta."""

    page_id: str
    leads: int
    """That were counted, and not kept."""
    first_at: datetime
    last_at: datetime


async def note(store: Connections, noted: Mapping[str, tuple[int, datetime, str]]) -> None:
    """Count leads: by page, how many, when the last one came, and why it was not kept. Old pages are forgotten."""
    rows = sorted(noted.items())
    columns = ([page for page, _ in rows], [count for _, (count, _, _) in rows], [at for _, (_, at, _) in rows])
    async with store.connection() as conn:
        await conn.execute(
            """insert into unknown_lead_pages as u (page_id, leads, first_at, last_at)
               select n.page_id, n.count, n.at, n.at
               from unnest(%s::text[], %s::bigint[], %s::timestamptz[]) as n (page_id, count, at)
               on conflict (page_id) do update
               set leads = u.leads + excluded.leads, last_at = greatest(u.last_at, excluded.last_at)""",
            columns,
        )
        await conn.execute(
            "delete from unknown_lead_pages where last_at < clock_timestamp() - %s * interval '1 day'", (KEPT_DAYS,)
        )


async def page(store: Connections, before: tuple[datetime, str] | None, limit: int) -> Sequence[UnknownPage]:
    """Those of which a lead came last, first. ``before``: the time and id after which to go on."""
    at, page_id = before or (None, "")
    async with store.connection() as conn, conn.cursor(row_factory=class_row(UnknownPage)) as cursor:
        await cursor.execute(
            """select page_id, leads, first_at, last_at from unknown_lead_pages
               where %(at)s::timestamptz is null or last_at < %(at)s or (last_at = %(at)s and page_id > %(page)s)
               order by last_at desc, page_id limit %(limit)s""",
            {"at": at, "page": page_id, "limit": limit},
        )
        return await cursor.fetchall()
