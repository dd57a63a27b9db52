"""Pages of messages with fallbacks, stored with what they are of until their workflow was started."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

import orjson

from domain.limits import PAGE_LIMITS
from domain.messages.fallback import Awaited
from domain.messages.page import PageHeader
from store.pool import Connections

_KEPT = (
    *("page_id", "account_id", "channel", "size", "due", "requested", "lane", "awaited", "senders", "purposes"),
    "templates",
)
"""What is set of the headers of such pages."""


async def put(store: Connections, header: PageHeader, content: bytes) -> None:
    """Have the page's workflow be started."""
    kept = {name: value for name, value in asdict(header).items() if name in _KEPT}
    async with store.connection() as conn:
        await conn.execute(
            "insert into automation_pages (page_id, account_id, header, content) values (%s, %s, %s, %s)",
            (UUID(header.page_id), header.account_id, orjson.dumps(kept).decode(), content),
        )


async def started(store: Connections, page_id: str) -> None:
    """Its workflow was started."""
    async with store.connection() as conn:
        await conn.execute("delete from automation_pages where page_id = %s", (UUID(page_id),))


async def unstarted(store: Connections, older_than_seconds: float) -> Sequence[tuple[PageHeader, bytes]]:
    """Pages whose workflow may not have been started."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select header, content from automation_pages
               where created_at <= clock_timestamp() - %s * interval '1 second' order by created_at limit 20""",
            (older_than_seconds,),
        )
        return [(_header(header), content) for header, content in await cursor.fetchall()]


def _header(kept: dict[str, object]) -> PageHeader:
    awaited = [Awaited(**one) for one in kept["awaited"]]  # type: ignore[attr-defined]
    return PageHeader(**{**kept, "awaited": awaited}, limits=PAGE_LIMITS)  # type: ignore[arg-type]
