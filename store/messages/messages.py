"""Reading messages: for one account, or for an admin."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from store.connection import Connection
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
    sent_as: str | None
    """In which form it was sent, where there was a choice: ``message``, or the ``template`` in its place."""


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
    test: bool
    """Whether it only pretends to be sent, by a test key."""
    purpose: str
    """What it is for."""
    reported: list[dict[str, Any]]
    """Its receipts in the order in which they happened: kind, at, code, reason, url, recipient, scanner."""
    attempts: list[Attempt]
    """All attempts, first to last."""


COLUMNS = """m.uid, m.account_id, m.channel, m.recipient, m.state, m.code, m.reason, m.price, m.credit, g.identifier,
       m.provider_id, m.receipts, m.schedule_at, m.created_at, m.updated_at, m.awaited, m.fallback_uid, m.test,
       coalesce(m.purpose, 'transactional'),
       array(select json_build_object('kind', r.kind, 'at', r.at, 'code', r.code, 'reason', r.reason, 'url', r.url,
                                      'recipient', r.recipient, 'scanner', r.scanner)
             from receipts r where r.uid = {uid} order by r.at, r.received_at),
       t.attempt, coalesce(tg.identifier, '(deleted)'), t.outcome, t.provider_id, t.code, t.reason,
       t.started_at, t.ended_at, t.sent_as"""
"""What ``message_of`` takes. ``uid`` stands for the uid that is asked for: a value lets PostgreSQL choose the partition
before it opens any, a column does not.
"""
JOINS = """left join gateways g on g.id = m.gateway_id
left join attempts t on t.uid = {uid}
left join gateways tg on tg.id = t.gateway_id"""
"""What ``COLUMNS`` are of, joined to ``messages m``."""
_MESSAGE_COLUMNS = 20

_FIND = f"""
select {COLUMNS} from messages m {JOINS} where m.uid = {{uid}} {{whose}} order by t.attempt
"""  # noqa: S608 - constants of ours


async def find(pool: Pool, account_id: int, channel: str, uid: UUID) -> Message | None:
    """An account's message, or ``None``: another account's is treated like one that does not exist."""
    whose = "and m.account_id = %(account)s and m.channel = %(channel)s"
    return await _find(pool, whose, {"uid": uid, "account": account_id, "channel": channel})


async def find_any(pool: Pool, uid: UUID) -> Message | None:
    """A message of any account: for admins."""
    return await _find(pool, "", {"uid": uid})


async def _find(pool: Pool, whose: str, arguments: dict[str, Any]) -> Message | None:
    async with pool.connection() as conn:
        rows = await (await conn.execute(_FIND.format(uid="%(uid)s", whose=whose), arguments)).fetchall()
        if not rows:
            return None
        (message,) = await with_fallbacks(conn, [message_of(rows)])
        return message


def message_of(rows: Sequence[Sequence[Any]]) -> Message:
    """A message from its rows of ``COLUMNS``, one for each attempt."""
    attempts = [Attempt(*row[_MESSAGE_COLUMNS:]) for row in rows if row[_MESSAGE_COLUMNS] is not None]
    return Message(*(*rows[0][:_MESSAGE_COLUMNS], attempts))


async def with_fallbacks(conn: Connection, found: Sequence[Message]) -> list[Message]:
    """These messages, each with its fallback if that is recorded. Few have any: theirs are looked up apart."""
    wanted = [message.fallback_uid for message in found if message.fallback_uid]
    if not wanted:
        return list(found)
    rows = await conn.execute("select uid from messages where uid = any(%s)", (wanted,))
    recorded = {uid for (uid,) in await rows.fetchall()}
    return [m if m.fallback_uid in recorded else replace(m, fallback_uid=None) for m in found]
