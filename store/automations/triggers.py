"""What begins runs."""

from collections.abc import Sequence
from dataclasses import fields

from store.automations.automations import Automation
from store.pool import Connections

_COLUMNS = ", ".join(f"a.{column.name}" for column in fields(Automation))


async def begun_by(
    store: Connections, account_id: int, named: Sequence[tuple[str, str]]
) -> list[tuple[Automation, list[int]]]:
    """Active automations with triggers of one of these kinds and names, and their places in the definition."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"""select {_COLUMNS}, array_agg(t.place::integer - 1 order by t.place)
                from unnest(%s::text[], %s::text[]) as n (kind, name)
                join automation_triggers t on t.account_id = %s and t.kind = n.kind and t.name = n.name
                join automations a on a.id = t.automation_id
                where a.state = 'active' group by a.id order by a.id""",  # noqa: S608 - constants of ours
            ([kind for kind, _ in named], [name for _, name in named], account_id),
        )
        return [(Automation(*row), places) for *row, places in await cursor.fetchall()]
