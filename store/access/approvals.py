"""Policies of what a second person must approve, and what waits for that. Every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import class_row

from domain.access.approvals import ApprovalKind, ApprovalState, Sensitive
from domain.errors import ConflictError, NotFoundError
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Policy:
    """A kind of change that needs approval."""

    kind: ApprovalKind
    above: int
    """From which amount on; of kinds without one it is 0."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """A change that waits for a second person, or waited."""

    id: int
    kind: ApprovalKind
    amount: int
    action: str
    requested_by: dict[str, Any]
    targets: list[dict[str, str]]
    batch_id: UUID | None
    state: ApprovalState
    reason: str
    decided_by: dict[str, Any] | None
    decided_at: datetime | None
    created_at: datetime
    expires_at: datetime
    details: dict[str, Any]
    """What it would do, and why it was asked for: ``reason``, ``changes`` and ``metadata`` as in the audit log.

    Empty for batches and campaigns, which tell it themselves.
    """

    @property
    def is_of_messages(self) -> bool:
        """Whether a batch or a campaign waits for it, and nothing else is to be done again."""
        return self.batch_id is not None or self.action == CAMPAIGN_LAUNCHED


CAMPAIGN_LAUNCHED = "campaign.launched"
_COLUMNS = """id, kind, amount, action, requested_by, targets, batch_id, state, reason, decided_by, decided_at,
              created_at, expires_at, details"""


async def policies(pool: Connections) -> list[Policy]:
    """All policies."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Policy)) as cursor:
        await cursor.execute("select kind, above, created_at from approval_policies order by kind")
        return await cursor.fetchall()


async def put_policy(pool: Connections, kind: ApprovalKind, above: int) -> Policy:
    """Have a kind of change need approval."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Policy)) as cursor:
        await cursor.execute(
            """insert into approval_policies (kind, above) values (%s, %s)
               on conflict (kind) do update set above = excluded.above returning kind, above, created_at""",
            (kind, above),
        )
        policy = await cursor.fetchone()
    assert policy is not None
    return policy


async def delete_policy(pool: Connections, kind: ApprovalKind) -> None:
    """Have a kind of change need no approval.

    Raises:
        NotFoundError: it needs none.
    """
    async with pool.connection() as conn:
        if (await conn.execute("delete from approval_policies where kind = %s", (kind,))).rowcount == 0:
            raise NotFoundError("policy_not_found", f"there is no policy for {kind}: it needs no approval")


async def exceeded(pool: Connections, done: Sequence[Sensitive]) -> Sensitive | None:
    """The first of these that needs approval; ``None``: none does."""
    limits = {policy.kind: policy.above for policy in await policies(pool)} if done else {}
    return next(
        (one for one in done if one.kind in limits and (one.amount is None or one.amount > limits[one.kind])), None
    )


async def add(
    pool: Connections,
    sensitive: Sensitive,
    action: str,
    requested_by: dict[str, Any],
    targets: Sequence[dict[str, str]],
    batch_id: UUID | None = None,
    details: Mapping[str, Any] | None = None,
) -> Approval:
    """Note a change that waits. A batch's is noted once."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Approval)) as cursor:
        await cursor.execute(
            f"""insert into approvals (kind, amount, action, requested_by, targets, batch_id, details)
                values (%s, %s, %s, %s, %s, %s, %s) returning {_COLUMNS}""",  # noqa: S608 - a constant of ours
            (
                *(sensitive.kind, sensitive.amount or 0, action, orjson.dumps(requested_by).decode()),
                *(orjson.dumps(list(targets)).decode(), batch_id, orjson.dumps(details or {}, default=str).decode()),
            ),
        )
        approval = await cursor.fetchone()
    assert approval is not None
    return approval


async def keep_request(pool: Connections, approval_id: int, sealed: bytes) -> None:
    """Keep the request of a change, sealed: it is made again once it is approved."""
    async with pool.connection() as conn:
        await conn.execute("update approvals set request = %s where id = %s", (sealed, approval_id))


async def request_of(pool: Connections, approval_id: int) -> bytes:
    """The sealed request of what waits.

    Raises:
        ConflictError: it was decided, or has expired.
    """
    async with pool.connection() as conn:
        row = await (await conn.execute("select request from approvals where id = %s", (approval_id,))).fetchone()
    if row is None or row[0] is None:
        raise _decided()
    request: bytes = row[0]
    return request


async def get(pool: Connections, approval_id: int) -> Approval:
    """One of them.

    Raises:
        NotFoundError: there is none of this id.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Approval)) as cursor:
        await cursor.execute(f"select {_COLUMNS} from approvals where id = %s", (approval_id,))  # noqa: S608
        approval = await cursor.fetchone()
    if approval is None:
        raise NotFoundError("approval_not_found", f"there is no approval {approval_id}")
    return approval


async def page(pool: Connections, state: ApprovalState | None, below: int, limit: int) -> list[Approval]:
    """Those with smaller ids than ``below``, the newest first."""
    of_state = "" if state is None else "state = %(state)s and"
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Approval)) as cursor:
        await cursor.execute(
            f"select {_COLUMNS} from approvals where {of_state} id < %(below)s order by id desc limit %(limit)s",  # noqa: S608
            {"state": state, "below": below, "limit": limit},
        )
        return await cursor.fetchall()


async def decide(
    pool: Connections, approval_id: int, state: ApprovalState, by: dict[str, Any], reason: str = ""
) -> Approval:
    """Approve or deny, once.

    Raises:
        ConflictError: it was decided, or has expired.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Approval)) as cursor:
        await cursor.execute(
            f"""update approvals set state = %s, decided_by = %s, decided_at = clock_timestamp(), reason = %s,
                    request = null
                where id = %s and state = 'pending' and expires_at > clock_timestamp() returning {_COLUMNS}""",  # noqa: S608
            (state, orjson.dumps(by).decode(), reason, approval_id),
        )
        approval = await cursor.fetchone()
    if approval is None:
        raise _decided()
    return approval


def _decided() -> ConflictError:
    return ConflictError("approval_decided", "this was decided before, or has expired")


async def expire(pool: Connections, most: int) -> list[Approval]:
    """Expire those whose time is over, at most so many. Returns them."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Approval)) as cursor:
        await cursor.execute(
            f"""update approvals set state = 'expired', decided_at = clock_timestamp(), request = null
                where id in (select id from approvals where state = 'pending' and expires_at <= clock_timestamp()
                             order by expires_at limit %s for update skip locked) returning {_COLUMNS}""",  # noqa: S608
            (most,),
        )
        return await cursor.fetchall()


async def decided_batches(pool: Connections, most: int) -> list[Approval]:
    """Decisions about batches that were not carried out yet, the oldest first."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Approval)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from approvals where batch_id is not null and applied_at is null
                    and state <> 'pending' order by id limit %s""",  # noqa: S608 - a constant of ours
            (most,),
        )
        return await cursor.fetchall()


async def applied(pool: Connections, approval_id: int) -> None:
    """Note that a decision about a batch was carried out."""
    async with pool.connection() as conn:
        await conn.execute("update approvals set applied_at = clock_timestamp() where id = %s", (approval_id,))


async def is_batch_held(pool: Connections, batch_id: UUID) -> bool:
    """Whether a batch waits for an approval, or did not get it."""
    async with pool.connection() as conn:
        cursor = await conn.execute("select from approvals where batch_id = %s and state <> 'approved'", (batch_id,))
        return cursor.rowcount == 1
