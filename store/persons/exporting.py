"""What an account has of a person, as rows of JSON, table by table."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from store.operations.exports import Rows
from store.persons.finding import BY_ADDRESS, BY_KEY, Known
from store.pool import Connections

_OF_CONTACTS: LiteralString = "t.contact_id = any(%(contacts)s::uuid[])"
_RUNS: LiteralString = f"""automation_runs t join automations a on a.id = t.automation_id
    where a.account_id = %(account)s and {_OF_CONTACTS}"""
_BY_KEY: LiteralString = f"t.account_id = %(account)s and {BY_KEY}"
_BY_ADDRESS: LiteralString = f"t.account_id = %(account)s and {BY_ADDRESS}"

_TABLES: dict[str, LiteralString] = {
    "contacts": "contacts t where t.account_id = %(account)s and t.id = any(%(contacts)s::uuid[])",
    "contact_groups": """contact_groups t where t.account_id = %(account)s and exists (
        select from contacts c where c.id = any(%(contacts)s::uuid[]) and t.id = any(c.groups))""",
    "contact_events": f"contact_events t where t.account_id = %(account)s and {_OF_CONTACTS} order by t.at",
    "consents": f"consents t where {_BY_KEY}",
    "consent_history": f"consent_events t where {_BY_KEY} order by t.id",
    "consent_pauses": f"consent_pauses t where {_BY_KEY}",
    "subscribe_requests": f"subscribe_requests t where {_BY_KEY} order by t.created_at",
    "suppressions": f"suppressions t where {_BY_ADDRESS}",
    "marketing_opt_outs": f"marketing_opt_outs t where {_BY_ADDRESS}",
    "inbound": """inbound_messages t where t.account_id = %(account)s and t.sender = any(%(recipients)s::text[])
        order by t.received_at""",
    "automation_runs": f"{_RUNS} order by t.entered_at",
    "automation_steps": """automation_steps t where t.run_id = any(array(select r.id from automation_runs r
        join automations a on a.id = r.automation_id
        where a.account_id = %(account)s and r.contact_id = any(%(contacts)s::uuid[]))) order by t.run_id, t.number""",
}


async def rows(store: Connections, known: Known) -> dict[str, Rows]:
    """What belongs to no message, by file."""
    found: dict[str, Rows] = {}
    async with store.connection() as conn:
        for name, table in _TABLES.items():
            cursor = await conn.execute(
                f"select '', (to_jsonb(t))::text from {table}",  # noqa: S608 - constants of ours
                known.parameters(),
            )
            found[name] = await cursor.fetchall()
    return found


async def messages(store: Connections, uids: Sequence[UUID]) -> Rows:
    """These messages."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select uid::text, (to_jsonb(m))::text from messages m where uid = any(%s) order by uid", (list(uids),)
        )
        return await cursor.fetchall()


async def lead(store: Connections, lead_id: UUID) -> tuple[str, bytes | None]:
    """A lead as a row, and what is sealed of it."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select (to_jsonb(l) - 'sealed' - 'digest')::text, sealed from leads l where id = %s", (lead_id,)
        )
        row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]
