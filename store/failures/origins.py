"""What had a message sent: a step of an automation, or a lead that it answers."""

from uuid import UUID

from store.pool import Connections

_ORIGIN = """
select (select a.key from automation_sends s join automation_runs r on r.id = s.run_id
        join automations a on a.id = r.automation_id where s.uid = %(uid)s),
       (select s.step from automation_sends s where s.uid = %(uid)s),
       (select o.key from leads l join lead_sources o on o.id = l.source_id where l.reply_uid = %(uid)s limit 1)
"""


async def of_message(store: Connections, uid: UUID) -> tuple[str | None, str | None, str | None]:
    """Key of the automation, the step of it, and key of the source of the lead."""
    async with store.connection() as conn:
        row = await (await conn.execute(_ORIGIN, {"uid": uid})).fetchone()
    assert row is not None
    automation, step, lead_source = row
    return automation, step, lead_source
