"""Reading messages: for one account, or for an admin."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from store.pool import Pool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to send a message; ``outcome`` is ``None`` while the answer is awaited."""

    attempt: int
    gateway: str
    outcome: str | None
    provider_id: str | None
    code: str | None
    reason: str | None
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """A message with its attempts and receipts."""

    uid: UUID
    account_id: int
    channel: str
    recipient: str
    state: str
    code: str | None
    reason: str | None
    price: int
    credit: str
    gateway: str | None
    provider_id: str | None
    receipts: bool
    schedule_at: datetime | None
    created_at: datetime
    updated_at: datetime
    awaited: bool
    """Whether a workflow waits for its receipts."""
    fallback_uid: UUID | None
    """The message that was sent in its place."""
    reported: list[dict[str, Any]]
    """Its receipts in the order in which they happened: kind, at, code, reason, url, recipient."""
    attempts: list[Attempt]
    """All attempts, first to last."""


_FIND = """
select m.uid, m.account_id, m.channel, m.recipient, m.state, m.code, m.reason, m.price, m.credit, g.identifier,
       m.provider_id, m.receipts, m.schedule_at, m.created_at, m.updated_at,
       m.awaited, (select f.uid from messages f where f.uid = m.fallback_uid),
       array(select json_build_object('kind', r.kind, 'at', r.at, 'code', r.code, 'reason', r.reason, 'url', r.url,
                                      'recipient', r.recipient)
             from receipts r where r.uid = %(uid)s order by r.at, r.received_at),
       a.attempt, coalesce(ag.identifier, '(deleted)'), a.outcome, a.provider_id, a.code, a.reason,
       a.started_at, a.ended_at
from messages m
left join gateways g on g.id = m.gateway_id
left join attempts a on a.uid = %(uid)s
left join gateways ag on ag.id = a.gateway_id
where m.uid = %(uid)s {whose}
order by a.attempt
"""
_MESSAGE_COLUMNS = 18


async def find(pool: Pool, account_id: int, channel: str, uid: UUID) -> Message | None:
    """An account's message, or ``None``: another account's is treated like one that does not exist."""
    whose = "and m.account_id = %(account)s and m.channel = %(channel)s"
    return await _find(pool, _FIND.format(whose=whose), {"uid": uid, "account": account_id, "channel": channel})


async def find_any(pool: Pool, uid: UUID) -> Message | None:
    """A message of any account: for admins."""
    return await _find(pool, _FIND.format(whose=""), {"uid": uid})


async def _find(pool: Pool, query: str, arguments: dict[str, Any]) -> Message | None:
    async with pool.connection() as conn:
        rows = await (await conn.execute(query, arguments)).fetchall()
    if not rows:
        return None
    attempts = [Attempt(*row[_MESSAGE_COLUMNS:]) for row in rows if row[_MESSAGE_COLUMNS] is not None]
    return Message(*(*rows[0][:_MESSAGE_COLUMNS], attempts))
