"""Campaigns of accounts, and the runs in which they are sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.errors import NotFoundError
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign."""

    id: UUID
    account_id: int
    name: str
    channel: str
    plan: dict[str, Any]
    """What is sent, to whom and when, as it was given."""
    state: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """One sending of a campaign."""

    id: UUID
    campaign_id: UUID
    account_id: int
    workflow_id: str
    state: str
    reason: str | None
    """Why it failed."""
    due_at: datetime | None
    versions: dict[str, int]
    """By variant ("": there is one only) the version of its template."""
    people: int | None
    """How many were taken; ``None``: they have not been taken."""
    held_out: int | None
    credits: int | None
    winner: str | None
    decided_at: datetime | None
    approved_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


_COLUMNS = "id, account_id, name, channel, plan, state, created_at, updated_at"
RUN = """id, campaign_id, account_id, workflow_id, state, reason, due_at, versions, people, held_out, credits, winner,
          decided_at, approved_at, created_at, started_at, finished_at"""


async def page(
    store: Connections, account_id: int, state: str | None, before: UUID | None, limit: int
) -> Sequence[Campaign]:
    """Campaigns of an account, the newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Campaign)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from campaigns
                where account_id = %(account)s and (%(before)s::uuid is null or id < %(before)s)
                  and (%(state)s::text is null or state = %(state)s) order by id desc limit %(limit)s""",  # noqa: S608
            {"account": account_id, "before": before, "state": state, "limit": limit},
        )
        return await cursor.fetchall()


async def count(store: Connections, account_id: int) -> int:
    """How many an account has."""
    async with store.connection() as conn:
        row = await (
            await conn.execute("select count(*)::integer from campaigns where account_id = %s", (account_id,))
        ).fetchone()
    assert row is not None
    found: int = row[0]
    return found


async def get(store: Connections, account_id: int | None, campaign_id: UUID, *, lock: bool = False) -> Campaign:
    """A campaign; with an account only if it is that account's own.

    Raises:
        NotFoundError: there is none.
    """
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Campaign)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from campaigns
                where id = %(id)s and (%(account)s::bigint is null or account_id = %(account)s)
                {"for update" if lock else ""}""",  # noqa: S608 - constants of ours
            {"id": campaign_id, "account": account_id},
        )
        found = await cursor.fetchone()
    if found is None:
        raise NotFoundError("campaign_not_found", "there is no such campaign: GET /api/campaigns lists yours")
    return found


async def owners(store: Connections, campaign_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The accounts of those campaigns that there are."""
    async with store.connection() as conn:
        cursor = await conn.execute("select id, account_id from campaigns where id = any(%s)", (list(campaign_ids),))
        return dict(await cursor.fetchall())


async def add(
    store: Connections, id_: UUID, account_id: int, name: str, channel: str, plan: Mapping[str, Any]
) -> Campaign:
    """Save a draft."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Campaign)) as cursor:
        await cursor.execute(
            f"""insert into campaigns (id, account_id, name, channel, plan) values (%s, %s, %s, %s, %s)
                returning {_COLUMNS}""",  # noqa: S608 - a constant of ours
            (id_, account_id, name, channel, Jsonb(dict(plan))),
        )
        made = await cursor.fetchone()
    assert made is not None
    return made


async def change(store: Connections, campaign: Campaign) -> Campaign:
    """Write name, channel, plan and state of a campaign."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Campaign)) as cursor:
        await cursor.execute(
            f"""update campaigns set name = %s, channel = %s, plan = %s, state = %s, updated_at = clock_timestamp()
                where id = %s returning {_COLUMNS}""",  # noqa: S608 - a constant of ours
            (campaign.name, campaign.channel, Jsonb(campaign.plan), campaign.state, campaign.id),
        )
        changed = await cursor.fetchone()
    assert changed is not None
    return changed


async def remove(store: Connections, campaign_id: UUID) -> None:
    """Delete a campaign and its runs. The messages stay."""
    async with store.connection() as conn:
        await conn.execute("delete from campaigns where id = %s", (campaign_id,))


async def add_run(
    store: Connections,
    id_: UUID,
    campaign: Campaign,
    workflow_id: str,
    due_at: datetime | None,
    versions: Mapping[str, int],
    begun_by: str = "",
) -> Run:
    """Begin a run; the same one if ``begun_by`` (left out: its workflow) has begun it before."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(
            f"""insert into campaign_runs (id, campaign_id, account_id, workflow_id, due_at, versions, begun_by)
                values (%s, %s, %s, %s, %s, %s, %s)
                on conflict (begun_by) do update set begun_by = excluded.begun_by
                returning {RUN}""",  # noqa: S608 - a constant of ours
            (
                *(id_, campaign.id, campaign.account_id, workflow_id, due_at, Jsonb(dict(versions))),
                begun_by or workflow_id,
            ),
        )
        made = await cursor.fetchone()
    assert made is not None
    return made


async def run(store: Connections, run_id: UUID) -> Run | None:
    """A run; ``None``: its campaign was deleted."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(f"select {RUN} from campaign_runs where id = %s", (run_id,))  # noqa: S608
        return await cursor.fetchone()


async def runs(store: Connections, campaign_id: UUID, before: UUID | None, limit: int) -> Sequence[Run]:
    """Runs of a campaign, the newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(
            f"""select {RUN} from campaign_runs where campaign_id = %(campaign)s
                and (%(before)s::uuid is null or id < %(before)s) order by id desc limit %(limit)s""",  # noqa: S608
            {"campaign": campaign_id, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def open_runs(store: Connections, campaign_id: UUID) -> Sequence[Run]:
    """Runs of a campaign that have not ended."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(
            f"select {RUN} from campaign_runs where campaign_id = %s and finished_at is null order by id",  # noqa: S608
            (campaign_id,),
        )
        return await cursor.fetchall()


async def show_state(
    store: Connections, run_id: UUID, state: str, *, has_ended: bool = False, reason: str | None = None
) -> None:
    """Record what a run is doing, unless it has ended. The state of its campaign follows. ``reason``: why it failed."""
    async with store.connection() as conn:
        await conn.execute(
            """with changed as (
                   update campaign_runs set state = %(state)s, reason = %(reason)s,
                       started_at = case when %(state)s = 'running' then coalesce(started_at, clock_timestamp())
                                         else started_at end,
                       finished_at = case when %(ended)s then clock_timestamp() end
                   where id = %(run)s and finished_at is null returning campaign_id)
               update campaigns c set updated_at = clock_timestamp(),
                   state = case when %(ended)s and c.plan -> 'repeat' is not null and c.state <> 'cancelled'
                                then 'scheduled' else %(state)s end
               from changed where c.id = changed.campaign_id and (c.state <> 'cancelled' or %(ended)s)""",
            {"run": run_id, "state": state, "ended": has_ended, "reason": reason},
        )


async def set_state(store: Connections, campaign_id: UUID, state: str) -> None:
    """Record the state of a campaign that repeats, between two runs."""
    async with store.connection() as conn:
        await conn.execute(
            "update campaigns set state = %s, updated_at = clock_timestamp() where id = %s", (state, campaign_id)
        )


async def approve(store: Connections, run_id: UUID) -> None:
    """Note that a run may cost what it costs."""
    async with store.connection() as conn:
        await conn.execute(
            "update campaign_runs set approved_at = coalesce(approved_at, clock_timestamp()) where id = %s", (run_id,)
        )


async def note_credits(store: Connections, run_id: UUID, about: int) -> None:
    """Note what a run costs, about."""
    async with store.connection() as conn:
        await conn.execute("update campaign_runs set credits = %s where id = %s", (about, run_id))


async def decide(store: Connections, run_id: UUID, winner: str) -> str:
    """Note which variant the rest gets, once. Returns what was decided."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update campaign_runs set winner = coalesce(winner, %s),
                   decided_at = coalesce(decided_at, clock_timestamp()) where id = %s returning winner""",
            (winner, run_id),
        )
        row = await cursor.fetchone()
    assert row is not None
    decided: str = row[0]
    return decided


async def unstarted(store: Connections, older_than_seconds: float) -> list[tuple[UUID, UUID, int]]:
    """Runs whose workflow has not begun: id, campaign and account."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id, campaign_id, account_id from campaign_runs
               where finished_at is null and state = 'stored'
                 and created_at < clock_timestamp() - %s * interval '1 second' order by id limit 100""",
            (older_than_seconds,),
        )
        return [(run_id, campaign_id, account_id) for run_id, campaign_id, account_id in await cursor.fetchall()]
