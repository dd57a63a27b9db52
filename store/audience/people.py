"""Providers' ids of persons: WhatsApp hides some numbers, and uses other forms of others."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

Known = tuple[UUID, str, str]
"""A gateway, a person's id there, and the number."""


async def note(conn: AsyncConnection[TupleRow], channel: str, known: Sequence[Known]) -> None:
    """Note numbers. An opt-out that was made when only the id was known applies to the number, too."""
    if not known:
        return
    gateways, ids, numbers = zip(*sorted(set(known)), strict=True)
    await conn.execute(
        "select note_person_ids(%s, %s::uuid[], %s::text[], %s::text[])",
        (channel, list(gateways), list(ids), list(numbers)),
    )


async def note_recipients(conn: AsyncConnection[TupleRow], ids: Mapping[UUID, str]) -> None:
    """Note the recipients' ids that a gateway returned when it accepted messages."""
    await conn.execute(
        """select note_person_ids(m.channel, array_agg(m.gateway_id order by m.uid), array_agg(u.id order by m.uid),
                                  array_agg(m.recipient order by m.uid))
           from unnest(%s::uuid[], %s::text[]) as u (uid, id) join messages m using (uid)
           where m.gateway_id is not null group by m.channel""",
        (list(ids), list(ids.values())),
    )


async def number_of(conn: AsyncConnection[TupleRow], gateway_id: UUID, id_: str, answers: str | None) -> str | None:
    """The number of an id, as noted, or from our message that is being answered (by its provider's id)."""
    cursor = await conn.execute(
        """select number from person_ids where gateway_id = %(gateway)s and id = %(id)s
           union all
           select m.recipient from receipt_ids r join messages m using (uid)
               where r.gateway_id = %(gateway)s and r.provider_id = %(answers)s
           limit 1""",
        {"gateway": gateway_id, "id": id_, "answers": answers},
    )
    row = await cursor.fetchone()
    return row[0] if row else None
