"""Campaigns that wait for the approval of the staff: it is asked for once for each run."""

from uuid import UUID

from psycopg.types.json import Jsonb

from domain.access.approvals import Sensitive
from store.access import approvals
from store.pool import Connections


async def is_held(store: Connections, run_id: UUID, done: Sensitive, account_id: int) -> bool:
    """Whether a run waits for an approval, or did not get it. If it needs one, that is noted."""
    async with store.connection() as conn:
        row = await (await conn.execute("select state from approvals where campaign_run = %s", (run_id,))).fetchone()
    if row is not None:
        return bool(row[0] != "approved")
    if await approvals.exceeded(store, [done]) is None:
        return False
    who = {"type": "user", "id": str(account_id), "name": "", "role": None}
    async with store.connection() as conn:
        await conn.execute(
            """insert into approvals (kind, amount, action, requested_by, targets, campaign_run)
               select %s, %s, %s, %s,
                      jsonb_build_array(jsonb_build_object('type', 'campaign', 'id', c.id, 'name', c.name)), r.id
               from campaign_runs r join campaigns c on c.id = r.campaign_id where r.id = %s
               on conflict do nothing""",
            (done.kind, done.amount, approvals.CAMPAIGN_LAUNCHED, Jsonb(who), run_id),
        )
    return True


async def needs_staff(store: Connections, run_id: UUID) -> bool:
    """Whether a run waits for the staff, or was denied by it."""
    async with store.connection() as conn:
        cursor = await conn.execute("select from approvals where campaign_run = %s and state <> 'approved'", (run_id,))
        return cursor.rowcount == 1


async def decided(store: Connections, most: int) -> list[tuple[int, UUID, str]]:
    """Decisions about campaigns that were not carried out yet: the approval, the run, and its state."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id, campaign_run, state from approvals where campaign_run is not null and applied_at is null
               and state <> 'pending' order by id limit %s""",
            (most,),
        )
        return [(approval_id, run_id, state) for approval_id, run_id, state in await cursor.fetchall()]
