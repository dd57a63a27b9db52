"""Campaigns that wait for the approval of the staff: it is asked for once for each run."""

from uuid import UUID

from psycopg.types.json import Jsonb

from domain.access.approvals import Sensitive
from store.access import approvals
from store.pool import Connections


async def is_held(store: Connections, run_id: UUID, done: Sensitive, account_id: int) -> bool:
    """Whether a run waits for an approval, or did not get it. If it needs one, that is noted."""
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                """select a.state from campaign_approvals c join approvals a on a.id = c.approval_id
                   where c.run_id = %s""",
                (run_id,),
            )
        ).fetchone()
    if row is not None:
        return bool(row[0] != "approved")
    if await approvals.exceeded(store, [done]) is None:
        return False
    who = {"type": "user", "id": str(account_id), "name": "", "role": None}
    async with store.connection() as conn:
        await conn.execute(
            """with run as (
                   select r.id, c.id as campaign_id, c.name
                   from campaign_runs r join campaigns c on c.id = r.campaign_id where r.id = %(run)s for update of r),
               made as (
                   insert into approvals (kind, amount, action, requested_by, targets)
                   select %(kind)s, %(amount)s, %(action)s, %(who)s, jsonb_build_array(
                       jsonb_build_object('type', 'campaign', 'id', campaign_id, 'name', name))
                   from run where not exists (select from campaign_approvals a where a.run_id = run.id) returning id)
               insert into campaign_approvals (run_id, approval_id) select run.id, made.id from run, made""",
            {
                **{"kind": done.kind, "amount": done.amount, "action": approvals.CAMPAIGN_LAUNCHED},
                **{"who": Jsonb(who), "run": run_id},
            },
        )
    return True


async def needs_staff(store: Connections, run_id: UUID) -> bool:
    """Whether a run waits for the staff, or was denied by it."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select from campaign_approvals c join approvals a on a.id = c.approval_id
               where c.run_id = %s and a.state <> 'approved'""",
            (run_id,),
        )
        return cursor.rowcount == 1


async def decided(store: Connections, most: int) -> list[tuple[int, UUID, str]]:
    """Decisions about campaigns that were not carried out yet: the approval, the run, and its state."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select a.id, c.run_id, a.state from campaign_approvals c join approvals a on a.id = c.approval_id
               where a.applied_at is null and a.state <> 'pending' order by a.id limit %s""",
            (most,),
        )
        return [(approval_id, run_id, state) for approval_id, run_id, state in await cursor.fetchall()]
