"""Messages of automations that are on their way."""

from uuid import UUID

from store.pool import Connections


async def of_automation(store: Connections, automation_id: UUID) -> int:
    """How many are made, and neither sent nor failed: by the counters, as there may be millions."""
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                """select greatest(0, coalesce(sum(case c.kind when 'step' then c.n else -c.n end), 0))::bigint
                   from (select kind, name, n from automation_counts where automation_id = %(of)s
                         union all
                         select kind, name, n from automation_changes where automation_id = %(of)s) as c
                   where c.kind = 'step' and c.name = 'sent'
                      or c.kind = 'message' and c.name in ('sent', 'delivered', 'failed', 'unknown')""",
                {"of": automation_id},
            )
        ).fetchone()
    assert row is not None
    number: int = row[0]
    return number
